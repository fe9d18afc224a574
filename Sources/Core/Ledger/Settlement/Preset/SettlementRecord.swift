import Cryptography
import Economics
import Primitives

/// How an epoch was settled: what the inputs had in common, and the state after it. The inputs of
/// accounts, the lines and the charges are rows of their own.
package struct SettlementRecord: Hashable, Sendable, CanonicalCodable {
  /// The epoch of the preset's calendar.
  package let policyEpoch: UInt64
  package let price: Credits
  package let priceConfidence: Credits
  package let power: UInt128?
  package let staked: Amount?
  package let blockSpaceUsed: UInt128
  package let mintedElsewhere: Amount
  package let burnedElsewhere: Amount
  package let candidates: [CandidateInput]
  /// The state after the epoch, without its accounts …
  package let state: PolicyState
  /// … and the hash of what of accounts' tokens vests and is locked then.
  package let accounts: Digest

  init(policyEpoch: UInt64, _ inputs: EpochInputs, state: PolicyState) {
    self.policyEpoch = policyEpoch
    price = inputs.price
    priceConfidence = inputs.priceConfidence
    power = inputs.power
    staked = inputs.staked
    blockSpaceUsed = inputs.blockSpaceUsed
    mintedElsewhere = inputs.mintedElsewhere
    burnedElsewhere = inputs.burnedElsewhere
    candidates = inputs.candidates
    self.state = state.withoutAccounts
    accounts = Self.digest(of: state.accounts)
  }

  /// The hash of what of accounts' tokens vests and is locked.
  package static func digest(of accounts: [PolicyState.AccountState]) -> Digest {
    var encoder = CanonicalEncoder()
    encoder.encode(accounts)
    return Digest.sha256(domain: "policy-accounts", encoder.bytes)
  }

  /// The inputs of the settlement, with those of the accounts.
  package func inputs(_ accounts: [AccountInput]) -> EpochInputs {
    var inputs = EpochInputs(price: price, accounts: accounts)
    inputs.priceConfidence = priceConfidence
    inputs.power = power
    inputs.staked = staked
    inputs.blockSpaceUsed = blockSpaceUsed
    inputs.mintedElsewhere = mintedElsewhere
    inputs.burnedElsewhere = burnedElsewhere
    inputs.candidates = candidates
    return inputs
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(policyEpoch)
    encoder.encode(price)
    encoder.encode(priceConfidence)
    encoder.encode(power)
    encoder.encode(staked)
    encoder.encode(blockSpaceUsed)
    encoder.encode(mintedElsewhere)
    encoder.encode(burnedElsewhere)
    encoder.encode(candidates)
    encoder.encode(state)
    encoder.encode(accounts)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    policyEpoch = try decoder.decodeUInt64()
    price = try decoder.decode()
    priceConfidence = try decoder.decode()
    power = try decoder.decodeOptional()
    staked = try decoder.decodeOptional()
    blockSpaceUsed = try decoder.decodeUInt128()
    mintedElsewhere = try decoder.decode()
    burnedElsewhere = try decoder.decode()
    candidates = try decoder.decodeArray(limit: 1 << 20)
    state = try decoder.decode()
    accounts = try decoder.decode()
  }
}
