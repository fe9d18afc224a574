import Cryptography
import Primitives
import ServiceKit

extension LedgerState {
  /// How far ahead of its lane a transaction may be and still be admitted to a mempool.
  static let sequenceWindow: UInt64 = 4096

  /// The checks that come before the signature, in their order: chain, lane, expiry, account,
  /// sequence.
  /// - Parameters:
  ///   - height: the block that would execute it.
  ///   - next: the lane's next sequence where a block being put together has moved it on; nil for
  ///     the state's.
  func checkEnvelope(
    _ transaction: Transaction, height: UInt64, window: UInt64, next: UInt64? = nil
  ) throws(Rejection) {
    guard transaction.chain == genesis.chain else {
      throw Rejection(.wrongChain, "the transaction is for another chain")
    }
    guard transaction.lane < Transaction.laneCount else {
      throw Rejection(.badLane, "lane \(transaction.lane) does not exist; lanes are 0 to 63")
    }
    guard transaction.expiryHeight >= height else {
      throw Rejection(
        .expired, "the transaction expired at height \(transaction.expiryHeight); sign a new one")
    }
    let sender = read(AccountRecord.self, at: StateKeys.account(transaction.sender))
    if sender == nil, next == nil, !isFaucet(transaction.operation) {
      throw Rejection(.unknownAccount, "the sender has no account; send tokens to it first")
    }
    try checkSequence(
      transaction, next: next ?? sender?.nextSequence(lane: transaction.lane) ?? 0,
      window: window)
  }

  private func isFaucet(_ operation: Operation) -> Bool {
    if case .faucet = operation { genesis.allowsFaucet } else { false }
  }

  private func checkSequence(
    _ transaction: Transaction, next: UInt64, window: UInt64
  ) throws(Rejection) {
    let sequence = transaction.sequence
    if sequence < next || next == .max {
      throw Rejection(
        .sequenceUsed, "lane \(transaction.lane) is at sequence \(next); \(sequence) was used")
    }
    if sequence - next > window {
      throw Rejection(
        .sequenceGap, "lane \(transaction.lane) is at sequence \(next); \(sequence) is too far")
    }
  }

  /// Executes a transaction whose envelope and signature were checked. Its sequence is used up
  /// whatever becomes of the operation; a refused operation changes nothing else.
  mutating func execute(_ transaction: Transaction) throws(Rejection) {
    let key = StateKeys.account(transaction.sender)
    let before = savepoint()
    let known = read(AccountRecord.self, at: key)
    var sender = known ?? AccountRecord()
    sender.useSequence(lane: transaction.lane)
    write(sender, at: key)
    let start = savepoint()
    do throws(Rejection) {
      try perform(transaction.operation, for: transaction.sender)
    } catch {
      // An account that does not exist yet is not brought into being by a refusal.
      revert(to: known == nil ? before : start)
      throw error
    }
    tellProviderChanges()
  }

  private mutating func perform(
    _ operation: Operation, for sender: AccountID
  ) throws(Rejection) {
    switch operation {
    case .transfer(let receiver, let amount): try transfer(amount, from: sender, to: receiver)
    case .faucet(let receiver, let amount): try mint(amount, to: receiver)
    case .registerProvider(let endpoint, let location, let bond):
      try registerProvider(sender, endpoint: endpoint, location: location, bond: bond)
    case .updateProvider(let endpoint, let location):
      try updateProvider(sender, endpoint: endpoint, location: location)
    case .topUpBond(let amount): try topUpBond(sender, amount)
    case .startUnbonding: try startUnbonding(sender)
    case .withdrawBond: try withdrawBond(sender)
    case .claimVoucher(let voucher): try claim(voucher, by: sender)
    case .reportUsage(let report): try reportUsage(report)
    case .changeParameter(let name, let value): try changeParameter(name, value, by: sender)
    case .service(let id, let payload): try apply(payload, to: id, from: sender)
    case .postOffer, .withdrawOffer, .placeOrder, .cancelOrder, .placeBid, .acceptBid,
      .topUpLease, .closeLease:
      try trade(operation, for: sender)
    case .createValidator, .editValidator, .delegate, .undelegate, .redelegate, .unjail,
      .claimRewards:
      try stake(operation, for: sender)
    }
  }

  private mutating func trade(_ operation: Operation, for sender: AccountID) throws(Rejection) {
    switch operation {
    case .postOffer(let service, let prices, let capacity):
      try postOffer(service, by: sender, prices: prices, capacity: capacity)
    case .withdrawOffer(let service): try withdrawOffer(service, by: sender)
    case .placeOrder(let terms): try placeOrder(terms, by: sender)
    case .cancelOrder(let order): try cancelOrder(order, by: sender)
    case .placeBid(let order, let prices): try placeBid(order, by: sender, prices: prices)
    case .acceptBid(let order, let provider): try acceptBid(order, of: provider, by: sender)
    case .topUpLease(let lease, let bucket, let credits):
      try topUp(lease, bucket, credits, by: sender)
    case .closeLease(let lease, let reason, let evidence):
      try closeLease(lease, reason: reason, evidence: evidence, by: sender)
    default: break
    }
  }

  private mutating func stake(_ operation: Operation, for sender: AccountID) throws(Rejection) {
    switch operation {
    case .createValidator(let terms): try createValidator(sender, terms)
    case .editValidator(let name, let commission):
      try editValidator(sender, name: name, commission: commission)
    case .delegate(let validator, let amount):
      try delegate(amount, by: sender, to: validator)
    case .undelegate(let validator, let amount):
      try undelegate(amount, by: sender, from: validator)
    case .redelegate(let source, let target, let amount):
      try redelegate(amount, by: sender, from: source, to: target)
    case .unjail: try unjail(sender)
    case .claimRewards(let validator): try claimRewards(of: validator, by: sender)
    default: break
    }
  }

  private mutating func apply(
    _ payload: [UInt8], to id: ServiceID, from sender: AccountID
  ) throws(Rejection) {
    let service = try module(id)
    try asService(id) { (state) throws(Rejection) in
      try service.apply(payload, from: sender, in: &state)
    }
  }

  /// Checks: governor, name, bounds. In force from the next block on where a policy reads it.
  private mutating func changeParameter(
    _ name: String, _ value: UInt128, by sender: AccountID
  ) throws(Rejection) {
    guard genesis.governors.contains(sender) else {
      throw Rejection(.notGovernor, "only the genesis's governors change parameters")
    }
    guard let declaration = declarations[name] else {
      throw Rejection(.unknownParameter, "no parameter is called \(name)")
    }
    guard (declaration.minimum...declaration.maximum).contains(value) else {
      throw Rejection(
        .parameterOutOfBounds,
        "\(name) must be from \(declaration.minimum) to \(declaration.maximum), not \(value)")
    }
    write(ParameterRecord(value: value), at: StateKeys.parameter(name))
    validatorsChanged = true
    note("parameter.changed", [("name", name), ("value", String(value))])
  }
}
