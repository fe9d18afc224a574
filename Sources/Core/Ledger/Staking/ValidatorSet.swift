import Primitives
import ServiceKit

extension LedgerState {
  /// The validators that the engine was told of.
  var activeSet: ActiveSetRecord {
    read(ActiveSetRecord.self, at: StateKeys.activeSet) ?? ActiveSetRecord(members: [])
  }

  /// The set that stake asks for now: those who are not jailed, by power and then by age, as many
  /// as the limit allows; ascending by number.
  private var wantedMembers: [ActiveSetRecord.Member] {
    let limit = Int(clamping: value(of: StakingParameters.validatorLimit))
    var candidates: [ActiveSetRecord.Member] = []
    for (key, record) in records(ValidatorRecord.self, in: StateKeys.all(.validator))
    where record.jailedUntil == nil && record.power > 0 {
      guard let account = StateKeys.account(of: key) else { continue }
      candidates.append(
        ActiveSetRecord.Member(number: record.number, account: account, power: record.power))
    }
    candidates.sort { ($1.power, $0.number) < ($0.power, $1.number) }
    return candidates.prefix(limit).sorted { $0.number < $1.number }
  }

  /// Brings the set up to date and returns what the engine must be told: each key once, ascending,
  /// power 0 for who leaves. The engine acts on it two blocks later.
  ///
  /// A set is never empty: when all have left or are jailed, the last set stays as it is until
  /// somebody else stakes or is released (docs/decisions/0090).
  mutating func updateValidatorSet() -> [ValidatorUpdate] {
    guard validatorsChanged else { return [] }
    let before = activeSet
    let wanted = wantedMembers
    if wanted.isEmpty {
      note("validators.kept", [("count", String(before.members.count))])
      return []
    }
    if wanted == before.members { return [] }
    write(ActiveSetRecord(members: wanted), at: StateKeys.activeSet)
    return differences(from: before.members, to: wanted)
  }

  private mutating func differences(
    from before: [ActiveSetRecord.Member], to after: [ActiveSetRecord.Member]
  ) -> [ValidatorUpdate] {
    var updates: [ValidatorUpdate] = []
    for member in before where !after.contains(where: { $0.number == member.number }) {
      write(nil, at: StateKeys.signing(member.number))
      appendUpdate(of: member, power: 0, to: &updates)
    }
    for member in after {
      let old = before.first { $0.number == member.number }
      if old == nil { beginCounting(member) }
      if old?.power != member.power { appendUpdate(of: member, power: member.power, to: &updates) }
    }
    return updates.sorted { $0.publicKey < $1.publicKey }
  }

  /// A new member's first vote is for the block two heights on.
  private mutating func beginCounting(_ member: ActiveSetRecord.Member) {
    let window = UInt32(clamping: value(of: StakingParameters.signingWindow))
    write(
      SigningRecord(since: clock.height.addingSaturated(2), window: window),
      at: StateKeys.signing(member.number))
  }

  private func appendUpdate(
    of member: ActiveSetRecord.Member, power: UInt64, to updates: inout [ValidatorUpdate]
  ) {
    guard let record = read(ValidatorRecord.self, at: StateKeys.validator(member.account)) else {
      return
    }
    updates.append(ValidatorUpdate(publicKey: record.consensusPublicKey, power: power))
  }

  /// The present set with its keys, ascending by key.
  var validatorSet: [ValidatorUpdate] {
    var all: [ValidatorUpdate] = []
    for member in activeSet.members { appendUpdate(of: member, power: member.power, to: &all) }
    return all.sorted { $0.publicKey < $1.publicKey }
  }
}
