import Cryptography
import Primitives
import ServiceKit

/// Bundles that turn out to be no codeword: their customer's fault, and nobody else's.
extension ServiceContext {
  mutating func accuseCodeword(
    _ payload: AccuseCodeword, from sender: AccountID
  ) throws(Rejection) {
    var bundle = try bundle(payload.bundle)
    guard !bundle.isReleased else {
      throw Rejection(.bundleReleased, "bundle \(bundle.id) is released: nothing is repaired")
    }
    let assigned = value(at: StorageKeys.assignment(sender, bundle.id))?.first
    guard assigned != nil || bundle.slots.contains(where: { $0.provider == sender }) else {
      throw Rejection(
        .notConcerned, "\(sender) neither holds a column of bundle \(bundle.id) nor rebuilds one")
    }
    if let objection = CodewordVerifier.objection(to: payload, against: bundle) {
      throw Rejection(.evidenceFails, objection)
    }
    let evidence = Digest.sha256(domain: "storage-codeword", payload.canonicalBytes())
    bundle.isNoCodeword = true
    tell(
      "codeword-accused", ("bundle", bundle.id), ("lease", bundle.lease), ("accuser", sender.hex),
      ("segment", payload.segmentIndex), ("leaf", payload.leafIndex),
      ("slot", payload.accused.slot), ("evidence", evidence))
    if let assigned { try payAccuser(sender, slot: assigned, of: bundle, evidence) }
    // No lock-up: nobody is held to data that cannot be kept whole. What was proven stays paid.
    try release(bundle, at: time)
  }

  /// A replacement that found the fault has done its repair's work.
  private mutating func payAccuser(
    _ accuser: ProviderID, slot: UInt8, of bundle: BundleRecord, _ evidence: Digest
  ) throws(Rejection) {
    guard let lease = lease(bundle.lease), bundle.slots.indices.contains(Int(slot)) else { return }
    let bytes = bundle.slots[Int(slot)].byteCount
    let price = try exact { () throws(ArithmeticError) in
      try lease.prices.cost(of: UInt128(bytes), .repairBytes)
    }
    guard price > .zero else { return }
    _ = try pay(
      lease: lease.id, provider: accuser, credits: price, from: .repair,
      cause: Cause(
        kind: "codeword-accused",
        text: "showed that bundle \(bundle.id) is no codeword: \(bytes) bytes of slot \(slot)",
        rule: CodewordVerifier.rule, evidence: evidence))
  }
}
