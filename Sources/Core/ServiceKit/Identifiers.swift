import Primitives

/// A service's number in the catalogue: part of transactions, leases and state keys for ever.
package struct ServiceID: Hashable, Comparable, Sendable, CanonicalCodable {
  /// The number, below 128.
  package let number: UInt8
  package init(number: UInt8) { self.number = number }
  package static func < (left: ServiceID, right: ServiceID) -> Bool { left.number < right.number }
  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(number) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    number = try decoder.decodeUInt8()
    if number >= 128 { throw .invalid("service number \(number) is not below 128") }
  }
}

/// A serial number that the ledger hands out, eight bytes wide.
package protocol SerialNumber: Hashable, Comparable, Sendable, CanonicalCodable,
  CustomStringConvertible
{
  /// The number; the ledger's first is 1.
  var number: UInt64 { get }
  init(number: UInt64)
}

extension SerialNumber {
  package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
  package var description: String { String(number) }
  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(number) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init(number: try decoder.decodeUInt64())
  }
}

/// A customer's order on the market.
package struct OrderID: SerialNumber {
  package let number: UInt64
  package init(number: UInt64) { self.number = number }
}

/// A lease: one customer, one price vector, one escrow.
package struct LeaseID: SerialNumber {
  package let number: UInt64
  package init(number: UInt64) { self.number = number }
}

/// A provider is known by its operator's account.
package typealias ProviderID = AccountID
