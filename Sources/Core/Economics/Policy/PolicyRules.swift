import Primitives

/// A network's economic rules from one date on: primitives, composed.
///
/// Plain data. `PolicyRules.settle` is its one interpreter; the ledger, the simulator and the tests
/// all call it. What a rule does not use is nil or empty.
package struct PolicyRules: Hashable, Sendable {
  /// Name and version, such as `helium/2025-01`: what payout lines cite.
  package var id: String
  /// From when on it holds.
  package var effectiveFrom: UnixTime
  /// What it does, in a sentence, and where it is written down.
  package var summary: String
  /// What of it is not certain. Said whenever the rules are used.
  package var uncertain: [String] = []

  /// What circulated when the rules took effect, where that is known: a state that begins there
  /// begins with it.
  package var knownCirculating: Amount?
  /// Emission stops when so much was minted.
  package var supplyCap: Amount?
  /// How usage is paid.
  package var credit: CreditRule = .direct
  /// What is taken from what customers paid, before the provider gets the rest.
  package var revenue: [RevenueShare] = []
  /// What is emitted, and to whom.
  package var streams: [EmissionStream] = []
  /// What of the burn comes back; it is added to the first stream.
  package var reEmission: ReEmission?
  /// How candidates (sub-networks) share.
  package var vote: VoteRule?
  /// The fee for block space.
  package var baseFee: BaseFee?
  /// A fee on capacity that is burned.
  package var capacityFee: CapacityFee?
  /// What is done with revenue above the suppliers' target.
  package var surplus: SurplusBuyBack?

  /// What a provider must have at stake to be paid from emission.
  package var stake: StakeRule?
  /// Whether accounts below the required stake are left out of the emission.
  package var stakeIsEnforced = false
  /// For how many epochs a stake stays after its owner left.
  package var stakeCooldownEpochs: UInt64 = 0
  /// What faults cost, by name.
  package var slashes: [NamedSlash] = []

  package var vesting: Vesting?
  package var endowment: EndowmentRule?
  package var lock: Lock?
  /// The curve for the sub-tokens' treasuries, and its breaker.
  package var redemption: Redemption?
  package var redemptionBreaker: Breaker?
  /// Limits the mint of a window to a multiple of the first stream's schedule.
  package var mintBreaker: Breaker?
  /// Tokens of sub-networks, which have treasuries in the main token.
  package var subTokens: [SubToken] = []

  package init(id: String, effectiveFrom: UnixTime, summary: String) {
    self.id = id
    self.effectiveFrom = effectiveFrom
    self.summary = summary
  }
}

/// A flow of tokens: a schedule, where it is paid from, and how it is divided.
package struct EmissionStream: Hashable, Sendable {
  package var name: String
  package var form: Emission
  /// The buckets that pay, in order; empty: it is minted.
  package var from: [String]
  package var split: PoolSplit

  package init(_ name: String, _ form: Emission, from: [String] = [], split: PoolSplit) {
    self.name = name
    self.form = form
    self.from = from
    self.split = split
  }
}

/// A part of what customers paid. Rounded up where it burns, down where it collects.
package struct RevenueShare: Hashable, Sendable {
  /// Where a part goes.
  package enum Destination: Hashable, Sendable {
    case burn
    /// It collects in the bucket of that name.
    case bucket(String)
  }

  package var perMillion: UInt64
  package var to: Destination

  package init(perMillion: UInt64, to: Destination) {
    self.perMillion = perMillion
    self.to = to
  }
}

/// How candidates share what is voted on: by weight, smoothed over epochs.
///
/// `S_t = (n−1)/n·S_{t−1} + 1/n·V_t`, rounded down at 10^-12. Sources: Helium HIP-51 (weight V·D·A,
/// n = 1) and HIP-141 (votes alone, n = 30).
package struct VoteRule: Hashable, Sendable {
  package var candidates: [String]
  package var weight: Weight
  package var smoothingEpochs: UInt64

  package init(candidates: [String], weight: Weight, smoothingEpochs: UInt64) {
    self.candidates = candidates
    self.weight = weight
    self.smoothingEpochs = smoothingEpochs
  }
}

/// Buys tokens with a part of the surplus over the suppliers' target and burns them; rounded down.
///
/// Source: io.net from June 2026 (at least half).
package struct SurplusBuyBack: Hashable, Sendable {
  /// The stream whose ``UsdTargetEmission`` sets the target.
  package var stream: String
  package var perMillion: UInt64

  package init(stream: String, perMillion: UInt64) {
    self.stream = stream
    self.perMillion = perMillion
  }
}

/// An endowment and whom it pays.
package struct EndowmentRule: Hashable, Sendable {
  package var form: Endowment
  /// The part of what customers pay that goes into it, in parts of 1,000,000.
  package var intakePerMillion: UInt64
  package var split: PoolSplit

  package init(_ form: Endowment, intakePerMillion: UInt64, split: PoolSplit) {
    self.form = form
    self.intakePerMillion = intakePerMillion
    self.split = split
  }
}

/// What one kind of fault costs.
package struct NamedSlash: Hashable, Sendable {
  package var name: String
  package var slash: Slash

  package init(_ name: String, _ slash: Slash) {
    self.name = name
    self.slash = slash
  }
}

/// The token of a sub-network.
package struct SubToken: Hashable, Sendable {
  package var name: String
  /// What existed at its start.
  package var premine: Amount
  package var emission: StepEmission
  package var split: PoolSplit
  /// The bucket of main tokens that backs it.
  package var treasury: String

  package init(
    _ name: String, premine: Amount, emission: StepEmission, split: PoolSplit, treasury: String
  ) {
    self.name = name
    self.premine = premine
    self.emission = emission
    self.split = split
    self.treasury = treasury
  }
}
