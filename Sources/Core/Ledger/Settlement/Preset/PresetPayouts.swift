import Cryptography
import Economics
import Primitives
import ServiceKit

/// The payout lines of an epoch that a preset settled: those of each service's receipts with their
/// causes, and one for whatever else the rules gave to a provider.
struct PresetPayouts {
  private let epoch: UInt64
  private let receipts: ServiceReceipts
  private let result: Settlement
  /// The place of each provider's own line of usage among the settlement's.
  private var usageLines: [(provider: ProviderID, index: Int)] = []

  init(
    epoch: UInt64, _ receipts: ServiceReceipts, _ result: Settlement, providerRole: String
  ) {
    self.epoch = epoch
    self.receipts = receipts
    self.result = result
    // The receipts are the first inputs, so the first line of usage of a provider is theirs.
    for row in receipts.rows where usageLines.last?.provider != row.provider {
      let index = result.lines.firstIndex {
        $0.kind == .usage && $0.account == row.provider && $0.role == providerRole
      }
      if let index { usageLines.append((row.provider, index)) }
    }
  }

  /// The lines, ascending by provider.
  /// - Parameter isProvider: whether an account has a provider's record.
  func lines(isProvider: (AccountID) -> Bool) -> [PayoutLine] {
    let own = Set(usageLines.map(\.index))
    var drafts = serviceDrafts()
    for (index, line) in result.lines.enumerated() where !own.contains(index) {
      if line.liquid == .zero && line.vesting == .zero { continue }
      if isProvider(line.account) { drafts.append(draft(of: line)) }
    }
    let sorted = drafts.enumerated().sorted {
      ($0.element.provider, $0.offset) < ($1.element.provider, $1.offset)
    }
    var lines: [PayoutLine] = []
    var next: UInt32 = 0
    for (_, draft) in sorted {
      next = lines.last?.provider == draft.provider ? next + 1 : 0
      lines.append(draft.at(next))
    }
    return lines
  }

  /// Divides each provider's payment among its receipts in proportion to what each earned: after
  /// each receipt the sum so far is rounded down, so all of it is divided.
  private func serviceDrafts() -> [PayoutLine] {
    var drafts: [PayoutLine] = []
    var (provider, soFar) = (ProviderID?.none, UInt128(0))
    var (paid, burned) = (UInt128(0), UInt128(0))
    for row in receipts.rows {
      if provider != row.provider { (provider, soFar, paid, burned) = (row.provider, 0, 0, 0) }
      soFar = soFar.addingSaturated(row.covered.baseUnits)
      let line = usageLine(of: row.provider)
      let tokens = part(line?.liquid, soFar, of: line?.credits)
      let destroyed = part(line?.burned, soFar, of: line?.credits)
      drafts.append(
        PayoutLine(
          epoch: epoch, provider: row.provider, index: 0,
          lease: StateKeys.lease(ofEarning: row.key),
          source: EarningSource(tag: row.key.bytes[45]) ?? .zero, credits: row.record.credits,
          tokens: Amount(baseUnits: tokens.subtractingSaturated(paid)),
          burned: Amount(baseUnits: destroyed.subtractingSaturated(burned)),
          quantity: row.record.quantity, creditsPerUnit: row.record.creditsPerUnit,
          rule: line?.rule ?? "", causes: row.record.causes))
      (paid, burned) = (tokens, destroyed)
    }
    return drafts
  }

  private func usageLine(of provider: ProviderID) -> PolicyLine? {
    usageLines.first { $0.provider == provider }.map { result.lines[$0.index] }
  }

  private func part(_ amount: Amount?, _ share: UInt128, of whole: Credits?) -> UInt128 {
    guard let amount, let whole, whole > .zero else { return 0 }
    let scaled = try? amount.baseUnits.scaled(by: share, over: whole.baseUnits, rounding: .down)
    return scaled ?? 0
  }

  private func draft(of line: PolicyLine) -> PayoutLine {
    var causes = CauseList()
    causes.append(
      Cause(kind: line.kind.rawValue, text: line.explanation, rule: line.rule, evidence: .zero))
    return PayoutLine(
      epoch: epoch, provider: line.account, index: 0, lease: nil, source: .policy(line.kind),
      credits: line.credits, tokens: line.isOfMainToken ? line.liquid : .zero,
      burned: line.burned, quantity: 0, creditsPerUnit: nil, rule: line.rule, causes: causes)
  }
}

extension PayoutLine {
  /// The line at its place among its provider's.
  fileprivate func at(_ index: UInt32) -> PayoutLine {
    PayoutLine(
      epoch: epoch, provider: provider, index: index, lease: lease, source: source,
      credits: credits, tokens: tokens, burned: burned, quantity: quantity,
      creditsPerUnit: creditsPerUnit, rule: rule, causes: causes)
  }
}

extension PolicyLine {
  /// A sentence for people.
  fileprivate var explanation: String {
    let unit = isOfMainToken ? "tokens" : token
    let later = vesting > .zero ? ", \(vesting) more vest" : ""
    switch kind {
    case .usage: return "\(liquid) \(unit) of what customers paid, \(burned) burned"
    case .reward: return "\(liquid) \(unit) of the emission's pool \(pool)\(later)"
    case .endowment: return "\(liquid) \(unit) of the endowment, pool \(pool)\(later)"
    case .vested: return "\(liquid) \(unit) of earlier rewards have vested"
    case .unlocked: return "\(liquid) \(unit) came back from a lock"
    case .redeemed: return "\(liquid) tokens of \(pool) for redeemed \(token)"
    case .refused: return "nothing from \(pool)"
    }
  }
}
