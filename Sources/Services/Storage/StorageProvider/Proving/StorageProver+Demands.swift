import Cryptography
import Metrics
import NIOPosix
import Primitives
import ServiceKit
import StorageService

/// Steps of an earlier transcript that somebody demanded on the ledger.
extension StorageProver {
  /// Opens what is demanded, over the walk made again from the rows and the shards.
  /// - Throws: when the ledger does not answer; the next block tries again.
  func openDemanded() async throws {
    let waiting = try await access.values(
      in: StorageKeys.demands(of: provider), as: DemandRecord.self
    ).map(\.value)
    settledDemands.formIntersection(waiting.map(\.number))
    for demand in waiting where !settledDemands.contains(demand.number) {
      try await open(demand)
    }
  }

  private func open(_ demand: DemandRecord) async throws {
    guard
      let challenge = try await access.value(
        StorageKeys.challenge(demand.round, provider), as: ChallengeRecord.self)
    else { return }
    guard let openings = try await openings(demand, challenge) else { return }
    do {
      try await access.submit(
        .openSteps(
          OpenSteps(round: demand.round, attempt: challenge.attempt, openings: openings)),
        lane: ProviderLane.openings)
      Counter(label: "storage_proofs_submitted", dimensions: [("kind", "demanded")]).increment()
    } catch let refusal as LedgerRefusal {
      logger.warning("The ledger refused demanded steps.", metadata: ["why": "\(refusal)"])
    }
    settledDemands.insert(demand.number)
  }

  private func openings(
    _ demand: DemandRecord, _ challenge: ChallengeRecord
  ) async throws -> [StepOpening]? {
    let steps = UInt32(clamping: try await parameter("storage.walk-steps"))
    let rows = try await obligations()
    let source = try await possession(rows)
    do {
      return try await threads.runIfActive {
        let walk = try PossessionWalk(
          challenge: WalkChallenge(posted: challenge, steps: steps), obligations: rows,
          frozenHeight: challenge.frozenHeight, source: source)
        return try walk.openings(of: demand.steps, source: source)
      }
    } catch let error as ShardPossession.Unreadable {
      try await unreadable(error)
    } catch let error as ShardPossession.Missing {
      try await giveBack(error.bundle, rows)
    } catch let error as PossessionError {
      // Columns have gone since: the ledger sees it too, and the demand is void.
      logger.notice("A demand cannot be answered.", metadata: ["why": "\(error)"])
      settledDemands.insert(demand.number)
    }
    return nil
  }
}
