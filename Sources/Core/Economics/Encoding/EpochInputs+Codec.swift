import Primitives

// What one account, or one candidate, did in an epoch, on the wire. A cohort has no encoding: on a
// ledger every input is one account's.

extension Measures: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(usage)
    encoder.encode(work)
    encoder.encode(capacity)
    encoder.encode(stake)
    encoder.encode(votes)
    encoder.encode(fees)
    encoder.encode(scorePerMillion)
    encoder.encode(multiplierPerMillion)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init()
    usage = try decoder.decode()
    work = try decoder.decodeUInt128()
    capacity = try decoder.decodeUInt128()
    stake = try decoder.decode()
    votes = try decoder.decode()
    fees = try decoder.decode()
    scorePerMillion = try decoder.decodeUInt64()
    multiplierPerMillion = try decoder.decodeUInt64()
  }
}

extension AccountInput: CanonicalCodable {
  /// The longest name of a role, a candidate or a sub-token, in bytes.
  package static let nameByteLimit = 64

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(account)
    encoder.encode(role)
    encoder.encode(measures)
    encoder.encode(bought)
    encoder.encode(lock)
    encoder.encode(redeem)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init(
      try decoder.decode(), role: try decoder.decodeString(limit: Self.nameByteLimit))
    measures = try decoder.decode()
    bought = try decoder.decode()
    lock = try decoder.decodeOptional()
    redeem = try decoder.decodeOptional()
  }
}

extension AccountInput.LockRequest: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(amount)
    encoder.encode(epochs)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init(amount: try decoder.decode(), epochs: try decoder.decodeUInt64())
  }
}

extension AccountInput.RedeemRequest: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(subToken)
    encoder.encode(amount)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init(
      subToken: try decoder.decodeString(limit: AccountInput.nameByteLimit),
      amount: try decoder.decode())
  }
}

extension CandidateInput: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(name)
    encoder.encode(measures)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    self.init(
      try decoder.decodeString(limit: AccountInput.nameByteLimit), measures: try decoder.decode())
  }
}
