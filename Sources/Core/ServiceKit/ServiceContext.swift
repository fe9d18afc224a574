import Primitives

/// What the ledger lends a service while it runs the service's part of a block.
///
/// Everything a service reads or changes goes through this, so a service's rules run unchanged in
/// the node, in a replay, in a fuzzer and in the simulator. All writes of a transaction that throws
/// are undone by the ledger.
package protocol ServiceContext {
  /// The height of the block being executed.
  var height: UInt64 { get }
  /// The ledger's own clock at this block.
  var time: LedgerTime { get }
  /// The beacon's value in this block (the draw for everything asked for in earlier blocks).
  var beacon: Digest { get }
  /// The chain's identity: the hash of its genesis. Part of everything that is signed.
  var chain: Digest { get }
  /// The running settlement epoch, from 0.
  var epoch: UInt64 { get }
  /// When the running epoch began.
  var epochStartedAt: LedgerTime { get }

  /// The value of a governed parameter, by name, such as `storage.proof-window-milliseconds`.
  /// - Precondition: the name is one that the service declared in ``ServiceModule/parameters``.
  func parameter(_ name: String) -> UInt128

  // State. Keys are built with ``ServiceModule/key(_:_:)`` and never leave the service's table.
  func value(at key: StateKey) -> [UInt8]?
  mutating func setValue(_ value: [UInt8]?, at key: StateKey)
  /// Rows from `start` up to but without `end`, ascending, at most `limit`.
  func rows(from start: StateKey, to end: StateKey, limit: Int) -> [(key: StateKey, value: [UInt8])]

  // Deadlines. The service is woken (``ServiceModule/wake(_:in:)``) in the first block whose time
  // is not before `time` and whose height is not before `height`.
  mutating func scheduleWake(at time: LedgerTime, notBefore height: UInt64, token: [UInt8])

  /// Asks for ``ServiceModule/drawn(_:in:)`` in the next block, with that block's beacon.
  mutating func requestDraw(token: [UInt8])

  // Market.
  func provider(_ id: ProviderID) -> ProviderView?
  func lease(_ id: LeaseID) -> LeaseView?
  /// Open leases of the service, ascending by number.
  func openLeases() -> [LeaseView]
  /// The standing offer of a provider for this service.
  func offer(of provider: ProviderID) -> OfferView?
  /// All standing offers for this service by active providers, ascending by provider.
  func offers() -> [OfferView]
  /// What a bucket of a lease's escrow still holds.
  func escrowBalance(_ lease: LeaseID, _ bucket: EscrowBucket) -> Credits

  /// Adds to the cumulative quantity that `provider` has proven for `lease` in `dimension`, and
  /// credits the difference between what is now due and what was already credited, out of `bucket`.
  /// Returns what was credited; less than due when the bucket is short (the rest stays due).
  /// - Throws: ``Rejection``.
  mutating func accrue(
    lease: LeaseID, provider: ProviderID, dimension: PriceDimension, quantity: UInt128,
    from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits

  /// Credits a fixed sum out of a bucket, or as much of it as there is. Returns what was credited.
  /// - Throws: ``Rejection``.
  mutating func pay(
    lease: LeaseID, provider: ProviderID, credits: Credits, from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits

  /// Notes a payout of nothing and its reason for this epoch, so that every zero is explained.
  mutating func noteZero(provider: ProviderID, lease: LeaseID?, cause: Cause)

  /// Takes up to `amount` from a provider's bond: `toBeneficiaries` in order as far as it reaches,
  /// the rest by the policy's rule for slashes (refund to the lease's customer, burn).
  /// Returns what was taken.
  /// - Throws: ``Rejection``.
  mutating func slash(
    provider: ProviderID, amount: Amount, beneficiaries: [(account: AccountID, amount: Amount)],
    lease: LeaseID?, cause: Cause
  ) throws(Rejection) -> Amount

  /// What the oracle last said that a token costs; nil before the first price and where there is no
  /// oracle.
  var tokenPrice: TokenPrice? { get }

  /// How many tokens `credits` are worth by the policy's rule today, rounded down.
  func tokens(for credits: Credits) -> Amount

  /// Ends a lease with a stated reason; what is left of its escrow returns to the customer.
  /// - Throws: ``Rejection``.
  mutating func closeLease(_ id: LeaseID, cause: Cause) throws(Rejection)

  /// Tells indexers and people what happened; not part of the state root.
  mutating func emit(_ event: ServiceEvent)
}

/// Something that happened in a block: for indexers, subscribers and the page.
package struct ServiceEvent: Hashable, Sendable {
  /// A stable kind in dotted form, such as `storage.bundle-committed`.
  package let kind: String
  /// Name and value pairs, in a fixed order per kind.
  package let attributes: [(name: String, value: String)]

  package init(_ kind: String, _ attributes: [(name: String, value: String)]) {
    self.kind = kind
    self.attributes = attributes
  }

  package static func == (left: ServiceEvent, right: ServiceEvent) -> Bool {
    left.kind == right.kind && left.attributes.map(\.name) == right.attributes.map(\.name)
      && left.attributes.map(\.value) == right.attributes.map(\.value)
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}
