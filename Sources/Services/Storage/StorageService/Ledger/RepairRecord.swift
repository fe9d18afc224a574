import Primitives
import ServiceKit

/// A vacant slot and who is to rebuild it. An assignment is the replacement's authority to read k
/// shards from the other holders: they look it up here.
package struct RepairRecord: Hashable, Sendable, CanonicalCodable {
  /// How many replacements have to say that k columns do not give this one, before its leaver owes
  /// nothing for it any more.
  package static let declinesThatExcuse = 3
  /// With so many the slot is given up.
  package static let declineLimit = 16

  package let bundle: BundleID
  package let slot: UInt8
  /// Who left the slot and pays for it first; nil when nobody does (the slot was never filled,
  /// or the column turned out to be impossible).
  package var leaver: ProviderID?
  package let vacantSince: LedgerTime
  /// Who rebuilds it; nil while it waits for a draw or for operators.
  package var replacement: ProviderID?
  /// Until when, on the ledger's clock.
  package var deadline: LedgerTime
  /// Which assignment this is, from 1.
  package var attempt: UInt32
  /// Whether the last draw found no eligible operator: the bundle is degraded until one comes.
  package var isDegraded: Bool
  /// Who gave the assignment back, in the order in which they did; they are not drawn again.
  package var declined: [ProviderID]

  package init(bundle: BundleID, slot: UInt8, leaver: ProviderID?, vacantSince: LedgerTime) {
    self.bundle = bundle
    self.slot = slot
    self.leaver = leaver
    self.vacantSince = vacantSince
    replacement = nil
    deadline = .genesis
    attempt = 0
    isDegraded = false
    declined = []
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
    encoder.encode(declined)
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
    declined = try decoder.decodeArray(limit: Self.declineLimit)
  }
}
