import Primitives
import ServiceKit

/// Whose contributions and prices count in the running epoch, with the power that they had when it
/// began; ascending by account.
package struct BeaconContributorsRecord: Hashable, Sendable, CanonicalCodable {
  /// One of them.
  package struct Contributor: Hashable, Sendable, CanonicalCodable {
    package let account: AccountID
    package let power: UInt64
    package init(account: AccountID, power: UInt64) {
      self.account = account
      self.power = power
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(account)
      encoder.encode(power)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      account = try decoder.decode()
      power = try decoder.decodeUInt64()
    }
  }

  package let contributors: [Contributor]
  package init(contributors: [Contributor]) { self.contributors = contributors }

  /// The power of an account; 0 when it does not contribute.
  package func power(of account: AccountID) -> UInt64 {
    contributors.first { $0.account == account }?.power ?? 0
  }

  /// All power together.
  package var totalPower: UInt64 { contributors.reduce(0) { $0.addingSaturated($1.power) } }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(contributors) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    contributors = try decoder.decodeArray(limit: 1024)
  }
}

/// The beacon of one height.
package struct BeaconRecord: Hashable, Sendable, CanonicalCodable {
  package let value: Digest
  /// How many validators contributed.
  package let contributions: UInt32
  package init(value: Digest, contributions: UInt32) {
    self.value = value
    self.contributions = contributions
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(value)
    encoder.encode(contributions)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    value = try decoder.decode()
    contributions = try decoder.decodeUInt32()
  }
}

/// The last price of a token that more than two thirds of the power stood behind.
package struct OraclePriceRecord: Hashable, Sendable, CanonicalCodable {
  /// Credits (US dollars) for one whole token: the median by power.
  package let price: Credits
  package let height: UInt64
  package let time: LedgerTime
  /// How many validators reported.
  package let reports: UInt32
  /// The power that stood behind it, and all power.
  package let power: UInt64
  package let totalPower: UInt64

  package init(
    price: Credits, height: UInt64, time: LedgerTime, reports: UInt32, power: UInt64,
    totalPower: UInt64
  ) {
    self.price = price
    self.height = height
    self.time = time
    self.reports = reports
    self.power = power
    self.totalPower = totalPower
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(price)
    encoder.encode(height)
    encoder.encode(time)
    encoder.encode(reports)
    encoder.encode(power)
    encoder.encode(totalPower)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    price = try decoder.decode()
    height = try decoder.decodeUInt64()
    time = try decoder.decode()
    reports = try decoder.decodeUInt32()
    power = try decoder.decodeUInt64()
    totalPower = try decoder.decodeUInt64()
  }
}
