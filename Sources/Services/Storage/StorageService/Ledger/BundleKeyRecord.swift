import Primitives

/// Which bundle a manifest's hash belongs to. It outlives the bundle as long as the signed
/// statements do, so that no signature obliges anyone twice.
package struct BundleKeyRecord: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  /// Until when a statement about the bundle could be used.
  package let statementsEnd: LedgerTime

  package init(bundle: BundleID, statementsEnd: LedgerTime) {
    self.bundle = bundle
    self.statementsEnd = statementsEnd
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bundle)
    encoder.encode(statementsEnd)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
    statementsEnd = try decoder.decode()
  }
}
