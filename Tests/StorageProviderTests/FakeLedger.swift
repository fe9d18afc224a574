import Cryptography
import Ledger
import Locks
import NIOCore
import Primitives
import ServiceKit
import StorageProvider
import StorageService

/// A ledger that is a table of rows, and notes what it is given.
final class FakeLedger: StorageLedgerAccess {
  struct Down: Error {}

  struct State: Sendable {
    var rows: [StateKey: [UInt8]] = [:]
    var submitted: [Ledger.Operation] = []
    var isDown = false
    var refuses = false
  }

  static let chainID = Digest.sha256(Array("fake".utf8))
  let state = Locked(State())

  func put(_ key: StateKey, _ value: some CanonicalCodable) {
    state.withLock { $0.rows[key] = value.canonicalBytes() }
  }
  func remove(_ key: StateKey) { state.withLock { $0.rows[key] = nil } }
  func setDown(_ down: Bool) { state.withLock { $0.isDown = down } }
  func setRefusing(_ refuses: Bool) { state.withLock { $0.refuses = refuses } }

  /// The storage payloads that were submitted, in order.
  var payloads: [StoragePayload] {
    state.withLock { $0.submitted }.compactMap { operation in
      guard case .service(_, let payload) = operation else { return nil }
      return try? StoragePayload(canonicalBytes: payload)
    }
  }

  func setTime(_ milliseconds: UInt64, height: UInt64 = 1, epoch: UInt64 = 0) {
    put(
      StateKeys.clock,
      ChainClock(
        height: height, unixMilliseconds: 0, time: LedgerTime(milliseconds: milliseconds),
        epoch: epoch, epochStartedAt: .genesis, epochEndsAt: .genesis, beacon: .zero,
        beaconHeight: 0, blockHash: .zero))
  }

  func chain() async throws -> Digest {
    try check()
    return Self.chainID
  }
  func row(_ key: StateKey) async throws -> [UInt8]? {
    try check()
    return state.withLock { $0.rows[key] }
  }
  func rows(
    from start: StateKey, to end: StateKey, limit: UInt32
  ) async throws -> [(key: StateKey, value: [UInt8])] {
    try check()
    return state.withLock { state in
      state.rows.filter { $0.key >= start && $0.key < end }.sorted { $0.key < $1.key }
        .prefix(Int(limit)).map { (key: $0.key, value: $0.value) }
    }
  }
  func submit(_ operation: Ledger.Operation, lane: UInt8) async throws {
    try check()
    let refuses = state.withLock { state in
      if !state.refuses { state.submitted.append(operation) }
      return state.refuses
    }
    if refuses { throw LedgerRefusal(code: 1_001, description: "refused by the test") }
  }
  func heights() -> AsyncStream<UInt64> { AsyncStream { $0.finish() } }

  private func check() throws { if state.withLock({ $0.isDown }) { throw Down() } }
}
