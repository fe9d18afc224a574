import Cryptography
import Primitives
import ServiceKit

@testable import StorageService

/// A ledger for one service, in memory: what the module needs and no more, with every number in
/// reach of the test.
struct LedgerMemoryContext: ServiceContext {
  struct Provider {
    var view: ProviderView
    var offer: OfferView?
  }
  struct Slash: Equatable {
    let provider: ProviderID
    let amount: Amount
    let lease: LeaseID?
    let kind: String
    let beneficiaries: [AccountID]
  }
  struct Zero: Equatable {
    let provider: ProviderID
    let kind: String
  }
  struct Credit: Equatable {
    let provider: ProviderID
    let dimension: PriceDimension
    let quantity: UInt128
  }

  var height: UInt64 = 0
  var time = LedgerTime.genesis
  var beacon = Digest.zero
  var chain = Digest.sha256(domain: "test-chain", [1])
  var epoch: UInt64 = 0
  var epochStartedAt = LedgerTime.genesis
  var values: [String: UInt128] = [:]
  var state: [StateKey: [UInt8]] = [:]
  var wakes: [(time: LedgerTime, height: UInt64, token: [UInt8])] = []
  var draws: [(height: UInt64, token: [UInt8])] = []
  var providers: [ProviderID: Provider] = [:]
  var leases: [LeaseID: LeaseView] = [:]
  var escrow: [LeaseID: [EscrowBucket: Credits]] = [:]
  var accrued: [Credit] = []
  var slashes: [Slash] = []
  var zeros: [Zero] = []
  var events: [ServiceEvent] = []
  var paid: [ProviderID: Credits] = [:]

  func parameter(_ name: String) -> UInt128 { values[name] ?? 0 }
  func value(at key: StateKey) -> [UInt8]? { state[key] }
  mutating func setValue(_ value: [UInt8]?, at key: StateKey) { state[key] = value }
  func rows(
    from start: StateKey, to end: StateKey, limit: Int
  ) -> [(key: StateKey, value: [UInt8])] {
    let found = state.filter { $0.key >= start && $0.key < end }.sorted { $0.key < $1.key }
    return found.prefix(limit).map { (key: $0.key, value: $0.value) }
  }
  mutating func scheduleWake(at time: LedgerTime, notBefore height: UInt64, token: [UInt8]) {
    wakes.append((time, height, token))
  }
  mutating func requestDraw(token: [UInt8]) { draws.append((height, token)) }

  func provider(_ id: ProviderID) -> ProviderView? { providers[id]?.view }
  func lease(_ id: LeaseID) -> LeaseView? { leases[id] }
  func openLeases() -> [LeaseView] { leases.values.filter(\.isOpen).sorted { $0.id < $1.id } }
  func offer(of provider: ProviderID) -> OfferView? { providers[provider]?.offer }
  func offers() -> [OfferView] {
    providers.values.filter { $0.view.standing == .active }.compactMap(\.offer)
      .sorted { $0.provider < $1.provider }
  }
  func escrowBalance(_ lease: LeaseID, _ bucket: EscrowBucket) -> Credits {
    escrow[lease]?[bucket] ?? .zero
  }

  mutating func accrue(
    lease: LeaseID, provider: ProviderID, dimension: PriceDimension, quantity: UInt128,
    from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits {
    accrued.append(Credit(provider: provider, dimension: dimension, quantity: quantity))
    guard let view = leases[lease] else { throw Rejection(.noSuchLease, "no lease") }
    let due: Credits
    do throws(ArithmeticError) {
      due = try view.prices.cost(of: quantity, dimension)
    } catch {
      throw Rejection(error)
    }
    return try pay(lease: lease, provider: provider, credits: due, from: bucket, cause: cause)
  }

  mutating func pay(
    lease: LeaseID, provider: ProviderID, credits: Credits, from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits {
    let held = escrowBalance(lease, bucket)
    let moved = min(held, credits)
    escrow[lease, default: [:]][bucket] = held.subtractingSaturated(moved)
    paid[provider] = Credits(baseUnits: (paid[provider] ?? .zero).baseUnits + moved.baseUnits)
    return moved
  }

  mutating func noteZero(provider: ProviderID, lease: LeaseID?, cause: Cause) {
    zeros.append(Zero(provider: provider, kind: cause.kind))
  }

  mutating func slash(
    provider: ProviderID, amount: Amount, beneficiaries: [(account: AccountID, amount: Amount)],
    lease: LeaseID?, cause: Cause
  ) throws(Rejection) -> Amount {
    guard let view = providers[provider]?.view else { return .zero }
    let taken = min(view.bond, amount)
    slashes.append(
      Slash(
        provider: provider, amount: taken, lease: lease, kind: cause.kind,
        beneficiaries: beneficiaries.map(\.account)))
    providers[provider]?.view = ProviderView(
      id: view.id, endpoint: view.endpoint, location: view.location,
      bond: view.bond.subtractingSaturated(taken), standing: view.standing)
    return taken
  }

  func tokens(for credits: Credits) -> Amount { Amount(baseUnits: credits.baseUnits) }
  mutating func closeLease(_ id: LeaseID, cause: Cause) throws(Rejection) {}
  mutating func emit(_ event: ServiceEvent) { events.append(event) }

  /// Reads a record of the service.
  func record<T: CanonicalCodable>(_ key: StateKey, as type: T.Type = T.self) -> T? {
    state[key].flatMap { try? T(canonicalBytes: $0) }
  }
  func records<T: CanonicalCodable>(
    _ range: (from: StateKey, to: StateKey), as type: T.Type = T.self
  ) -> [T] {
    rows(from: range.from, to: range.to, limit: .max).compactMap {
      try? T(canonicalBytes: $0.value)
    }
  }
}
