import Locks
import Logging
import Primitives
import StorageService

/// Sees to it that a gateway serves a customer only while the ledger names it as the writer.
///
/// Every start raises the fencing epoch, over the epoch that this directory held and no other: so a
/// second gateway, an old copy of the directory, or a gateway that was overtaken, does not begin.
/// While it serves, the ledger's word is asked for again all the time and believed for
/// ``validity``; whoever takes over waits for longer than that before it serves. So a gateway that
/// was asleep or cut off never answers from a state that others have gone beyond.
package final class WriterGuard: Sendable {
  /// For how long the ledger's word is believed, from before it was asked, on a clock that runs on
  /// while the machine sleeps.
  package static let validity: Duration = .seconds(5)
  /// How long a gateway waits that takes over from one that may be alive: the validity, and
  /// something for clocks that do not run alike.
  package static let takeoverWait: Duration = .seconds(6)

  private struct State {
    var epoch: UInt64 = 0
    var confirmedAt: ContinuousClock.Instant?
    var fencedReason: String?
  }

  let registry: any WriterRegistry
  private let store: WriterClaimStore
  private let validity: Duration
  private let logger: Logger
  private let state = Locked(State())

  /// - Parameter store: the claims of the gateway's directory.
  package init(
    registry: any WriterRegistry, store: WriterClaimStore,
    validity: Duration = WriterGuard.validity, logger: Logger
  ) {
    self.registry = registry
    self.store = store
    self.validity = validity
    self.logger = logger
  }

  /// The epoch under which this gateway writes; 0 before it has one.
  package var epoch: UInt64 { state.withLock { $0.epoch } }

  /// Why this gateway writes no more; nil while it may.
  package var fencedReason: String? { state.withLock { $0.fencedReason } }

  /// Becomes the writer, if nobody else has become it since this directory's last start.
  /// - Throws: ``EngineError/fenced(reason:)`` when somebody has; what the ledger or disk throws.
  package func begin() async throws {
    let record = try await registry.record()
    if let record, try !store.load().include(record.claim) {
      throw EngineError.fenced(reason: Self.reason(record, mine: nil))
    }
    try await raise(over: record?.epoch ?? 0)
  }

  /// Becomes the writer in place of whoever is, which is fenced from then on; goes on under the
  /// epoch that this directory took over before, if it still stands. The caller waits for
  /// ``takeoverWait`` before anything is served.
  /// - Returns: whether it goes on.
  package func takeOver() async throws -> Bool {
    let begun = ContinuousClock.now
    let record = try await registry.record()
    if let record, try store.load().include(record.claim) {
      set(State(epoch: record.epoch, confirmedAt: begun))
      return true
    }
    try await raise(over: record?.epoch ?? 0)
    return false
  }

  private func raise(over epoch: UInt64) async throws {
    let claim = try Self.freshClaim()
    var claims = try store.load()
    claims.submitted = claim.hex
    try store.save(claims)
    let begun = ContinuousClock.now
    do {
      try await registry.claim(overtaking: epoch, claim: claim)
    } catch {
      // Somebody was faster, or only the answer was lost.
      guard let record = try await registry.record(), record.claim == claim else { throw error }
    }
    try store.save(WriterClaims(held: claim.hex, submitted: nil))
    set(State(epoch: epoch + 1, confirmedAt: begun))
    logger.notice("writes under a new fencing epoch", metadata: ["epoch": "\(epoch + 1)"])
  }

  private func set(_ new: State) { state.withLock { $0 = new } }

  private static func freshClaim() throws -> Digest {
    guard let bytes = Bytes32(RandomBytes.make(count: 32)) else {
      throw EngineError.unavailable(reason: "the system gave no random bytes")
    }
    return Digest(bytes)
  }

  /// Returns while the ledger's word that this gateway is the writer holds; asks again if need be.
  /// - Throws: ``EngineError/fenced(reason:)``; ``EngineError/unavailable(reason:)`` when the
  ///   ledger does not answer.
  package func require() async throws {
    if try !isFresh() { try await confirm() }
  }

  private func isFresh() throws -> Bool {
    try state.withLock { state in
      if let reason = state.fencedReason { throw EngineError.fenced(reason: reason) }
      return state.confirmedAt.map { ContinuousClock.now - $0 < validity } ?? false
    }
  }

  /// Asks the ledger who writes.
  /// - Throws: as ``require()``.
  package func confirm() async throws {
    let begun = ContinuousClock.now
    let record: WriterRecord?
    do {
      record = try await registry.record()
    } catch {
      throw EngineError.unavailable(
        reason: "the ledger does not answer, and without its word this gateway cannot know that "
          + "it still writes for this account: \(error)")
    }
    if let reason = reasonAgainst(record, begun) { throw EngineError.fenced(reason: reason) }
  }

  /// Notes what the ledger said at `begun`; why this gateway is fenced, if it is.
  private func reasonAgainst(
    _ record: WriterRecord?, _ begun: ContinuousClock.Instant
  ) -> String? {
    state.withLock { state in
      if let record, record.epoch == state.epoch {
        state.confirmedAt = max(state.confirmedAt ?? begun, begun)
        return nil
      }
      guard state.fencedReason == nil else { return state.fencedReason }
      state.fencedReason = Self.reason(record, mine: state.epoch)
      if let reason = state.fencedReason { logger.critical("\(reason)") }
      return state.fencedReason
    }
  }

  private static func reason(_ record: WriterRecord?, mine: UInt64?) -> String {
    guard let record else { return "The ledger names no gateway for this account." }
    let place = record.endpoint.isEmpty ? "" : " at \(record.endpoint)"
    let own = mine.map { "; this one, of epoch \($0), is fenced" } ?? ""
    return "Another gateway (\(record.gateway)\(place)) writes for this account since "
      + "\(record.raisedAt), under fencing epoch \(record.epoch)\(own). Use that gateway, or run "
      + "`trellis gateway recover` to take over from it."
  }
}
