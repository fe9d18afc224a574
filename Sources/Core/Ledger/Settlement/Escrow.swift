import Economics
import Primitives
import ServiceKit

extension LedgerState {
  /// Turns a payer's tokens into escrowed credits. - Throws: `insufficient-balance`, `arithmetic`.
  mutating func lock(_ credits: Credits, from payer: AccountID) throws(Rejection) {
    let rate = policy.credit
    let tokens = try exactly { () throws(ArithmeticError) in try rate.tokensToBuy(credits) }
    try debit(payer, tokens)
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.vault = try supply.vault.adding(tokens)
      supply.escrowed = try supply.escrowed.adding(credits)
    }
  }

  /// Turns escrowed credits back into their owner's tokens.
  mutating func refund(_ credits: Credits, to owner: AccountID) throws(Rejection) {
    let rate = policy.credit
    let tokens = try exactly { () throws(ArithmeticError) in try rate.tokens(for: credits) }
    try changeSupply { (supply) throws(ArithmeticError) in
      supply.vault = try supply.vault.subtracting(tokens)
      supply.escrowed = try supply.escrowed.subtracting(credits)
    }
    try credit(owner, tokens)
  }

  /// A lease's record. - Throws: `unknown-lease`.
  func leaseRecord(_ id: LeaseID) throws(Rejection) -> LeaseRecord {
    guard let record = read(LeaseRecord.self, at: StateKeys.lease(id)) else {
      throw Rejection(.unknownLease, "there is no lease number \(id)")
    }
    return record
  }

  /// A lease whose escrow still pays. - Throws: `unknown-lease`, `lease-not-open`.
  func payingLease(_ id: LeaseID) throws(Rejection) -> LeaseRecord {
    let record = try leaseRecord(id)
    if record.isClosed {
      throw Rejection(.leaseNotOpen, "lease \(id) is closed and its escrow refunded")
    }
    return record
  }

  /// Moves up to `wanted` credits out of a bucket to a provider's earnings and notes the line.
  /// A bucket that is short of what stays due marks the lease.
  /// - Parameter owedBefore: what of `wanted` was due before and is counted in the lease's `owed`;
  ///   nil for a sum whose rest does not stay due.
  mutating func moveToEarnings(
    _ wanted: Credits, lease id: LeaseID, provider: ProviderID, bucket: EscrowBucket,
    source: EarningSource, quantity: UInt128 = 0, owedBefore: Credits?, cause: Cause
  ) throws(Rejection) -> Credits {
    var lease = try payingLease(id)
    let moved = min(wanted, lease.escrow[bucket])
    let price: Credits? =
      if case .metered(let dimension) = source { lease.prices.price(of: dimension) } else { nil }
    if wanted > .zero {
      let (escrow, spent) = (lease.escrow[bucket], lease.spent[bucket])
      lease.escrow[bucket] = escrow.subtractingSaturated(moved)
      lease.spent[bucket] = try exactly { () throws(ArithmeticError) in try spent.adding(moved) }
      if let owedBefore {
        let rest = lease.owed[bucket].subtractingSaturated(owedBefore)
        let owed = wanted.subtractingSaturated(moved)
        lease.owed[bucket] = try exactly { () throws(ArithmeticError) in try rest.adding(owed) }
      }
      if !lease.isShort {
        lease.shortSince = nil
      } else if lease.shortSince == nil {
        lease.shortSince = clock.time
        noteShort(id, lease, bucket)
      }
      write(lease, at: StateKeys.lease(id))
    }
    if moved > .zero {
      try changeSupply { (supply) throws(ArithmeticError) in
        supply.escrowed = try supply.escrowed.subtracting(moved)
        supply.unpaid = try supply.unpaid.adding(moved)
      }
    }
    addEarning(
      provider, lease: id, source: source, credits: moved, quantity: quantity, price: price,
      cause: cause)
    if moved < wanted { addShortCause(provider, id, source, bucket, missing: wanted, moved: moved) }
    return moved
  }

  private mutating func noteShort(_ id: LeaseID, _ lease: LeaseRecord, _ bucket: EscrowBucket) {
    note(
      "lease.escrow-short",
      [
        ("lease", id.description), ("customer", lease.customer.hex), ("bucket", "\(bucket)"),
        ("grace-milliseconds", String(milliseconds(LedgerParameters.leaseGraceMilliseconds))),
      ])
  }

  private mutating func addShortCause(
    _ provider: ProviderID, _ lease: LeaseID, _ source: EarningSource, _ bucket: EscrowBucket,
    missing wanted: Credits, moved: Credits
  ) {
    let missing = wanted.subtractingSaturated(moved)
    addEarning(
      provider, lease: lease, source: source, credits: .zero, quantity: 0, price: nil,
      cause: Cause(
        kind: "escrow-short",
        text: "the \(bucket) bucket of lease \(lease) lacked \(missing) credits",
        rule: "escrow/1", evidence: .zero))
  }

  /// Adds to a provider's line of the running epoch.
  mutating func addEarning(
    _ provider: ProviderID, lease: LeaseID?, source: EarningSource, credits: Credits,
    quantity: UInt128, price: Credits?, cause: Cause
  ) {
    let key = StateKeys.earning(
      epoch: clock.epoch, provider: provider, lease: lease, tag: source.tag)
    var line = read(EarningRecord.self, at: key) ?? EarningRecord()
    line.credits = Credits(
      baseUnits: line.credits.baseUnits.addingSaturated(credits.baseUnits))
    line.quantity = line.quantity.addingSaturated(quantity)
    line.creditsPerUnit = line.creditsPerUnit ?? price
    line.causes.append(cause)
    write(line, at: key)
  }

  /// See ``ServiceContext/accrue(lease:provider:dimension:quantity:from:cause:)``. Checks: lease,
  /// its state, its service, provider, arithmetic.
  mutating func accrueStream(
    lease id: LeaseID, provider: ProviderID, dimension: PriceDimension, quantity: UInt128,
    from bucket: EscrowBucket, cause: Cause
  ) throws(Rejection) -> Credits {
    let lease = try payingLease(id)
    try checkOwnLease(id, lease)
    _ = try providerRecord(provider)
    let key = StateKeys.accrual(id, provider, dimension)
    var accrual = read(AccrualRecord.self, at: key) ?? AccrualRecord()
    let before = accrual
    let total = try exactly { () throws(ArithmeticError) in try before.quantity.adding(quantity) }
    let due = try exactly { () throws(ArithmeticError) in
      try lease.prices.cost(of: total, dimension)
    }
    let dueBefore = try exactly { () throws(ArithmeticError) in
      try lease.prices.cost(of: before.quantity, dimension)
    }
    let moved = try moveToEarnings(
      due.subtractingSaturated(before.credited), lease: id, provider: provider, bucket: bucket,
      source: .metered(dimension), quantity: quantity,
      owedBefore: dueBefore.subtractingSaturated(before.credited), cause: cause)
    accrual.quantity = total
    accrual.credited = try exactly { () throws(ArithmeticError) in
      try before.credited.adding(moved)
    }
    write(accrual, at: key)
    return moved
  }

  /// A service touches only its own leases. - Throws: `wrong-service`.
  func checkOwnLease(_ id: LeaseID, _ lease: LeaseRecord) throws(Rejection) {
    guard lease.service == activeService else {
      throw Rejection(.wrongService, "lease \(id) belongs to service \(lease.service.number)")
    }
  }

  /// Credits what a voucher shows beyond what was credited before. Checks: chain, claimant,
  /// provider, lease and its state, the lease's provider, signature, that it shows more, that the
  /// bucket has anything.
  mutating func claim(_ signed: SignedVoucher, by sender: AccountID) throws(Rejection) {
    let voucher = signed.voucher
    let lease = try checkVoucher(signed, by: sender)
    let key = StateKeys.voucherClaim(voucher.lease, voucher.provider, lane: voucher.lane)
    var claim = read(VoucherClaimRecord.self, at: key) ?? VoucherClaimRecord()
    guard voucher.cumulative > claim.credited else {
      throw Rejection(
        .voucherNotNewer,
        "the voucher shows \(voucher.cumulative) credits and \(claim.credited) were credited")
    }
    guard lease.escrow.usage > .zero else {
      throw Rejection(
        .escrowEmpty, "the usage bucket of lease \(voucher.lease) is empty; claim after a top-up")
    }
    let before = claim.credited
    let moved = try moveToEarnings(
      max(voucher.cumulative, claim.shown).subtractingSaturated(before), lease: voucher.lease,
      provider: voucher.provider, bucket: .usage, source: .voucher,
      owedBefore: claim.shown.subtractingSaturated(before),
      cause: Cause(
        kind: "voucher",
        text: "voucher of lease \(voucher.lease), lane \(voucher.lane): \(voucher.cumulative) "
          + "credits in total, \(before) of them credited before",
        rule: "voucher/1", evidence: signed.hash))
    claim.credited = try exactly { () throws(ArithmeticError) in try before.adding(moved) }
    claim.shown = max(claim.shown, voucher.cumulative)
    write(claim, at: key)
    note(
      "voucher.claimed",
      [
        ("lease", voucher.lease.description), ("provider", voucher.provider.hex),
        ("lane", String(voucher.lane)), ("credits", moved.description),
      ])
  }

  private func checkVoucher(
    _ signed: SignedVoucher, by sender: AccountID
  ) throws(Rejection) -> LeaseRecord {
    let voucher = signed.voucher
    guard voucher.chain == genesis.chain else {
      throw Rejection(.voucherWrongChain, "the voucher is of another chain")
    }
    guard voucher.provider == sender else {
      throw Rejection(.voucherNotYours, "the voucher pays \(voucher.provider), not the sender")
    }
    _ = try providerRecord(voucher.provider)
    let lease = try payingLease(voucher.lease)
    if let only = lease.provider, only != voucher.provider {
      throw Rejection(.voucherNotYours, "lease \(voucher.lease) is served by \(only)")
    }
    guard signed.isSigned(by: lease.customer) else {
      throw Rejection(
        .voucherBadSignature, "the customer of lease \(voucher.lease) did not sign the voucher")
    }
    return lease
  }
}
