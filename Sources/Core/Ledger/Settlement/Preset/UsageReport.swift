import Economics
import Primitives

/// Use of services that are not built, as a transaction brings it into an epoch's settlement.
///
/// On devnets only. It goes the way of every receipt: it waits until its epoch ends and is then one
/// of the inputs of `Preset.settle`.
package struct UsageReport: Hashable, Sendable, CanonicalCodable {
  /// The most accounts, and the most candidates, of one report.
  package static let accountLimit = 2_048
  package static let candidateLimit = 256
  /// How many epochs ahead of the running one a report may be.
  package static let epochsAhead: UInt64 = 10_000
  /// The most accounts that the reports of one epoch may have together.
  package static let epochAccountLimit = 65_536

  /// The ledger's epoch that it belongs to.
  package var epoch: UInt64
  /// What a token costs then, in place of the oracle's price; with its confidence interval.
  package var price: Credits?
  package var priceConfidence: Credits = .zero
  /// The network's power and stake where the accounts do not make them up.
  package var power: UInt128?
  package var staked: Amount?
  /// Units of block space used.
  package var blockSpaceUsed: UInt128 = 0
  package var candidates: [CandidateInput] = []
  package var accounts: [AccountInput] = []

  package init(epoch: UInt64) { self.epoch = epoch }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(price)
    encoder.encode(priceConfidence)
    encoder.encode(power)
    encoder.encode(staked)
    encoder.encode(blockSpaceUsed)
    encoder.encode(candidates)
    encoder.encode(accounts)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    price = try decoder.decodeOptional()
    priceConfidence = try decoder.decode()
    power = try decoder.decodeOptional()
    staked = try decoder.decodeOptional()
    blockSpaceUsed = try decoder.decodeUInt128()
    candidates = try decoder.decodeArray(limit: Self.candidateLimit)
    accounts = try decoder.decodeArray(limit: Self.accountLimit)
  }
}
