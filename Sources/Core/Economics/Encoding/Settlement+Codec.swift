import Primitives

// What an epoch came to, on the wire: a ledger keeps each line and each charge in a row.

extension PolicyLine.Kind {
  /// The case's byte, part of the wire format for ever.
  package var byte: UInt8 {
    switch self {
    case .usage: 1
    case .reward: 2
    case .endowment: 3
    case .vested: 4
    case .unlocked: 5
    case .redeemed: 6
    case .refused: 7
    }
  }

  package init?(byte: UInt8) {
    guard let found = Self.allCases.first(where: { $0.byte == byte }) else { return nil }
    self = found
  }
}

extension PolicyLine: CanonicalCodable {
  private static let nameByteLimit = 256

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(account)
    encoder.encode(role)
    encoder.encode(kind.byte)
    encoder.encode(pool)
    encoder.encode(token)
    encoder.encode(liquid)
    encoder.encode(vesting)
    encoder.encode(burned)
    encoder.encode(credits)
    encoder.encode(rule)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    account = try decoder.decode()
    role = try decoder.decodeString(limit: Self.nameByteLimit)
    let byte = try decoder.decodeUInt8()
    guard let known = Kind(byte: byte) else {
      throw .unknownCase(type: "PolicyLine.Kind", byte: byte)
    }
    kind = known
    pool = try decoder.decodeString(limit: Self.nameByteLimit)
    token = try decoder.decodeString(limit: Self.nameByteLimit)
    liquid = try decoder.decode()
    vesting = try decoder.decode()
    burned = try decoder.decode()
    credits = try decoder.decode()
    rule = try decoder.decodeString(limit: Self.nameByteLimit)
  }
}

extension PolicyCharge.Kind {
  /// The case's byte, part of the wire format for ever.
  package var byte: UInt8 {
    switch self {
    case .credits: 1
    case .usage: 2
    case .lock: 3
    case .baseFee: 4
    case .capacityFee: 5
    case .buyBack: 6
    case .redemption: 7
    }
  }

  package init?(byte: UInt8) {
    guard let found = Self.allCases.first(where: { $0.byte == byte }) else { return nil }
    self = found
  }
}

extension PolicyCharge: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(account)
    encoder.encode(kind.byte)
    encoder.encode(token)
    encoder.encode(amount)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    account = try decoder.decodeOptional()
    let byte = try decoder.decodeUInt8()
    guard let known = Kind(byte: byte) else {
      throw .unknownCase(type: "PolicyCharge.Kind", byte: byte)
    }
    kind = known
    token = try decoder.decodeString(limit: 256)
    amount = try decoder.decode()
  }
}
