/// What the page shows, at one moment. Whoever knows the ledger and its services fills it in.
package struct DashboardSnapshot: Sendable, Codable {
  /// The chain's name.
  package var chainName = ""
  /// The last committed height.
  package var height: UInt64 = 0
  /// The running settlement epoch.
  package var epoch: UInt64 = 0
  /// How much of the epoch has passed, in thousandths.
  package var epochThousandths: UInt64 = 0
  /// The epoch's length in ledger time, in milliseconds.
  package var epochMilliseconds: UInt64 = 0
  /// The code in force for new data, such as `6 of 12`.
  package var codeClass = ""
  /// Bytes that customers stored, as shards on providers.
  package var storedBytes: UInt64 = 0
  /// Of those, bytes whose last proof passed.
  package var provenBytes: UInt64 = 0
  /// Bytes that providers offer.
  package var capacityBytes: UInt64 = 0
  /// Challenges passed, ever.
  package var passed: UInt64 = 0
  /// Challenges missed, ever.
  package var missed: UInt64 = 0
  /// Tokens paid to providers, ever, as a decimal.
  package var paidTokens = "0"
  /// Tokens burned, ever, as a decimal.
  package var burnedTokens = "0"
  /// Bundles on the ledger.
  package var bundles: UInt64 = 0
  /// Bundles with a slot that nobody fills.
  package var degradedBundles: UInt64 = 0
  /// Bytes on providers that no object uses, in bundles that are still wanted.
  package var garbageBytes: UInt64 = 0
  /// Bytes of released bundles that are paid for until their lock-up or last proof is over.
  package var releasedBytes: UInt64 = 0
  /// What customers must do about their leases, in sentences.
  package var leaseWarnings: [String] = []
  /// The latest blocks, newest first.
  package var blocks: [Block] = []
  package var providers: [Provider] = []
  /// The latest payout lines, newest first.
  package var payouts: [Payout] = []
  /// Why the rest is old or missing, such as a ledger that does not answer; nil when all is well.
  package var trouble: String?

  package init() {}

  /// A block.
  package struct Block: Sendable, Codable {
    package let height: UInt64
    /// When it was made, in milliseconds since 1970.
    package let timeMilliseconds: UInt64
    /// Transactions in it, the beacon not counted.
    package let transactions: UInt64
    /// What happened in it, in a few words.
    package let summary: String

    package init(
      height: UInt64, timeMilliseconds: UInt64, transactions: UInt64, summary: String
    ) {
      self.height = height
      self.timeMilliseconds = timeMilliseconds
      self.transactions = transactions
      self.summary = summary
    }
  }

  /// How a provider is, as a colour.
  package enum ProviderHealth: String, Sendable, Codable {
    /// It runs and its last proof passed, or none was due.
    case good
    /// It runs, but something is wrong: absent on the ledger, a missed proof.
    case warning
    /// It does not answer.
    case down
  }

  /// A provider.
  package struct Provider: Sendable, Codable {
    package var name: String
    package var health: ProviderHealth
    /// How it is, in a few words.
    package var summary: String
    package var storedBytes: UInt64
    package var capacityBytes: UInt64
    package var passed: UInt64
    package var missed: UInt64
    /// Tokens it was paid, ever, as a decimal.
    package var earnedTokens: String
    /// Tokens of its bond, as a decimal.
    package var bondTokens: String

    package init(
      name: String, health: ProviderHealth, summary: String, storedBytes: UInt64,
      capacityBytes: UInt64, passed: UInt64, missed: UInt64, earnedTokens: String,
      bondTokens: String
    ) {
      self.name = name
      self.health = health
      self.summary = summary
      self.storedBytes = storedBytes
      self.capacityBytes = capacityBytes
      self.passed = passed
      self.missed = missed
      self.earnedTokens = earnedTokens
      self.bondTokens = bondTokens
    }
  }

  /// A payout line, or a zero with its reason.
  package struct Payout: Sendable, Codable {
    package let epoch: UInt64
    package let provider: String
    /// What the line is for, such as `storage` or `egress`.
    package let source: String
    package let tokens: String
    package let credits: String
    package let why: String

    package init(
      epoch: UInt64, provider: String, source: String, tokens: String, credits: String,
      why: String
    ) {
      self.epoch = epoch
      self.provider = provider
      self.source = source
      self.tokens = tokens
      self.credits = credits
      self.why = why
    }
  }
}

/// Who fills the page in.
package protocol DashboardSource: Sendable {
  /// The state of the network now. What cannot be had is said in ``DashboardSnapshot/trouble``.
  func snapshot() async -> DashboardSnapshot
}
