import NIOCore
import Primitives
import ServiceKit
import StorageService

/// What the packing side asks of the ledger. ``LedgerStorageNetwork`` answers from a real one;
/// tests answer from a table.
package protocol StorageNetwork: Sendable {
  /// The chain's identity, part of everything signed.
  var chain: Digest { get }
  /// The lease that pays.
  var lease: LeaseID { get }
  /// How many operators could take a slot now, by the ledger's own rules of eligibility.
  func eligibleOperators() async throws -> [ProviderID]
  /// Orders a placement group and waits for the beacon that draws it.
  /// - Throws: ``EngineError/unavailable(reason:)`` when too few operators are eligible or the
  ///   ledger does not answer.
  func openGroup(
    _ codeClass: CodeClass, excluding: [ProviderID]
  ) async throws -> PlacementGroupRecord
  /// Commits a bundle and waits for its block. Returns the bundle's number.
  /// Committing the same manifest again returns the bundle that is already there.
  func commitBundle(_ commit: CommitBundle) async throws -> BundleID
  /// Ends a bundle's obligations: its segments have moved or died.
  func releaseBundle(_ bundle: BundleID) async throws
  /// Prolongs a bundle's obligations up to `end`.
  func renewBundle(_ bundle: BundleID, end: LedgerTime) async throws
  /// A bundle as the ledger has it; nil when it is gone.
  func bundle(_ bundle: BundleID) async throws -> BundleRecord?
  /// The number of the bundle with a manifest's hash; nil when the ledger has none.
  func bundle(withKey key: Digest) async throws -> BundleID?
  /// For how long a bundle is paid at least, in milliseconds of the ledger's clock.
  func lockUpMilliseconds() async throws -> UInt64
  /// What a byte of egress costs, for vouchers.
  func egressCost(ofBytes bytes: UInt64) async throws -> Credits
  /// The lease's money, for the checks before a write.
  func leaseState() async throws -> LeaseState
  /// The ledger's clock as last heard of.
  func ledgerTime() async throws -> LedgerTime
  /// For how long a new bundle is ordered, in milliseconds of the ledger's clock.
  func bundleTermMilliseconds() async throws -> UInt64
  /// Whether a column of a bundle has no operator that could take it, and its last holder's
  /// operator took it away by intent: it drained the provider, or leaves.
  func isStranded(_ bundle: BundleRecord) async throws -> Bool
  /// Lets the ledger know that the customer is there, if it has not heard of it for a while: from a
  /// silent one providers claim pay for what is staged.
  func showPresence() async throws
}

/// The lease as the engine needs it before it accepts bytes.
package struct LeaseState: Hashable, Sendable {
  /// Whether the lease takes new data.
  package let isOpen: Bool
  /// How many payload bytes may be staged at once, by the staging reserve.
  package let stagingCapBytes: UInt64
  /// What is missing until the lease takes data again; zero when nothing is.
  package let needed: Credits
  /// How long the stream bucket lasts; nil where nobody keeps count.
  package let runway: LeaseRunway?
  /// How the lease stands; nil where nobody keeps count.
  package let funding: LeaseFunding?
  /// Why the lease is ending, when it is.
  package let endReason: String?

  package init(
    isOpen: Bool, stagingCapBytes: UInt64, needed: Credits, runway: LeaseRunway? = nil,
    funding: LeaseFunding? = nil, endReason: String? = nil
  ) {
    self.isOpen = isOpen
    self.stagingCapBytes = stagingCapBytes
    self.needed = needed
    self.runway = runway
    self.funding = funding
    self.endReason = endReason
  }

  /// What a top-up must bring before `bytes` more bytes of columns are taken.
  package func needed(addingBytes bytes: UInt64) -> Credits {
    guard let runway else { return needed }
    return (try? runway.needed(addingBytes: bytes)) ?? Credits(baseUnits: .max)
  }
}

/// What a provider answered: the message and the raw bytes behind it.
package struct ShardAnswer: Sendable {
  package let response: StorageResponse
  package let tail: ByteBuffer

  package init(response: StorageResponse, tail: ByteBuffer = ByteBuffer()) {
    self.response = response
    self.tail = tail
  }
}

/// What the packing side asks of providers.
package protocol ShardTransport: Sendable {
  /// Sends a request, and the raw bytes that belong to it, to a provider and waits for its answer.
  /// - Throws: when it cannot be reached or does not answer in time; ``StorageRefusal`` when it
  ///   refuses.
  func call(
    _ request: StorageRequest, tail: ByteBuffer, to provider: ProviderID, timeoutSeconds: Double
  ) async throws -> ShardAnswer
}
