import Logging
import Primitives
import ServiceKit
import StorageService

/// What the providers of a lease hold, after each has been told to refuse the old gateway.
struct LeaseSurvey: Sendable {
  /// By provider; nil where nobody answered.
  private(set) var held: [ProviderID: [StagedShard]] = [:]
  private(set) var silent: Set<ProviderID> = []

  /// How many providers are asked at once.
  private static let parallelCalls = 16

  /// Raises the fence at every provider, then has it list all it holds. What a provider lists was
  /// acknowledged before its fence, and nothing is acknowledged after.
  static func make(
    of providers: [ProviderID], epoch: UInt64, calls: ShardCalls, logger: Logger,
    isFenced: Bool = true
  ) async -> LeaseSurvey {
    var survey = LeaseSurvey()
    await withTaskGroup(of: (ProviderID, [StagedShard]?).self) { group in
      for (index, provider) in providers.enumerated() {
        if index >= parallelCalls, let (id, shards) = await group.next() { survey.note(id, shards) }
        group.addTask {
          for attempt in 0..<3 {
            do {
              if attempt > 0 { try await Task.sleep(for: .seconds(1)) }
              if isFenced { try await calls.raiseFence(epoch: epoch, at: provider) }
              return (provider, try await calls.heldShards(at: provider))
            } catch {
              logger.info("provider \(provider) does not answer a recovery: \(error)")
            }
          }
          return (provider, nil)
        }
      }
      for await (id, shards) in group { survey.note(id, shards) }
    }
    return survey
  }

  private mutating func note(_ provider: ProviderID, _ shards: [StagedShard]?) {
    if let shards { held[provider] = shards } else { silent.insert(provider) }
  }

  /// A segment in a placement group, as those of the group that answer hold it.
  struct Staged: Sendable {
    let segment: UInt64
    let group: PlacementGroupRecord
    /// By slot; a slot whose provider answers and holds nothing is nil inside.
    var slots: [Int: StagedShard?]
  }

  /// All segments that somebody holds of the given groups, ascending by number. Of a segment in
  /// several groups the copy of the newest comes last.
  func segments(in groups: [PlacementGroupRecord]) -> [Staged] {
    var found: [Staged] = []
    for group in groups {
      var numbers: Set<UInt64> = []
      for provider in group.providers {
        for shard in held[provider] ?? [] where shard.group == group.id {
          numbers.insert(shard.segment)
        }
      }
      for number in numbers {
        var slots: [Int: StagedShard?] = [:]
        for (slot, provider) in group.providers.enumerated() {
          guard let shards = held[provider] else { continue }
          slots[slot] = .some(
            shards.first {
              $0.group == group.id && $0.segment == number && Int($0.slot) == slot && $0.length > 0
            })
        }
        found.append(Staged(segment: number, group: group, slots: slots))
      }
    }
    return found.sorted { ($0.segment, $0.group.id.number) < ($1.segment, $1.group.id.number) }
  }
}
