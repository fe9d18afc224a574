import Primitives
import ServiceKit

/// A provider as the ledger keeps it.
package struct ProviderRecord: Hashable, Sendable, CanonicalCodable {
  /// `host:port` of its node link.
  package var endpoint: String
  package var location: NetworkLocation
  package var bond: Amount
  package var standing: ProviderStanding
  package let registeredAt: LedgerTime
  /// Everything that was ever taken from its bond.
  package var slashed: Amount

  package init(
    endpoint: String, location: NetworkLocation, bond: Amount, standing: ProviderStanding,
    registeredAt: LedgerTime, slashed: Amount
  ) {
    self.endpoint = endpoint
    self.location = location
    self.bond = bond
    self.standing = standing
    self.registeredAt = registeredAt
    self.slashed = slashed
  }

  /// What services see of it.
  package func view(_ id: ProviderID) -> ProviderView {
    ProviderView(
      id: id, endpoint: endpoint, location: location, bond: bond, standing: standing)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(endpoint)
    encoder.encode(location)
    encoder.encode(bond)
    switch standing {
    case .active: encoder.encode(UInt8(0))
    case .unbonding(let until):
      encoder.encode(UInt8(1))
      encoder.encode(until)
    case .underbonded: encoder.encode(UInt8(2))
    case .left: encoder.encode(UInt8(3))
    }
    encoder.encode(registeredAt)
    encoder.encode(slashed)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    endpoint = try decoder.decodeString(limit: Operation.endpointByteLimit)
    location = try decoder.decode()
    bond = try decoder.decode()
    let byte = try decoder.decodeUInt8()
    switch byte {
    case 0: standing = .active
    case 1: standing = .unbonding(until: try decoder.decode())
    case 2: standing = .underbonded
    case 3: standing = .left
    default: throw .unknownCase(type: "ProviderStanding", byte: byte)
    }
    registeredAt = try decoder.decode()
    slashed = try decoder.decode()
  }
}
