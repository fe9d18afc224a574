import Primitives
import ServiceKit

extension LedgerState: ServiceContext {
  var height: UInt64 { clock.height }
  var time: LedgerTime { clock.time }
  var beacon: Digest { clock.beacon }
  var chain: Digest { genesis.chain }
  var epoch: UInt64 { clock.epoch }
  var epochStartedAt: LedgerTime { clock.epochStartedAt }

  func parameter(_ name: String) -> UInt128 { value(of: name) }

  func value(at key: StateKey) -> [UInt8]? { rows.value(at: key) }

  mutating func setValue(_ value: [UInt8]?, at key: StateKey) {
    let own = activeService.map { StateTable.firstService + $0.number }
    precondition(key.table == own, "a service writes only its own rows")
    write(value, at: key)
  }

  func rows(
    from start: StateKey, to end: StateKey, limit: Int
  ) -> [(key: StateKey, value: [UInt8])] {
    rows.rows(from: start, to: end, limit: limit)
  }

  mutating func scheduleWake(at time: LedgerTime, notBefore height: UInt64, token: [UInt8]) {
    guard let service = activeService else { return }
    setDeadline(.wake(service: service, notBefore: height, token: token), at: time)
  }

  mutating func requestDraw(token: [UInt8]) {
    guard let service = activeService else { return }
    write(
      DrawRecord(service: service, token: token),
      at: StateKeys.draw(askedAt: clock.height, serial: next(.draw)))
  }

  func provider(_ id: ProviderID) -> ProviderView? {
    read(ProviderRecord.self, at: StateKeys.provider(id))?.view(id)
  }

  func lease(_ id: LeaseID) -> LeaseView? {
    read(LeaseRecord.self, at: StateKeys.lease(id))?.view(id)
  }

  func openLeases() -> [LeaseView] {
    guard let service = activeService else { return [] }
    let range = StateKeys.openLeases(service)
    return rows.rows(from: range.from, to: range.to, limit: .max).compactMap {
      StateKeys.lease(fromMark: $0.key).flatMap { lease($0) }
    }
  }

  func offer(of provider: ProviderID) -> OfferView? {
    guard let service = activeService,
      let record = read(OfferRecord.self, at: StateKeys.offer(service, provider))
    else { return nil }
    return OfferView(provider: provider, prices: record.prices, capacity: record.capacity)
  }

  func offers() -> [OfferView] { activeService.map { standingOffers($0) } ?? [] }

  func escrowBalance(_ lease: LeaseID, _ bucket: EscrowBucket) -> Credits {
    read(LeaseRecord.self, at: StateKeys.lease(lease))?.escrow[bucket] ?? .zero
  }

  mutating func accrue(
    lease: LeaseID, provider: ProviderID, dimension: PriceDimension, quantity: UInt128,
    from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits {
    try atomically { (state) throws(Rejection) in
      try state.accrueStream(
        lease: lease, provider: provider, dimension: dimension, quantity: quantity,
        from: bucket, cause: cause)
    }
  }

  mutating func pay(
    lease id: LeaseID, provider: ProviderID, credits: Credits, from bucket: EscrowBucket,
    cause: Cause
  ) throws(Rejection) -> Credits {
    try atomically { (state) throws(Rejection) in
      try state.checkOwnLease(id, try state.payingLease(id))
      _ = try state.providerRecord(provider)
      return try state.moveToEarnings(
        credits, lease: id, provider: provider, bucket: bucket, source: .fixed(bucket),
        owedBefore: nil, cause: cause)
    }
  }

  mutating func noteZero(provider: ProviderID, lease: LeaseID?, cause: Cause) {
    addEarning(
      provider, lease: lease, source: .zero, credits: .zero, quantity: 0, price: nil, cause: cause)
  }

  mutating func slash(
    provider: ProviderID, amount: Amount, beneficiaries: [(account: AccountID, amount: Amount)],
    lease: LeaseID?, cause: Cause
  ) throws(Rejection) -> Amount {
    try atomically { (state) throws(Rejection) in
      try state.takeBond(
        of: provider, amount: amount, beneficiaries: beneficiaries, lease: lease, cause: cause)
    }
  }

  func tokens(for credits: Credits) -> Amount {
    let rate = policy.credit
    do throws(ArithmeticError) {
      return try rate.tokens(for: credits)
    } catch {
      // More than every token there is: no rule pays more than that.
      return Amount(baseUnits: .max)
    }
  }

  mutating func closeLease(_ id: LeaseID, cause: Cause) throws(Rejection) {
    try checkOwnLease(id, try leaseRecord(id))
    try beginClosing(id, cause: cause)
  }

  mutating func emit(_ event: ServiceEvent) { events.append((itemIndex, event)) }
}
