import Cryptography
import Economics
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

/// Epochs of a ledger that settles by a preset: receipts of services, what is reported, and what is
/// refused.
struct PresetSettlementTests {
  private static let provider = TestChain.key(1)
  private static let customer = TestChain.key(2)
  private static let anyone = TestChain.key(3)

  /// The test chain's genesis with a preset from 26 November 2026 on.
  /// - Parameter hasOracle: without one a token is a dollar; with one no price is known.
  private static func genesis(
    _ preset: Preset, hasOracle: Bool = false, allowsFaucet: Bool = true
  ) -> Genesis {
    let base = TestChain.makeGenesis()
    let parameters = LedgerParameters.devnet(
      epochMilliseconds: UInt128(TestChain.epochMilliseconds), services: [FakeService()],
      policy: PolicyCatalogue.id(of: preset)
    ).map { parameter in
      switch parameter.name {
      case StakingParameters.oracleMaximumAge where !hasOracle:
        Genesis.Parameter(name: parameter.name, value: 0)
      case StakingParameters.reward: Genesis.Parameter(name: parameter.name, value: 0)
      default: parameter
      }
    }
    return Genesis(
      chainName: base.chainName, genesisTimeMilliseconds: base.genesisTimeMilliseconds,
      accounts: base.accounts, validators: base.validators, governors: base.governors,
      parameters: parameters, allowsFaucet: allowsFaucet,
      preset: GenesisPreset(
        preset: preset, firstEpoch: preset.calendar.epoch(from: UnixTime(2026, 11, 26))))
  }

  /// A chain on which the provider has earned 15 credits by vouchers.
  private static func earned(_ preset: Preset, hasOracle: Bool = false) throws -> TestChain {
    var chain = try TestChain(genesis(preset, hasOracle: hasOracle))
    try chain.register(provider)
    let lease = try chain.openLease(by: customer)
    let voucher = Voucher(
      chain: chain.machine.chain, lease: lease, lane: 0, provider: provider.accountID,
      cumulative: .whole(15))
    try chain.expect(.claimVoucher(SignedVoucher.sign(voucher, with: customer)), by: provider)
    return chain
  }

  private static func price(_ price: Credits, _ epoch: UInt64) -> Ledger.Operation {
    var report = UsageReport(epoch: epoch)
    report.price = price
    return .reportUsage(report)
  }

  private static func tokens(_ text: String) throws -> Amount {
    try #require(Amount(decimal: text))
  }

  @Test func commonsPaysUsageBurnsAndSubsidises() throws {
    var chain = try Self.earned(.commons)
    let before = (provider: chain.balance(Self.provider), supply: chain.supply)
    let state = try #require(chain.machine.policyState)
    let (epoch, lines) = try chain.endEpoch()
    let after = try #require(chain.machine.policyState)
    // 10 % of 15 burn; 8 % of 15 are the subsidy, of which a quarter is free at once.
    #expect(lines.map(\.source) == [.voucher, .policy(.reward)])
    #expect(lines.map(\.tokens) == [try Self.tokens("13.5"), try Self.tokens("0.3")])
    #expect(lines.map(\.rule) == ["commons/1", "commons/1"])
    #expect(lines[0].burned == (try Self.tokens("1.5")))
    #expect(lines[0].causes.kept.map(\.kind) == ["voucher"])
    #expect(after.vesting == (try Self.tokens("0.9")))
    #expect(
      after.account(Self.provider.accountID)?.vesting.locked == (try Self.tokens("0.9")))
    #expect(chain.balance(Self.provider) == (try before.provider.adding(Self.tokens("13.8"))))
    // The escrow's fifteen tokens are gone, and the ledger's totals are the policy's.
    #expect(chain.supply.vault == (try before.supply.vault.subtracting(.whole(15))))
    #expect(chain.supply.unpaid == .zero)
    #expect(chain.supply.issued == after.minted && chain.supply.burned == after.burned)
    #expect(after.minted > state.minted && after.burned > state.burned)
    #expect(after.epoch == state.epoch + 1)
    let settled = try #require(chain.machine.settledEpoch(epoch))
    #expect(settled.inputs.accounts.map(\.role) == ["provider", "customer"])
    // What vests comes the next epoch.
    let (_, later) = try chain.endEpoch()
    #expect(later.filter { $0.provider == Self.provider.accountID && $0.tokens > .zero }.count == 1)
  }

  /// Every row of a settlement, in every table: a change of a format is an explicit decision.
  @Test func theFormatIsGolden() throws {
    var chain = try TestChain(Self.genesis(.commons))
    var report = Samples.usageReport
    report.epoch = 0
    report.candidates = []
    report.accounts[0].redeem = nil
    report.accounts[0].lock = .init(amount: .whole(4), epochs: 50)
    try chain.expect(.reportUsage(report), by: Self.anyone)
    _ = try chain.endEpoch()
    let golden = Golden("ledger")
    var mismatches: [String] = []
    for table in StateKeys.Table.allCases where (40..<50).contains(table.rawValue) {
      var bytes: [UInt8] = []
      for row in chain.machine.rows(in: StateKeys.all(table)) {
        bytes += row.key.bytes + row.value
      }
      let (name, hash) = ("preset-table/\(table)", Digest.sha256(bytes).hex)
      do { try golden.check(name, hash) } catch { mismatches.append("\(name) \(hash)") }
    }
    #expect(mismatches.isEmpty, "add or explain:\n\(mismatches.joined(separator: "\n"))")
  }

  @Test func heliumBurnsCreditsAndPaysNoUsage() throws {
    var chain = try Self.earned(.helium)
    let burned = chain.supply.burned
    let (_, lines) = try chain.endEpoch()
    let voucher = try #require(lines.first { $0.source == .voucher })
    #expect(voucher.credits == .whole(15) && voucher.tokens == .zero)
    // At a dollar a token.
    #expect(chain.supply.burned == (try burned.adding(.whole(15))))
    let state = try #require(chain.machine.policyState)
    #expect(state.buckets.entries.contains { $0.amount > .zero })
  }

  @Test func withoutAPriceEarningsWait() throws {
    var chain = try Self.earned(.commons, hasOracle: true)
    let before = chain.balance(Self.provider)
    let (epoch, lines) = try chain.endEpoch()
    #expect(lines.allSatisfy { $0.tokens == .zero } && chain.supply.unpaid == .whole(15))
    #expect(chain.balance(Self.provider) == before)
    // At two dollars a token, fifteen credits cost seven and a half tokens.
    let customer = chain.balance(Self.customer)
    try chain.expect(Self.price(.whole(2), epoch + 1), by: Self.anyone)
    let paid = try chain.endEpoch().lines
    #expect(paid.first { $0.source == .voucher }?.tokens == (try Self.tokens("6.75")))
    #expect(chain.supply.unpaid == .zero)
    #expect(chain.balance(Self.customer) == (try customer.adding(Self.tokens("7.5"))))
  }

  @Test func whatACustomerCannotCoverIsNotPaid() throws {
    var chain = try Self.earned(.commons, hasOracle: true)
    let spare = chain.balance(Self.customer)
    try chain.expect(
      .transfer(to: Self.anyone.accountID, amount: spare.subtracting(.whole(5))),
      by: Self.customer)
    // Fifteen credits would cost sixty tokens at a quarter; there are fifteen in escrow and five.
    let quarter = Credits(baseUnits: Credits.whole(1).baseUnits / 4)
    try chain.expect(Self.price(quarter, 0), by: Self.anyone)
    let line = try #require(try chain.endEpoch().lines.first { $0.source == .voucher })
    #expect(line.credits == .whole(15) && line.tokens == .whole(18) && line.burned == .whole(2))
    #expect(chain.balance(Self.customer) == .zero)
  }

  @Test func reportsThatCannotBeSettledAreLeftOut() throws {
    var chain = try Self.earned(.commons)
    var report = UsageReport(epoch: 0)
    var buyer = AccountInput(Self.anyone.accountID, role: "customer")
    buyer.bought = Credits(baseUnits: .max)
    report.accounts = [buyer]
    try chain.expect(.reportUsage(report), by: Self.anyone)
    let (epoch, lines) = try chain.endEpoch()
    #expect(lines.first?.tokens == (try Self.tokens("13.5")))
    let settled = try #require(chain.machine.settledEpoch(epoch))
    #expect(!settled.inputs.accounts.contains { $0.account == Self.anyone.accountID })
  }

  @Test func reportsEnterTheSettlementOfTheirEpoch() throws {
    var chain = try TestChain(Self.genesis(.commons))
    var report = UsageReport(epoch: 1)
    var input = AccountInput(Self.anyone.accountID, role: "provider")
    input.measures.usage = .whole(10)
    var buyer = AccountInput(Self.customer.accountID, role: "customer")
    buyer.bought = .whole(10)
    buyer.lock = .init(amount: .whole(100), epochs: 30)
    report.accounts = [input, buyer]
    try chain.expect(.reportUsage(report), by: Self.anyone)
    _ = try chain.endEpoch()
    #expect(chain.machine.settledEpoch(0)?.inputs.accounts.isEmpty == true)
    let customer = chain.balance(Self.customer)
    _ = try chain.endEpoch()
    #expect(chain.machine.settledEpoch(1)?.inputs.accounts == report.accounts)
    #expect(chain.balance(Self.customer) == (try customer.subtracting(.whole(110))))
    let state = try #require(chain.machine.policyState)
    #expect(state.locked == .whole(100))
    #expect(state.account(Self.customer.accountID)?.locks.map(\.amount) == [.whole(100)])
    #expect(
      chain.machine.rows(in: StateKeys.ofEpoch(.usageReport, 1)).isEmpty, "reports are used up")
  }

  @Test func refusals() throws {
    var commons = try TestChain()
    try commons.expect(.noPreset, for: Self.price(.whole(1), 0), by: Self.anyone)
    var production = try TestChain(Self.genesis(.commons, allowsFaucet: false))
    try production.expect(.usageRefused, for: Self.price(.whole(1), 0), by: Self.anyone)
    var chain = try TestChain(Self.genesis(.helium))
    _ = try chain.endEpoch()
    try chain.expect(.usageEpoch, for: Self.price(.whole(1), 0), by: Self.anyone)
    try chain.expect(.usageEpoch, for: Self.price(.whole(1), 10_002), by: Self.anyone)
    var report = UsageReport(epoch: 1)
    report.accounts = [AccountInput(Self.anyone.accountID, role: "pirate")]
    try chain.expect(.usageInvalid, for: .reportUsage(report), by: Self.anyone)
    report.accounts = []
    report.candidates = [CandidateInput("moon", measures: Measures())]
    try chain.expect(.usageInvalid, for: .reportUsage(report), by: Self.anyone)
  }

  @Test func aGenesisNeedsThePresetThatItNames() throws {
    let base = Self.genesis(.commons)
    let nameless = Genesis(
      chainName: "x", genesisTimeMilliseconds: 1, accounts: base.accounts,
      validators: base.validators, policy: "preset/commons")
    #expect(throws: LedgerStartError.self) {
      try LedgerMachine(genesis: nameless, services: [FakeService()])
    }
    var broken = Preset.commons
    broken.rules[0].revenue[0].perMillion = 2_000_000
    #expect(throws: LedgerStartError.self) {
      try LedgerMachine(genesis: Self.genesis(broken), services: [FakeService()])
    }
    #expect(try Genesis(canonicalBytes: base.canonicalBytes()) == base)
    // Another rule is another chain.
    var other = Preset.commons
    other.rules[0].revenue[0].perMillion += 1
    #expect(Self.genesis(other).chain != base.chain)
  }

  @Test func historyIsDroppedWithItsEpoch() throws {
    let base = Self.genesis(.commons)
    let short = Genesis(
      chainName: base.chainName, genesisTimeMilliseconds: base.genesisTimeMilliseconds,
      accounts: base.accounts, validators: base.validators,
      parameters: base.parameters.map {
        $0.name == LedgerParameters.historyEpochs ? .init(name: $0.name, value: 2) : $0
      }, allowsFaucet: true, preset: base.preset)
    var chain = try TestChain(short)
    var report = UsageReport(epoch: 0)
    report.accounts = [AccountInput(Self.anyone.accountID, role: "provider")]
    report.accounts[0].measures.usage = .whole(1)
    try chain.expect(.reportUsage(report), by: Self.anyone)
    for _ in 0..<4 { _ = try chain.endEpoch() }
    #expect(chain.machine.settledEpoch(0) == nil && chain.machine.settledEpoch(3) != nil)
    for table in [StateKeys.Table.settledInput, .settledLine, .settledCharge, .settledBalance] {
      #expect(chain.machine.rows(in: StateKeys.ofEpoch(table, 0)).isEmpty)
    }
  }
}
