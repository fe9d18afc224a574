import Primitives
import ServiceKit

/// A vacant slot and who is to rebuild it. An assignment is the replacement's authority to read k
/// shards from the other holders: they look it up here.
package struct RepairRecord: Hashable, Sendable, CanonicalCodable {
  package let bundle: BundleID
  package let slot: UInt8
  /// Who left the slot and pays for it first; nil when nobody does (the slot was never filled).
  package let leaver: ProviderID?
  package let vacantSince: LedgerTime
  /// Who rebuilds it; nil while it waits for a draw or for operators.
  package var replacement: ProviderID?
  /// Until when, on the ledger's clock.
  package var deadline: LedgerTime
  /// Which assignment this is, from 1.
  package var attempt: UInt32
  /// Whether the last draw found no eligible operator: the bundle is degraded until one comes.
  package var isDegraded: Bool

  package init(bundle: BundleID, slot: UInt8, leaver: ProviderID?, vacantSince: LedgerTime) {
    self.bundle = bundle
    self.slot = slot
    self.leaver = leaver
    self.vacantSince = vacantSince
    replacement = nil
    deadline = .genesis
    attempt = 0
    isDegraded = false
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(bundle)
    encoder.encode(slot)
    encoder.encode(leaver)
    encoder.encode(vacantSince)
    encoder.encode(replacement)
    encoder.encode(deadline)
    encoder.encode(attempt)
    encoder.encode(isDegraded)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    bundle = try decoder.decode()
    slot = try decoder.decodeUInt8()
    leaver = try decoder.decodeOptional()
    vacantSince = try decoder.decode()
    replacement = try decoder.decodeOptional()
    deadline = try decoder.decode()
    attempt = try decoder.decodeUInt32()
    isDegraded = try decoder.decodeBool()
  }
}
