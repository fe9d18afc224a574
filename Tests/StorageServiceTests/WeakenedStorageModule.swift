import Primitives
import ServiceKit

@testable import StorageService

/// The storage service without one of its rules about money, to show that the checks would notice.
///
/// The rules themselves have no switch: they run over a ledger that tells them something else, or
/// that forgets what they wrote. It lives in these tests alone.
struct WeakenedStorageModule: ServiceModule {
  /// What is missing.
  enum Mechanism: Hashable, Sendable {
    /// A bundle need not be covered for any time.
    case lockUp
    /// Bundles go as soon as the bucket is empty.
    case grace
    /// What was paid still counts as unpaid.
    case settlement
  }

  let missing: Mechanism
  private let module = StorageModule()

  init(without missing: Mechanism) { self.missing = missing }

  var id: ServiceID { module.id }
  var name: String { module.name }
  var parameters: [ParameterDeclaration] { module.parameters }

  func apply(
    _ payload: [UInt8], from sender: AccountID, in context: inout some ServiceContext
  ) throws(Rejection) {
    var weak = WeakenedContext(base: context, missing: missing)
    try module.apply(payload, from: sender, in: &weak)
    context = weak.base
  }

  func wake(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection) {
    var weak = WeakenedContext(base: context, missing: missing)
    try module.wake(token, in: &weak)
    context = weak.base
  }

  func drawn(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection) {
    var weak = WeakenedContext(base: context, missing: missing)
    try module.drawn(token, in: &weak)
    context = weak.base
  }

  func genesis(in context: inout some ServiceContext) throws(Rejection) {
    try module.genesis(in: &context)
  }

  func epochEnds(in context: inout some ServiceContext) throws(Rejection) {
    var weak = WeakenedContext(base: context, missing: missing)
    try module.epochEnds(in: &weak)
    context = weak.base
  }

  func providerChanged(
    _ provider: ProviderID, in context: inout some ServiceContext
  ) throws(Rejection) {
    try module.providerChanged(provider, in: &context)
  }

  func isObliged(_ provider: ProviderID, in context: some ServiceContext) -> Bool {
    module.isObliged(provider, in: context)
  }

  func leaseCloses(_ lease: LeaseID, in context: inout some ServiceContext) throws(Rejection) {
    try module.leaseCloses(lease, in: &context)
  }
}

/// A ledger that leaves one mechanism out.
private struct WeakenedContext<Base: ServiceContext>: ServiceContext {
  var base: Base
  let missing: WeakenedStorageModule.Mechanism

  var height: UInt64 { base.height }
  var time: LedgerTime { base.time }
  var beacon: Digest { base.beacon }
  var chain: Digest { base.chain }
  var epoch: UInt64 { base.epoch }
  var epochStartedAt: LedgerTime { base.epochStartedAt }
  var tokenPrice: TokenPrice? { base.tokenPrice }

  func parameter(_ name: String) -> UInt128 {
    switch (missing, StorageParameter(rawValue: name)) {
    case (.lockUp, .lockUp), (.grace, .grace): 0
    default: base.parameter(name)
    }
  }

  func value(at key: StateKey) -> [UInt8]? { base.value(at: key) }

  mutating func setValue(_ value: [UInt8]?, at key: StateKey) {
    base.setValue(missing == .settlement ? unsettled(value, at: key) : value, at: key)
  }

  /// A provider's stream as if its verdict had taken nothing out of it.
  private func unsettled(_ value: [UInt8]?, at key: StateKey) -> [UInt8]? {
    guard key.bytes.dropFirst().first == StorageKeys.Table.stream.rawValue, let value,
      let old = base.value(at: key).flatMap({ try? StreamRecord(canonicalBytes: $0) }),
      let new = try? StreamRecord(canonicalBytes: value), old.frozen > 0, new.frozen == 0,
      new.unproven < old.unproven
    else { return value }
    var encoder = CanonicalEncoder()
    encoder.encode(new.bytes)
    encoder.encode(old.unproven)
    encoder.encode(new.updatedAt)
    encoder.encode(new.frozen)
    encoder.encode(new.columns)
    return encoder.bytes
  }

  func rows(
    from start: StateKey, to end: StateKey, limit: Int
  ) -> [(key: StateKey, value: [UInt8])] { base.rows(from: start, to: end, limit: limit) }

  mutating func scheduleWake(at time: LedgerTime, notBefore height: UInt64, token: [UInt8]) {
    base.scheduleWake(at: time, notBefore: height, token: token)
  }
  mutating func requestDraw(token: [UInt8]) { base.requestDraw(token: token) }
  func provider(_ id: ProviderID) -> ProviderView? { base.provider(id) }
  func lease(_ id: LeaseID) -> LeaseView? { base.lease(id) }
  func openLeases() -> [LeaseView] { base.openLeases() }
  func offer(of provider: ProviderID) -> OfferView? { base.offer(of: provider) }
  func offers() -> [OfferView] { base.offers() }
  func escrowBalance(_ lease: LeaseID, _ bucket: EscrowBucket) -> Credits {
    base.escrowBalance(lease, bucket)
  }

  mutating func accrue(
    lease: LeaseID, provider: ProviderID, dimension: PriceDimension, quantity: UInt128,
    from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits {
    try base.accrue(
      lease: lease, provider: provider, dimension: dimension, quantity: quantity, from: bucket,
      cause: cause)
  }

  mutating func pay(
    lease: LeaseID, provider: ProviderID, credits: Credits, from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits {
    try base.pay(lease: lease, provider: provider, credits: credits, from: bucket, cause: cause)
  }

  mutating func noteZero(provider: ProviderID, lease: LeaseID?, cause: Cause) {
    base.noteZero(provider: provider, lease: lease, cause: cause)
  }

  mutating func slash(
    provider: ProviderID, amount: Amount, beneficiaries: [(account: AccountID, amount: Amount)],
    lease: LeaseID?, cause: Cause
  ) throws(Rejection) -> Amount {
    try base.slash(
      provider: provider, amount: amount, beneficiaries: beneficiaries, lease: lease, cause: cause)
  }

  func tokens(for credits: Credits) -> Amount { base.tokens(for: credits) }
  mutating func closeLease(_ id: LeaseID, cause: Cause) throws(Rejection) {
    try base.closeLease(id, cause: cause)
  }
  mutating func emit(_ event: ServiceEvent) { base.emit(event) }
}
