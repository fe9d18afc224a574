import Cryptography
import Primitives
import ServiceKit

/// A column was rebuilt: the replacement holds it, and is paid with those who helped.
extension ServiceContext {
  mutating func completeRepair(
    _ payload: CompleteRepair, from sender: AccountID
  ) throws(Rejection) {
    let key = StorageKeys.repair(payload.bundle, payload.slot)
    guard let repair = try load(key, as: RepairRecord.self) else {
      throw Rejection(
        .noSuchRepair, "slot \(payload.slot) of bundle \(payload.bundle) needs no repair")
    }
    guard repair.replacement == sender else {
      throw Rejection(.notTheReplacement, "the repair is assigned to another provider")
    }
    var bundle = try bundle(payload.bundle)
    let slot = Int(payload.slot)
    let helpers = try checkHelpers(payload.helpers, of: bundle)
    let statement = bundle.repairStatement(slot: slot, chain: chain)
    guard statement.isSigned(by: sender, payload.countersignature) else {
      throw Rejection(
        .wrongCountersignature, "the countersignature of slot \(slot) is not \(sender)'s")
    }
    bundle.slots[slot].provider = sender
    save(bundle)
    setValue(nil, at: key)
    setValue(nil, at: StorageKeys.assignment(sender, bundle.id))
    var record = try storageProvider(sender)
    record.repairsAssigned = record.repairsAssigned.subtractingSaturated(1)
    try beginObligation(bundle, slot: slot, by: &record)
    save(record)
    try settleLeaver(of: repair)
    tell(
      "repair-completed", ("bundle", bundle.id), ("slot", slot), ("provider", sender.hex),
      ("helpers", helpers.count))
    try payRepair(repair, bundle, by: sender, helpers)
  }

  private func checkHelpers(
    _ slots: [UInt8], of bundle: BundleRecord
  ) throws(Rejection) -> [ProviderID] {
    guard slots.count <= Int(bundle.codeClass.dataShards),
      zip(slots, slots.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw Rejection(
        .wrongHelpers,
        "helpers are at most \(bundle.codeClass.dataShards) slots in ascending order")
    }
    var helpers: [ProviderID] = []
    for slot in slots {
      guard bundle.slots.indices.contains(Int(slot)),
        let holder = bundle.slots[Int(slot)].provider
      else { throw Rejection(.wrongHelpers, "slot \(slot) has no holder") }
      helpers.append(holder)
    }
    return helpers
  }

  /// Pays each party for one column's bytes: from the leaver's bond, the replacement's premium
  /// included, then from the lease's repair bucket without premium.
  private mutating func payRepair(
    _ repair: RepairRecord, _ bundle: BundleRecord, by replacement: ProviderID,
    _ helpers: [ProviderID]
  ) throws(Rejection) {
    guard let lease = lease(bundle.lease) else { return }
    let bytes = bundle.slots[Int(repair.slot)].byteCount
    let price = try exact { () throws(ArithmeticError) in
      try lease.prices.cost(of: UInt128(bytes), .repairBytes)
    }
    let cause = Cause(
      kind: "repair",
      text: "slot \(repair.slot) of bundle \(bundle.id) rebuilt: \(bytes) bytes for each of "
        + "\(helpers.count + 1) parties",
      rule: "storage-repair/1", evidence: bundle.slots[Int(repair.slot)].columnRoot)
    // Who takes its own slot back is not paid for it.
    let parties = (repair.leaver == replacement ? [] : [replacement]) + helpers
    let fromBond = try takeFromBond(
      repair, price, to: parties, premiumFor: replacement, bundle.lease, cause)
    for (party, paid) in zip(parties, fromBond) {
      let rest = price.subtractingSaturated(paid)
      if rest > .zero {
        _ = try pay(
          lease: bundle.lease, provider: party, credits: rest, from: .repair, cause: cause)
      }
    }
  }

  /// Pays the parties from the leaver's bond as far as it reaches. Returns what each has got, in
  /// credits.
  private mutating func takeFromBond(
    _ repair: RepairRecord, _ price: Credits, to parties: [ProviderID],
    premiumFor replacement: ProviderID, _ lease: LeaseID, _ cause: Cause
  ) throws(Rejection) -> [Credits] {
    let share = tokens(for: price)
    guard let leaver = repair.leaver, share > .zero, !parties.isEmpty else {
      return parties.map { _ in .zero }
    }
    let premium = try exact { () throws(ArithmeticError) in
      try share.scaled(
        by: UInt128(storage(.repairPremium)), over: 1_000_000, rounding: .down)
    }
    var due: [(account: AccountID, amount: Amount)] = []
    var total = Amount.zero
    for party in parties {
      let amount = try exact { () throws(ArithmeticError) in
        try party == replacement ? share.adding(premium) : share
      }
      due.append((party, amount))
      total = try exact { () throws(ArithmeticError) in try total.adding(amount) }
    }
    var left = try slash(
      provider: leaver, amount: total, beneficiaries: due, lease: lease, cause: cause)
    var covered: [Credits] = []
    for (_, amount) in due {
      let got = min(left, amount)
      left = left.subtractingSaturated(got)
      covered.append(
        try exact { () throws(ArithmeticError) in
          try price.scaled(
            by: min(got, share).baseUnits, over: share.baseUnits, rounding: .up)
        })
    }
    return covered
  }
}
