import ChainClient
import Foundation
import Ledger
import Primitives
import ServiceKit
import StorageService

/// Who was paid what, and why: from payout lines down to proofs and rules.
struct EarningsReport: Codable {
  struct Reason: Codable {
    let kind: String
    let text: String
    let rule: String
    /// The hash of the evidence: a transcript, a voucher, a challenge.
    let evidence: String
  }

  struct Line: Codable {
    let epoch: UInt64
    let provider: String
    let account: String
    /// `storage`, `egress`, `staging`, `repair`, …, or `nothing`.
    let source: String
    let lease: UInt64?
    let credits: String
    let tokens: String
    let burned: String
    let quantity: String
    let unit: String
    let creditsPerUnit: String?
    /// What the price is per, such as `GiB and hour`.
    let priceUnit: String
    /// The policy's rule that split it.
    let rule: String
    let reasons: [Reason]
    /// How many causes there were in all; the first ones are in `reasons`.
    let reasonCount: UInt64
  }

  struct Slash: Codable {
    let epoch: UInt64
    let provider: String
    let amount: String
    let toBeneficiaries: String
    let refunded: String
    let burned: String
    let reason: Reason
  }

  /// What the stake with a validator got in an epoch, or why it got nothing.
  struct Staking: Codable {
    let epoch: UInt64
    let validator: String
    let stake: String
    let reward: String
    let commission: String
    /// What each staker had of the rest.
    let stakers: [Staker]
    let reason: Reason
  }

  struct Staker: Codable {
    let account: String
    let shares: String
    let earned: String
  }

  /// Rewards that a staker had paid.
  struct Claim: Codable {
    let staker: String
    let validator: String
    let amount: String
    let shares: String
  }

  struct Total: Codable {
    let provider: String
    let account: String
    let credits: String
    let tokens: String
    let burned: String
    let lines: Int
    let zeroLines: Int
    let slashed: String
    let bond: String
    /// Why there is nothing, when there is nothing.
    let reasonForZero: String?
    /// After its operator's costs; nil where the provider is not of this machine.
    let net: NetIncome?
  }

  let epochs: [UInt64]
  let totals: [Total]
  let lines: [Line]
  let slashes: [Slash]
  let staking: [Staking]
  let claims: [Claim]

  /// Reads the ledger.
  /// - Throws: `LedgerClientError`, ``UserError``.
  static func make(
    _ network: OpenNetwork, provider: AccountID?, lastEpochs: Int
  ) async throws -> EarningsReport {
    let reader = LedgerReader(client: network.ledger)
    let names = try NameBook(network)
    let clock = try await reader.clock()
    let first = clock.epoch > UInt64(lastEpochs) ? clock.epoch - UInt64(lastEpochs) : 0
    var lines: [PayoutLine] = []
    var slashes: [SlashRecord] = []
    for epoch in first..<clock.epoch {
      lines += try await reader.rows(StateKeys.payouts(epoch: epoch), as: PayoutLine.self)
    }
    for epoch in first...clock.epoch {
      slashes += try await reader.rows(StateKeys.slashes(epoch: epoch), as: SlashRecord.self)
    }
    if let provider {
      lines.removeAll { $0.provider != provider }
      slashes.removeAll { $0.provider != provider }
    }
    let stakes = try await StakingEarnings.read(
      reader, names, epochs: first..<clock.epoch, of: provider)
    let providers = try await reader.providers().filter { provider == nil || $0.id == provider }
    let storage = try await reader.storageProviders()
    let summaries = try await reader.rows(StateKeys.all(.epoch), as: EpochSummary.self)
      .filter { $0.epoch >= first }
    let time = summaries.reduce(UInt64(0)) {
      $0 + $1.endedAt.milliseconds(since: $1.startedAt)
    }
    let costs = try OperatorBooks(network, milliseconds: time)
    return EarningsReport(
      epochs: Array(first..<clock.epoch),
      totals: try providers.map { entry in
        try total(
          entry, lines: lines.filter { $0.provider == entry.id }, names,
          storage: storage.first { $0.id == entry.id }, costs)
      }.sorted { $0.provider.compare($1.provider, options: .numeric) == .orderedAscending },
      lines: lines.map { line($0, names) },
      slashes: slashes.map { slash($0, names) },
      staking: stakes.staking, claims: stakes.claims)
  }

  private static func total(
    _ provider: (id: AccountID, record: ProviderRecord), lines: [PayoutLine], _ names: NameBook,
    storage: StorageProviderRecord?, _ costs: OperatorBooks
  ) throws -> Total {
    var credits = Credits.zero
    var tokens = Amount.zero
    var burned = Amount.zero
    for line in lines {
      credits = try credits.adding(line.credits)
      tokens = try tokens.adding(line.tokens)
      burned = try burned.adding(line.burned)
    }
    return Total(
      provider: names.name(of: provider.id), account: provider.id.didKey,
      credits: "\(credits)", tokens: "\(tokens)", burned: "\(burned)", lines: lines.count,
      zeroLines: lines.count { $0.tokens == .zero }, slashed: "\(provider.record.slashed)",
      bond: "\(provider.record.bond)",
      reasonForZero: tokens == .zero ? reasonForZero(lines, storage) : nil,
      net: try costs.net(of: provider.id, lines: lines))
  }

  private static func reasonForZero(
    _ lines: [PayoutLine], _ storage: StorageProviderRecord?
  ) -> String {
    if let cause = lines.last(where: { $0.tokens == .zero })?.cause { return cause.text }
    guard let storage else { return "it has never said that it is available for storage" }
    if storage.isAbsent { return "it is marked absent: it missed its last proof window" }
    if storage.obligations == 0 { return "no bundle has been placed with it yet" }
    return "no epoch has ended since its first proof"
  }

  private static func line(_ line: PayoutLine, _ names: NameBook) -> Line {
    Line(
      epoch: line.epoch, provider: names.name(of: line.provider), account: line.provider.didKey,
      source: SourceText.name(line.source), lease: line.lease?.number,
      credits: "\(line.credits)", tokens: "\(line.tokens)", burned: "\(line.burned)",
      quantity: String(line.quantity), unit: SourceText.unit(line.source),
      creditsPerUnit: line.creditsPerUnit.map { "\($0)" },
      priceUnit: SourceText.priceUnit(line.source), rule: line.rule,
      reasons: line.causes.kept.map(reason), reasonCount: line.causes.count)
  }

  private static func slash(_ slash: SlashRecord, _ names: NameBook) -> Slash {
    Slash(
      epoch: slash.epoch, provider: names.name(of: slash.provider), amount: "\(slash.amount)",
      toBeneficiaries: "\(slash.toBeneficiaries)", refunded: "\(slash.refunded)",
      burned: "\(slash.burned)", reason: reason(slash.cause))
  }

  static func reason(_ cause: Cause) -> Reason {
    Reason(
      kind: cause.kind, text: cause.text, rule: cause.rule,
      evidence: cause.evidence == .zero ? "" : cause.evidence.hex)
  }
}
