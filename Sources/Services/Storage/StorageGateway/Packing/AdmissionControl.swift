import Primitives
import ServiceKit
import StorageService

/// Decides before a write whether its bytes could be kept and paid for.
///
/// It never asks the ledger on a PUT's way: the engine's loop refreshes what is known twice a
/// second. When the ledger has not answered for a while, when the staging reserve is full, or when
/// the lease has no money, the answer is an error and never a 200.
actor AdmissionControl {
  /// How old the last word of the ledger may be.
  static let staleAfter: Duration = .seconds(5)

  private let network: any StorageNetwork
  private let catalog: SegmentCatalog
  private var lease: LeaseState?
  private var heardAt: ContinuousClock.Instant?
  private var lastFailure: String?
  /// Payload bytes that wait for their bundle.
  private(set) var stagedBytes: UInt64 = 0

  init(network: any StorageNetwork, catalog: SegmentCatalog) {
    self.network = network
    self.catalog = catalog
  }

  /// Asks the ledger and the catalog how things stand. Returns whether the ledger answered.
  @discardableResult
  func refresh() async -> Bool {
    var answered = true
    do {
      lease = try await network.leaseState()
      heardAt = .now
      lastFailure = nil
    } catch {
      lastFailure = "\(error)"
      answered = false
    }
    var bytes: UInt64 = 0
    for state in [SegmentRecord.State.open, .sealed] {
      for segment in (try? await catalog.segments(in: state)) ?? [] {
        bytes = bytes.addingSaturated(segment.payloadBytes)
      }
    }
    stagedBytes = bytes
    return answered
  }

  private var isFresh: Bool {
    heardAt.map { ContinuousClock.now - $0 < Self.staleAfter } ?? false
  }

  /// How the lease stands, as last heard of.
  var funding: (state: LeaseFunding, lease: LeaseID, endReason: String?)? {
    lease?.funding.map { ($0, network.lease, lease?.endReason) }
  }

  /// Columns take at most this many times a payload's bytes, in any class.
  static let largestExpansion: UInt64 = 3
  /// Payload bytes that must be covered beyond those that wait for their bundle.
  static let marginBytes: UInt64 = 1 << 20

  /// Returns when a write may begin, or go on.
  ///
  /// What is taken must find its bundle, and the ledger takes none whose lock-up is not covered:
  /// so what is staged, and some more, must be.
  /// - Parameter takesBytes: false for what only takes away, which an empty lease allows too.
  /// - Throws: ``EngineError``.
  func admit(takesBytes: Bool = true) async throws {
    // What was just asked for is fresh, however long the machine took to give us a turn again.
    let isKnown = if isFresh { true } else { await refresh() }
    guard let lease, isKnown else {
      throw EngineError.unavailable(
        reason: lastFailure ?? "the ledger has not answered yet; try again soon")
    }
    guard lease.isOpen else {
      let reason = lease.endReason.map { " (\($0))" } ?? ""
      throw EngineError.unavailable(reason: "the storage lease has ended\(reason); open a new one")
    }
    if takesBytes {
      let payload = stagedBytes.addingSaturated(Self.marginBytes)
      let (columns, overflow) = payload.multipliedReportingOverflow(by: Self.largestExpansion)
      let needed = lease.needed(addingBytes: overflow ? .max : columns)
      guard needed == .zero else { throw EngineError.unfunded(needed: needed) }
    }
    guard stagedBytes < lease.stagingCapBytes else {
      throw EngineError.unavailable(
        reason: "\(stagedBytes) bytes wait for their bundle and the staging reserve covers "
          + "\(lease.stagingCapBytes); try again when the ledger has taken them")
    }
  }
}
