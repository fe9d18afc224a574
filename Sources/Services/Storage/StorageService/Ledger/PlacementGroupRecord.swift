import Cryptography
import Primitives
import ServiceKit

/// A placement group on the ledger: n providers that the beacon drew together, in slot order.
package struct PlacementGroupRecord: Hashable, Sendable, CanonicalCodable {
  /// Where a group stands.
  package enum State: UInt8, Sendable {
    /// The next beacon draws it.
    case waiting = 1
    /// Data may go to it.
    case drawn = 2
    /// There were too few eligible operators; see ``PlacementGroupRecord/eligibleOperators``.
    case refused = 3
  }

  package let id: PlacementGroupID
  package let lease: LeaseID
  package let codeClass: CodeClass
  /// Providers that the customer did not want.
  package let exclude: [ProviderID]
  package var state: State
  /// The n providers by slot; empty until drawn.
  package var providers: [ProviderID]
  /// How many operators could be drawn under the rules, when it was drawn or refused.
  package var eligibleOperators: UInt32
  package let openedAt: LedgerTime
  /// When it was drawn; data cannot be older.
  package var drawnAt: LedgerTime

  package init(
    id: PlacementGroupID, lease: LeaseID, codeClass: CodeClass, exclude: [ProviderID],
    state: State = .waiting, providers: [ProviderID] = [], eligibleOperators: UInt32 = 0,
    openedAt: LedgerTime, drawnAt: LedgerTime = .genesis
  ) {
    self.id = id
    self.lease = lease
    self.codeClass = codeClass
    self.exclude = exclude
    self.state = state
    self.providers = providers
    self.eligibleOperators = eligibleOperators
    self.openedAt = openedAt
    self.drawnAt = drawnAt
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(id)
    encoder.encode(lease)
    encoder.encode(codeClass)
    encoder.encode(exclude)
    encoder.encode(state.rawValue)
    encoder.encode(providers)
    encoder.encode(eligibleOperators)
    encoder.encode(openedAt)
    encoder.encode(drawnAt)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    id = try decoder.decode()
    lease = try decoder.decode()
    codeClass = try decoder.decode()
    exclude = try decoder.decodeArray(limit: OpenGroup.excludeLimit)
    let byte = try decoder.decodeUInt8()
    guard let known = State(rawValue: byte) else {
      throw .unknownCase(type: "PlacementGroupRecord.State", byte: byte)
    }
    state = known
    providers = try decoder.decodeArray(limit: Int(CodeClass.totalShardLimit))
    eligibleOperators = try decoder.decodeUInt32()
    openedAt = try decoder.decode()
    drawnAt = try decoder.decode()
  }
}
