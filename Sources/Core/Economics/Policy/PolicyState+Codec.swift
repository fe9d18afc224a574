import Primitives

/// The state's one encoding, for a ledger that keeps it under its root. The layout is in
/// docs/formats.md.
extension PolicyState: CanonicalCodable {
  /// The most accounts that one encoding holds; a ledger that has more keeps each in a row.
  package static let accountLimit = 1_000_000
  private static let streamLimit = 64
  private static let nameLimit = 256

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(rules)
    for amount in [minted, burned, circulating, vesting, locked, vault] { encoder.encode(amount) }
    encoder.encode(creditsOutstanding)
    for amount in [fund, smoothedBurn, baseFee, lastEmission] { encoder.encode(amount) }
    encoder.encode(latchIsSet)
    for names in [buckets, scores, subTokens, subTokenBuckets] { encoder.encode(names) }
    encoder.encode(streams)
    encoder.encode(mintWindow)
    encoder.encode(redemptionWindows)
    encoder.encode(accounts)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    rules = try decoder.decodeString(limit: Self.nameLimit)
    minted = try decoder.decode()
    burned = try decoder.decode()
    circulating = try decoder.decode()
    vesting = try decoder.decode()
    locked = try decoder.decode()
    vault = try decoder.decode()
    creditsOutstanding = try decoder.decode()
    fund = try decoder.decode()
    smoothedBurn = try decoder.decode()
    baseFee = try decoder.decode()
    lastEmission = try decoder.decode()
    latchIsSet = try decoder.decodeBool()
    buckets = try decoder.decode()
    scores = try decoder.decode()
    subTokens = try decoder.decode()
    subTokenBuckets = try decoder.decode()
    streams = try decoder.decodeArray(limit: Self.streamLimit)
    mintWindow = try decoder.decode()
    redemptionWindows = try decoder.decodeArray(limit: Self.streamLimit)
    accounts = try decoder.decodeArray(limit: Self.accountLimit)
    for (before, next) in zip(accounts, accounts.dropFirst()) where next.account <= before.account {
      throw .invalid("policy accounts out of order")
    }
  }
}

extension NamedAmounts: CanonicalCodable {
  private static let limit = 10_000
  private static let nameLimit = 256

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(UInt32(entries.count))
    for entry in entries {
      encoder.encode(entry.name)
      encoder.encode(entry.amount)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init()
    var last: String?
    for _ in 0..<(try decoder.decodeCount(limit: Self.limit, minimumElementSize: 20)) {
      let name = try decoder.decodeString(limit: Self.nameLimit)
      if let last, name <= last { throw .invalid("names out of order") }
      self[name] = try decoder.decode()
      last = name
    }
  }
}

extension EmissionState: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(realized)
    encoder.encode(inflation.map { Amount(baseUnits: $0) })
    encoder.encode(filecoin)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init()
    realized = try decoder.decodeUInt128()
    inflation = try decoder.decodeOptional(Amount.self)?.baseUnits
    filecoin = try decoder.decodeOptional()
  }
}

extension Breaker.Window: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(opened)
    encoder.encode(allowance)
    encoder.encode(used)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init()
    opened = try decoder.decodeOptional()
    allowance = try decoder.decode()
    used = try decoder.decode()
  }
}

extension PolicyState.AccountState: CanonicalCodable {
  private static let lockLimit = 10_000

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(account)
    encoder.encode(vesting)
    encoder.encode(locks)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    account = try decoder.decode()
    vesting = try decoder.decode()
    locks = try decoder.decodeArray(limit: Self.lockLimit)
  }
}

extension PolicyState.LockPosition: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(amount)
    encoder.encode(until)
    encoder.encode(votes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    amount = try decoder.decode()
    until = try decoder.decodeUInt64()
    votes = try decoder.decode()
  }
}
