import Cryptography
import Economics
import Ledger
import Primitives
import ServiceKit

/// One value of each wire and record type, for golden hashes.
enum Samples {
  static let account = TestChain.key(1).accountID
  static let cause = Cause(
    kind: "stream", text: "text", rule: "rule/1", evidence: Digest.sha256([1]))
  static let escrow = EscrowBalances(
    stream: .whole(1), staging: .whole(2), repair: .whole(3), usage: .whole(4))
  static let terms = OrderTerms(
    service: ServiceID(number: 1), matching: .pool, ceiling: TestChain.prices, escrow: escrow,
    details: [1, 2])
  static let voucher = SignedVoucher.sign(
    Voucher(
      chain: Digest.sha256([7]), lease: LeaseID(number: 2), lane: 3, provider: account,
      cumulative: .whole(5)), with: TestChain.key(0))

  static let validatorTerms = ValidatorTerms(
    name: "name", consensusPublicKey: TestChain.key(2).accountID.value,
    verifiableRandomPublicKey: TestChain.key(3).accountID.value, commission: .standard,
    stake: .whole(100))

  static let operations: [(name: String, operation: Ledger.Operation)] = [
    ("transfer", .transfer(to: account, amount: .whole(1))),
    ("faucet", .faucet(to: account, amount: .whole(1))),
    (
      "register-provider",
      .registerProvider(
        endpoint: "127.0.0.1:9710", location: TestChain.loopback, bond: .whole(100))
    ),
    ("update-provider", .updateProvider(endpoint: "host:1", location: TestChain.loopback)),
    ("top-up-bond", .topUpBond(amount: .whole(1))),
    ("start-unbonding", .startUnbonding),
    ("withdraw-bond", .withdrawBond),
    ("post-offer", .postOffer(service: terms.service, prices: TestChain.prices, capacity: 9)),
    ("withdraw-offer", .withdrawOffer(service: terms.service)),
    ("place-order", .placeOrder(terms)),
    ("cancel-order", .cancelOrder(OrderID(number: 1))),
    ("place-bid", .placeBid(order: OrderID(number: 1), prices: TestChain.prices)),
    ("accept-bid", .acceptBid(order: OrderID(number: 1), provider: account)),
    (
      "top-up-lease",
      .topUpLease(lease: LeaseID(number: 1), bucket: .usage, credits: .whole(1))
    ),
    (
      "close-lease",
      .closeLease(lease: LeaseID(number: 1), reason: "done", evidence: Digest.sha256([2]))
    ),
    ("claim-voucher", .claimVoucher(voucher)),
    ("change-parameter", .changeParameter(name: "fake.size", value: 3)),
    ("service", .service(terms.service, payload: [1, 2, 3])),
    ("create-validator", .createValidator(validatorTerms)),
    ("edit-validator", .editValidator(name: "name", commission: 7)),
    ("delegate", .delegate(validator: account, amount: .whole(1))),
    ("undelegate", .undelegate(validator: account, amount: .whole(1))),
    ("unjail", .unjail),
    ("claim-rewards", .claimRewards(validator: account)),
    ("report-usage", .reportUsage(usageReport)),
    ("redelegate", .redelegate(from: account, to: account, amount: .whole(1))),
  ]

  static let accountInput: AccountInput = {
    var input = AccountInput(account, role: "provider")
    input.measures.usage = .whole(1)
    input.measures.work = 2
    input.bought = .whole(3)
    input.lock = .init(amount: .whole(4), epochs: 5)
    input.redeem = .init(subToken: "IOT", amount: .whole(6))
    return input
  }()

  static let usageReport: UsageReport = {
    var report = UsageReport(epoch: 7)
    report.price = .whole(2)
    report.power = 9
    report.candidates = [CandidateInput("iot", measures: Measures())]
    report.accounts = [accountInput]
    return report
  }()

  static var records: [(name: String, bytes: [UInt8])] {
    var causes = CauseList()
    causes.append(cause)
    let time = LedgerTime(milliseconds: 12)
    return [
      (
        "account",
        AccountRecord(
          balance: .whole(1), lanes: [AccountRecord.Lane(number: 2, nextSequence: 3)]
        ).canonicalBytes()
      ),
      (
        "provider",
        ProviderRecord(
          endpoint: "host:1", location: TestChain.loopback, bond: .whole(1),
          standing: .unbonding(until: time), registeredAt: time, slashed: .whole(2)
        ).canonicalBytes()
      ),
      (
        "offer",
        OfferRecord(prices: TestChain.prices, capacity: 5, postedAt: time).canonicalBytes()
      ),
      (
        "order",
        OrderRecord(customer: account, terms: terms, placedAt: time, lease: LeaseID(number: 1))
          .canonicalBytes()
      ),
      (
        "lease",
        LeaseRecord(
          customer: account, service: terms.service, provider: account, prices: TestChain.prices,
          order: OrderID(number: 1), openedAt: time, escrow: escrow, shortSince: time,
          state: .closing(until: time, cause: cause)
        ).canonicalBytes()
      ),
      ("earning", EarningRecord(credits: .whole(1), quantity: 2, causes: causes).canonicalBytes()),
      (
        "payout",
        PayoutLine(
          epoch: 1, provider: account, index: 2, lease: LeaseID(number: 3),
          source: .metered(.egressBytes), credits: .whole(1), tokens: .whole(2),
          burned: .whole(3), quantity: 4, creditsPerUnit: .whole(5), rule: "commons/0",
          causes: causes
        ).canonicalBytes()
      ),
      (
        "validator",
        ValidatorRecord(
          number: ValidatorNumber(number: 1), terms: validatorTerms, createdAt: time
        ).canonicalBytes()
      ),
      (
        "delegation",
        DelegationRecord(
          holding: RewardHolding(shares: 5, index: RewardIndex(perShare: 6)), since: time
        ).canonicalBytes()
      ),
      (
        "redelegation",
        RedelegationRecord(
          delegator: account, target: ValidatorNumber(number: 3), initial: .whole(2),
          balance: .whole(1), completesAt: time
        ).canonicalBytes()
      ),
      (
        "unbonding",
        UnbondingRecord(
          delegator: account, initial: .whole(2), balance: .whole(1), completesAt: time
        ).canonicalBytes()
      ),
      ("signing", SigningRecord(since: 7, window: 20).canonicalBytes()),
      (
        "active-set",
        ActiveSetRecord(
          members: [.init(number: ValidatorNumber(number: 1), account: account, power: 3)]
        ).canonicalBytes()
      ),
      (
        "contributors",
        BeaconContributorsRecord(contributors: [.init(account: account, power: 3)])
          .canonicalBytes()
      ),
      (
        "staking-line",
        StakingLine(
          epoch: 1, validator: account, stake: .whole(2), shares: 3, reward: .whole(4),
          commission: .whole(5), perShareBefore: 6, perShareAfter: 7, cause: cause
        ).canonicalBytes()
      ),
      (
        "reward-claim",
        RewardClaimRecord(
          delegator: account, validator: account, time: time, amount: .whole(1), shares: 2,
          fromPerShare: 3, toPerShare: 4
        ).canonicalBytes()
      ),
      (
        "oracle-price",
        OraclePriceRecord(
          price: .whole(1), height: 2, time: time, reports: 3, power: 4, totalPower: 5
        ).canonicalBytes()
      ),
      (
        "extension-item",
        BlockItem.extensions(
          ExtensionItem(
            contributions: [
              BeaconContribution(
                validator: account,
                proof: VerifiableRandomKey(seed: TestChain.seed(9)).prove([1]))
            ],
            prices: [
              PriceReport.sign(
                .whole(1), height: 2, chain: Digest.sha256([7]), with: TestChain.key(1))
            ])
        ).canonicalBytes()
      ),
      ("account-input", accountInput.canonicalBytes()),
      ("settled-balance", SettledBalance(before: .whole(1), after: .whole(2)).canonicalBytes()),
      (
        "supply",
        SupplyRecord(
          issued: .whole(1), burned: .whole(2), vault: .whole(3), escrowed: .whole(4),
          unpaid: .whole(5)
        ).canonicalBytes()
      ),
    ]
  }
}
