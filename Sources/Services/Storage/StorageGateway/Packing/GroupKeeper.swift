import Logging
import Primitives
import ServiceKit
import StorageService

/// Keeps a placement group warm, so that a PUT never waits for a block.
///
/// It knows which providers failed lately, orders the strongest class that the others allow, and
/// notices when a stronger one has become possible.
actor GroupKeeper {
  private let network: any StorageNetwork
  private let logger: Logger
  /// How long a provider that failed is left out.
  private let failureMemory: Duration
  private var current: PlacementGroupRecord?
  private var ordering: Task<PlacementGroupRecord, any Error>?
  private var failedUntil: [ProviderID: ContinuousClock.Instant] = [:]
  private var unavailableReason: String?

  init(network: any StorageNetwork, failureMemory: Duration = .seconds(15), logger: Logger) {
    self.network = network
    self.failureMemory = failureMemory
    self.logger = logger
  }

  /// The group for the next segment: the warm one, or a new one.
  /// - Throws: ``EngineError/unavailable(reason:)``.
  func take() async throws -> PlacementGroupRecord {
    if let current { return current }
    return try await order()
  }

  /// The class in which a new segment would be coded; nil with the reason when there is none.
  func classInForce() async -> (codeClass: CodeClass?, reason: String?) {
    if let current { return (current.codeClass, nil) }
    return (nil, unavailableReason)
  }

  /// Providers that did not do their part: left out for a while.
  func noteFailures(of providers: [ProviderID]) {
    for provider in providers { failedUntil[provider] = .now + failureMemory }
  }

  /// The present group is no good any more; another is ordered when one is needed, or at once by
  /// ``refresh()``.
  func discardCurrent() { current = nil }

  /// Looks whether the group is still the strongest that can be had and all of it takes work, and
  /// orders another if not. Called every few blocks.
  func refresh() async {
    do {
      let live = Set(try await live())
      let possible = CodeClass.strongest(operators: live.count)
      if let current {
        guard let possible else { return }
        let takesWork = current.providers.allSatisfy(live.contains)
        if takesWork, possible.totalShards <= current.codeClass.totalShards { return }
      }
      let better = try await order()
      logger.info("new segments are coded \(better.codeClass)")
    } catch {
      logger.debug("no placement group could be ordered: \(error)")
    }
  }

  private func live() async throws -> [ProviderID] {
    let now = ContinuousClock.now
    failedUntil = failedUntil.filter { $0.value > now }
    return try await network.eligibleOperators().filter { failedUntil[$0] == nil }
  }

  private func order() async throws -> PlacementGroupRecord {
    if let ordering { return try await ordering.value }
    let task = Task { try await orderStrongest() }
    ordering = task
    defer { ordering = nil }
    do {
      let group = try await task.value
      current = group
      unavailableReason = nil
      return group
    } catch {
      unavailableReason = "\(error)"
      throw error
    }
  }

  private func orderStrongest() async throws -> PlacementGroupRecord {
    let operators = try await live()
    guard let codeClass = CodeClass.strongest(operators: operators.count) else {
      throw EngineError.unavailable(
        reason:
          "\(operators.count) storage operators are available; at least 2 are needed for RS(1,2)")
    }
    let excluded = failedUntil.keys.sorted()
    return try await network.openGroup(codeClass, excluding: excluded)
  }
}
