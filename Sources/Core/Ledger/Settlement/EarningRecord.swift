import Cryptography
import Economics
import Primitives
import ServiceKit

/// What a line of earnings is for.
package enum EarningSource: Hashable, Sendable {
  /// A quantity at the lease's price, out of a bucket.
  case metered(PriceDimension)
  /// A fixed sum out of a bucket.
  case fixed(EscrowBucket)
  /// A payer's vouchers.
  case voucher
  /// Nothing was earned, and why.
  case zero
  /// What a preset's rules gave besides the receipts of services.
  case policy(PolicyLine.Kind)

  /// One byte of a key: 1…6 a dimension, 0x10 + bucket, 0x20, 0x30, 0x40 + kind.
  package var tag: UInt8 {
    switch self {
    case .metered(let dimension): dimension.rawValue
    case .fixed(let bucket): 0x10 + bucket.rawValue
    case .voucher: 0x20
    case .zero: 0x30
    case .policy(let kind): 0x40 + kind.byte
    }
  }

  package init?(tag: UInt8) {
    switch tag {
    case 0x20: self = .voucher
    case 0x30: self = .zero
    default:
      if let dimension = PriceDimension(rawValue: tag) {
        self = .metered(dimension)
      } else if tag > 0x40, let kind = PolicyLine.Kind(byte: tag - 0x40) {
        self = .policy(kind)
      } else if tag > 0x10, let bucket = EscrowBucket(rawValue: tag - 0x10) {
        self = .fixed(bucket)
      } else {
        return nil
      }
    }
  }
}

/// The causes of a line: the first few in full, all of them under one hash.
package struct CauseList: Hashable, Sendable, CanonicalCodable {
  /// How many causes are kept in full.
  package static let keptLimit = 16

  /// The first causes.
  package private(set) var kept: [Cause] = []
  /// How many there were.
  package private(set) var count: UInt64 = 0
  /// A hash chain over all of them, in order.
  package private(set) var digest: Digest = .zero

  package init() {}

  /// Adds a cause.
  package mutating func append(_ cause: Cause) {
    digest = Digest.sha256(domain: "causes", digest.bytes, cause.canonicalBytes())
    count = count.addingSaturated(1)
    if kept.count < Self.keptLimit { kept.append(cause) }
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(kept)
    encoder.encode(count)
    encoder.encode(digest)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    kept = try decoder.decodeArray(limit: Self.keptLimit)
    count = try decoder.decodeUInt64()
    digest = try decoder.decode()
  }
}

/// What a provider has earned in the running epoch from one lease for one thing: credits in the
/// ledger's custody until the epoch's end.
package struct EarningRecord: Hashable, Sendable, CanonicalCodable {
  package var credits: Credits
  /// The quantity proven in this epoch; 0 for fixed sums and vouchers.
  package var quantity: UInt128
  /// The price that the quantity was multiplied with; nil for fixed sums and vouchers.
  package var creditsPerUnit: Credits?
  package var causes: CauseList

  package init(
    credits: Credits = .zero, quantity: UInt128 = 0, creditsPerUnit: Credits? = nil,
    causes: CauseList = CauseList()
  ) {
    self.credits = credits
    self.quantity = quantity
    self.creditsPerUnit = creditsPerUnit
    self.causes = causes
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(credits)
    encoder.encode(quantity)
    encoder.encode(creditsPerUnit)
    encoder.encode(causes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    credits = try decoder.decode()
    quantity = try decoder.decodeUInt128()
    creditsPerUnit = try decoder.decodeOptional()
    causes = try decoder.decode()
  }
}
