import Primitives
import ServiceKit

extension LedgerState {
  /// Checks: amount, lease and its state, balance. A top-up that covers what is due ends a
  /// shortage; what is due is credited with the next proof or claim.
  mutating func topUp(
    _ id: LeaseID, _ bucket: EscrowBucket, _ credits: Credits, by payer: AccountID
  ) throws(Rejection) {
    guard credits > .zero else { throw Rejection(.zeroAmount, "a top-up adds more than nothing") }
    var lease = try leaseRecord(id)
    guard lease.isOpen else { throw Rejection(.leaseNotOpen, "lease \(id) is closing or closed") }
    try lock(credits, from: payer)
    let held = lease.escrow[bucket]
    lease.escrow[bucket] = try exactly { () throws(ArithmeticError) in try held.adding(credits) }
    if !lease.isShort { lease.shortSince = nil }
    write(lease, at: StateKeys.lease(id))
    note(
      "lease.topped-up",
      [("lease", id.description), ("bucket", "\(bucket)"), ("credits", credits.description)])
  }

  /// Checks: reason, lease and its state, party, the service's own conditions.
  mutating func closeLease(
    _ id: LeaseID, reason: String, evidence: Digest, by sender: AccountID
  ) throws(Rejection) {
    guard !reason.isEmpty else {
      throw Rejection(.reasonMissing, "a lease ends only with a stated reason")
    }
    let lease = try leaseRecord(id)
    guard lease.isOpen else { throw Rejection(.leaseNotOpen, "lease \(id) is closing or closed") }
    let isCustomer = lease.customer == sender
    guard isCustomer || lease.provider == sender else {
      throw Rejection(.notParty, "only the parties of lease \(id) may close it")
    }
    try tellClosing(id, lease)
    try beginClosing(
      id,
      cause: Cause(
        kind: isCustomer ? "closed-by-customer" : "closed-by-provider", text: reason,
        rule: "lease/1", evidence: evidence))
  }

  /// Asks the lease's service.
  mutating func tellClosing(_ id: LeaseID, _ lease: LeaseRecord) throws(Rejection) {
    let service = try module(lease.service)
    try asService(lease.service) { (state) throws(Rejection) in
      try service.leaseCloses(id, in: &state)
    }
  }

  /// A lease takes no new work; providers may still claim until its refund.
  mutating func beginClosing(_ id: LeaseID, cause: Cause) throws(Rejection) {
    var lease = try leaseRecord(id)
    guard lease.isOpen else { return }
    let wait = milliseconds(LedgerParameters.leaseClosingMilliseconds)
    let until = clock.time.advanced(milliseconds: wait)
    lease.state = .closing(until: until, cause: cause)
    write(lease, at: StateKeys.lease(id))
    write(nil, at: StateKeys.openLease(lease.service, id))
    setDeadline(.finishLease(id), at: until)
    note(
      "lease.closing",
      [
        ("lease", id.description), ("customer", lease.customer.hex), ("kind", cause.kind),
        ("reason", cause.text), ("until", String(until.milliseconds)),
      ])
  }

  /// Refunds what is left of a closing lease's escrow, dust included.
  mutating func finishLease(_ id: LeaseID) throws(Rejection) {
    var lease = try leaseRecord(id)
    guard case .closing(_, let cause) = lease.state else { return }
    let left = lease.escrow
    let total = try exactly { () throws(ArithmeticError) in try left.total() }
    try refund(total, to: lease.customer)
    lease.escrow = EscrowBalances()
    lease.state = .closed(at: clock.time, cause: cause)
    write(lease, at: StateKeys.lease(id))
    write(nil, at: StateKeys.order(lease.order))
    for range in [StateKeys.accruals(id), StateKeys.voucherClaims(id)] {
      for row in rows.rows(from: range.from, to: range.to, limit: .max) {
        write(nil, at: row.key)
      }
    }
    note("lease.closed", [("lease", id.description), ("refunded", total.description)])
  }

  /// Once an epoch: how long each open lease's escrow lasts, warnings, and the end of leases whose
  /// grace is over.
  mutating func reviewLeases(epochMilliseconds: UInt64) throws(Rejection) {
    for service in services {
      let range = StateKeys.openLeases(service.id)
      for row in rows.rows(from: range.from, to: range.to, limit: .max) {
        if let id = StateKeys.lease(fromMark: row.key) {
          try reviewLease(id, epochMilliseconds: epochMilliseconds)
        }
      }
    }
  }

  private mutating func reviewLease(_ id: LeaseID, epochMilliseconds: UInt64) throws(Rejection) {
    var lease = try leaseRecord(id)
    let runway = lease.runway(overMilliseconds: epochMilliseconds)
    let warnBelow = milliseconds(LedgerParameters.lowEscrowMilliseconds)
    for bucket in EscrowBucket.allCases {
      guard let left = runway[bucket], left < warnBelow else { continue }
      note(
        "lease.escrow-low",
        [
          ("lease", id.description), ("customer", lease.customer.hex), ("bucket", "\(bucket)"),
          ("milliseconds-left", String(left)),
        ])
    }
    if lease.spentAtEpochStart != lease.spent {
      lease.spentAtEpochStart = lease.spent
      write(lease, at: StateKeys.lease(id))
    }
    try endExhausted(id, lease)
  }

  private mutating func endExhausted(_ id: LeaseID, _ lease: LeaseRecord) throws(Rejection) {
    let grace = milliseconds(LedgerParameters.leaseGraceMilliseconds)
    guard let since = lease.shortSince, clock.time.milliseconds(since: since) >= grace else {
      return
    }
    do throws(Rejection) {
      try atomically { (state) throws(Rejection) in
        try state.tellClosing(id, lease)
        try state.beginClosing(
          id,
          cause: Cause(
            kind: "escrow-exhausted",
            text: "the escrow was short since \(since) and was not topped up within \(grace) ms",
            rule: "lease/1", evidence: .zero))
      }
    } catch {
      note("lease.closing-refused", [("lease", id.description), ("detail", error.detail)])
    }
  }
}

extension LeaseRecord {
  /// How long each bucket lasts, in milliseconds, at the rate at which it was spent in the running
  /// epoch so far; a bucket from which nothing was spent lasts for ever and is absent.
  /// - Parameter milliseconds: how long the epoch has run.
  package func runway(overMilliseconds milliseconds: UInt64) -> [EscrowBucket: UInt64] {
    var left: [EscrowBucket: UInt64] = [:]
    for bucket in EscrowBucket.allCases {
      let spentNow = spent[bucket].subtractingSaturated(spentAtEpochStart[bucket]).baseUnits
      guard spentNow > 0 else { continue }
      do throws(ArithmeticError) {
        let lasting = try escrow[bucket].baseUnits.scaled(
          by: UInt128(milliseconds), over: spentNow, rounding: .down)
        left[bucket] = UInt64(clamping: lasting)
      } catch {
        left[bucket] = .max
      }
    }
    return left
  }
}
