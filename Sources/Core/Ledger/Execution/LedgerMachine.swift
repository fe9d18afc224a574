import Cryptography
import Primitives
import ServiceKit

/// The ledger's state machine, as a value: blocks in, outcomes out, no clock, file or task.
///
/// A copy shares rows and tree with its original until one of them changes, so a driver may answer
/// queries from a copy while it executes on another.
package struct LedgerMachine: Sendable {
  /// The most that one block adds to the ledger's clock, in milliseconds.
  package static let longestStepMilliseconds: UInt64 = 5_000

  private var state: LedgerState
  private var tree: StateTree

  /// A new chain.
  /// - Throws: ``LedgerStartError``.
  package init(genesis: Genesis, services: [any ServiceModule]) throws(LedgerStartError) {
    let sorted = services.sorted { $0.id < $1.id }
    let record = try GenesisRules.check(genesis, services: sorted)
    let rows = try GenesisRules.rows(genesis, record, services: sorted)
    state = LedgerState(
      rows: rows, genesis: record, preset: genesis.preset, services: sorted,
      clock: GenesisRules.clock(genesis, epochMilliseconds: 0))
    state.clock = GenesisRules.clock(
      genesis, epochMilliseconds: state.milliseconds(LedgerParameters.epochMilliseconds))
    tree = StateTree()
    for service in sorted {
      do throws(Rejection) {
        try state.asService(service.id) { (state) throws(Rejection) in
          try service.genesis(in: &state)
        }
      } catch {
        throw .serviceFailed("\(service.name): \(error)")
      }
    }
    do throws(Rejection) {
      try state.seatValidators(genesis.validators)
    } catch {
      throw .badGenesis("its validators cannot be seated: \(error)")
    }
    state.write(state.clock, at: StateKeys.clock)
    _ = state.takeChanges()
    state.events = []
    tree = Self.tree(over: state.rows)
  }

  /// A chain as it was stored.
  /// - Parameters:
  ///   - rows: all rows.
  ///   - expectedRoot: the state root that was stored with them; nil skips the comparison.
  /// - Throws: ``LedgerStartError``.
  package init(
    genesis: Genesis, services: [any ServiceModule],
    rows: StateRows, expectedRoot: Digest?
  ) throws(LedgerStartError) {
    let sorted = services.sorted { $0.id < $1.id }
    let record = try GenesisRules.check(genesis, services: sorted)
    tree = Self.tree(over: rows)
    if let expectedRoot, tree.root != expectedRoot {
      throw .rootMismatch(expected: expectedRoot, found: tree.root)
    }
    let stored = try Self.stored(GenesisRecord.self, at: StateKeys.genesis, in: rows)
    guard let stored, stored == record else {
      throw .otherChain(expected: record.chain, found: stored?.chain)
    }
    guard let clock = try Self.stored(ChainClock.self, at: StateKeys.clock, in: rows) else {
      throw .otherChain(expected: record.chain, found: stored.chain)
    }
    state = LedgerState(
      rows: rows, genesis: record, preset: genesis.preset, services: sorted, clock: clock)
  }

  private static func stored<T: CanonicalCodable>(
    _ type: T.Type, at key: StateKey, in rows: StateRows
  ) throws(LedgerStartError) -> T? {
    guard let bytes = rows.value(at: key) else { return nil }
    do throws(CodecError) {
      return try T(canonicalBytes: bytes)
    } catch {
      throw .badGenesis("the stored row of \(T.self) does not decode: \(error)")
    }
  }

  private static func tree(over rows: StateRows) -> StateTree {
    var changes: [StateTree.Change] = []
    changes.reserveCapacity(rows.count)
    rows.visit { key, value in
      changes.append(StateTree.Change(key: key.treeKey, value: Digest.sha256(value)))
    }
    var tree = StateTree()
    tree.update(consume changes)
    return tree
  }

  // MARK: Where it is

  /// The height of the last block; 0 after genesis.
  package var height: UInt64 { state.clock.height }
  /// The ledger's own clock.
  package var time: LedgerTime { state.clock.time }
  /// The wall-clock time of the last block, in milliseconds since 1970. A driver stamps the next
  /// block with the larger of this and its own clock.
  package var lastTimeMilliseconds: UInt64 { state.clock.unixMilliseconds }
  /// The chain's identity.
  package var chain: Digest { state.genesis.chain }
  /// The root of the state tree.
  package var stateRoot: Digest { tree.root }
  /// A hash chain over all blocks; the genesis's hash before the first.
  package var lastBlockHash: Digest { state.clock.blockHash }
  /// Height, times, epoch and beacon together.
  package var clock: ChainClock { state.clock }
  /// How many rows the state has.
  package var rowCount: Int { state.rows.count }
  /// When a block is wanted although nobody sends anything.
  package var nextWork: NextWork { state.nextWork }
  /// The validators that the engine was told of, ascending by key; what it begins with at genesis.
  package var validatorSet: [ValidatorUpdate] { state.validatorSet }

  /// The account of the validator that votes under an address, whether it is in the set or not.
  package func validator(at address: ConsensusAddress) -> AccountID? {
    state.validator(at: address)
  }

  /// How long a driver may wait for its next block if nobody sends anything: 0 with work pending,
  /// at most 5 s while a deadline is ahead, nil when there is none.
  package var millisecondsUntilNextBlock: UInt64? {
    switch nextWork {
    case .now: 0
    case .at(let time): min(time.milliseconds(since: self.time), Self.longestStepMilliseconds)
    case .none: nil
    }
  }

  // MARK: Reading

  /// The value of a row.
  package func value(at key: StateKey) -> [UInt8]? { state.rows.value(at: key) }

  /// A row as a record; nil when there is none or when it is not of this type.
  package func record<T: CanonicalCodable>(_ type: T.Type = T.self, at key: StateKey) -> T? {
    guard let bytes = value(at: key) else { return nil }
    return try? T(canonicalBytes: bytes)
  }

  /// Rows from `start` up to but without `end`, ascending, at most `limit`.
  package func rows(
    from start: StateKey, to end: StateKey, limit: Int
  ) -> [(key: StateKey, value: [UInt8])] {
    state.rows.rows(from: start, to: end, limit: limit)
  }

  /// Rows of a range, ascending.
  package func rows(in range: KeyRange, limit: Int = .max) -> [(key: StateKey, value: [UInt8])] {
    state.rows.rows(from: range.from, to: range.to, limit: limit)
  }

  /// All rows, ascending: what a store keeps after genesis, and a snapshot.
  package func forEachRow<E: Error>(_ body: (StateKey, [UInt8]) throws(E) -> Void) throws(E) {
    try state.rows.visit(body)
  }

  /// Rows and tree as a snapshot takes them.
  var snapshotRows: StateRows { state.rows }
  var snapshotTree: StateTree { tree }

  /// What shows a row's value, or its absence, against ``stateRoot``.
  package func proof(for key: StateKey) -> StateProof { tree.proof(for: key.treeKey) }

  /// The sequence that an account's next transaction in a lane must have.
  package func nextSequence(of account: AccountID, lane: UInt8) -> UInt64 {
    state.account(account).nextSequence(lane: lane)
  }

  /// Compares every total with the sum over all rows.
  /// - Throws: ``InvariantViolation``.
  package func checkInvariants() throws(InvariantViolation) { try state.checkInvariants() }

  /// Compares the tree with one that is built from the rows. For tests and start-up.
  package var treeMatchesRows: Bool { Self.tree(over: state.rows).root == tree.root }

  // MARK: Checking transactions

  /// Whether a transaction may enter a mempool. Checks, in this order: size and codec, that it is a
  /// transaction, chain, lane, expiry, account, sequence (up to 4096 ahead of its lane), signature.
  /// - Parameters:
  ///   - bytes: a ``BlockItem``'s encoding.
  ///   - isVerified: whether the signature of the item with this hash, SHA-256 of its bytes, is
  ///     known to be valid.
  /// - Returns: the hash it is known by, and the transaction.
  /// - Throws: ``Rejection``.
  @discardableResult
  package func check(
    _ bytes: [UInt8], isVerified: (Digest) -> Bool = { _ in false }
  ) throws(Rejection) -> (hash: Digest, transaction: Transaction) {
    let signed = try Self.decodeTransaction(bytes)
    try state.checkEnvelope(
      signed.transaction, height: height.addingSaturated(1), window: LedgerState.sequenceWindow)
    let hash = Digest.sha256(bytes)
    if !isVerified(hash), !signed.isSignatureValid { throw Self.badSignature }
    return (hash, signed.transaction)
  }

  /// Whether a transaction that was checked before may go on waiting: its sequence is not used and
  /// it has not expired.
  /// - Returns: the transaction.
  /// - Throws: ``Rejection``.
  package func recheck(_ bytes: [UInt8]) throws(Rejection) -> Transaction {
    let transaction = try Self.decodeTransaction(bytes).transaction
    try state.checkEnvelope(transaction, height: height.addingSaturated(1), window: .max)
    return transaction
  }

  /// Whether an item is a transaction whose sender signed it. Pure: for a driver's threads.
  package static func signatureIsValid(item: [UInt8]) -> Bool {
    do throws(Rejection) {
      return try decodeTransaction(item).isSignatureValid
    } catch {
      return false
    }
  }

  /// The envelope's checks for the next block.
  /// - Parameter next: what the lane is at in a block being put together; nil for the state's.
  func checkEnvelope(_ transaction: Transaction, next: UInt64?) throws(Rejection) {
    try state.checkEnvelope(
      transaction, height: height.addingSaturated(1), window: 0, next: next)
  }

  static let badSignature = Rejection(
    .badSignature, "the signature does not verify under the sender's key")

  static func decodeTransaction(_ bytes: [UInt8]) throws(Rejection) -> SignedTransaction {
    guard case .signed(let signed) = try decode(bytes) else {
      throw Rejection(.misplacedItem, "what validators add is only ever the first item of a block")
    }
    return signed
  }

  private static func decode(_ bytes: [UInt8]) throws(Rejection) -> BlockItem {
    guard bytes.count <= BlockItem.byteLimit else {
      throw Rejection(
        .malformed, "the item has \(bytes.count) bytes; the limit is \(BlockItem.byteLimit)")
    }
    do throws(CodecError) {
      return try BlockItem(canonicalBytes: bytes)
    } catch {
      throw Rejection(error)
    }
  }

  // MARK: The beacon

  /// A validator's contribution to the block of `height`: the next one (nil) or the one after it,
  /// for which an engine asks with the vote for the next one.
  package func beaconContribution(
    key: VerifiableRandomKey, account: AccountID, height: UInt64? = nil
  ) -> BeaconContribution {
    let alpha = state.beaconInput(height: height ?? self.height.addingSaturated(1))
    return BeaconContribution(validator: account, proof: key.prove(alpha))
  }

  /// Whether a vote extension of the validator at `address` proves itself for the block of
  /// `height`: the next one or the one after it.
  package func accepts(
    _ extended: VoteExtension, by address: ConsensusAddress, height: UInt64
  ) -> Bool {
    guard height == self.height + 1 || height == self.height + 2,
      let account = state.validator(at: address), extended.contribution.validator == account
    else { return false }
    if let price = extended.price {
      guard price.validator == account, price.height == height, price.isValid(chain: chain) else {
        return false
      }
    }
    do throws(Rejection) {
      _ = try state.output(
        of: extended.contribution, alpha: state.beaconInput(height: height))
      return true
    } catch {
      return false
    }
  }

  /// Item 0 of the next block: what proves itself of the extensions, each validator's once.
  package func extensionItem(_ extensions: [VoteExtension]) -> ExtensionItem {
    let next = height.addingSaturated(1)
    var contributions: [BeaconContribution] = []
    var prices: [PriceReport] = []
    for extended in extensions {
      let one = ExtensionItem(contributions: [extended.contribution])
      if isAcceptable(one, height: next) { contributions.append(extended.contribution) }
      guard let price = extended.price,
        isAcceptable(ExtensionItem(prices: [price]), height: next)
      else { continue }
      prices.append(price)
    }
    return ExtensionItem(
      contributions: Self.once(contributions, by: \.validator),
      prices: Self.once(prices, by: \.validator))
  }

  private func isAcceptable(_ item: ExtensionItem, height: UInt64) -> Bool {
    do throws(Rejection) {
      _ = try state.checkExtensions(item, height: height)
      return true
    } catch {
      return false
    }
  }

  /// Ascending, the first of each validator.
  private static func once<T>(_ parts: [T], by validator: (T) -> AccountID) -> [T] {
    var kept: [T] = []
    for part in parts.sorted(by: { validator($0) < validator($1) })
    where kept.last.map(validator) != validator(part) {
      kept.append(part)
    }
    return kept
  }

  // MARK: Executing

  /// Whether a block may be executed. Checks, in this order: height, time, that its first item is
  /// what validators added, the contributions, the prices.
  /// - Throws: ``Rejection``.
  package func validate(_ block: BlockInput) throws(Rejection) { _ = try examine(block) }

  private func examine(
    _ block: BlockInput
  ) throws(Rejection) -> (item: ExtensionItem, outputs: [[UInt8]]) {
    guard block.height == height.addingSaturated(1) else {
      throw Rejection(.badBlock, "the next block has height \(height + 1), not \(block.height)")
    }
    guard block.timeMilliseconds >= lastTimeMilliseconds else {
      throw Rejection(
        .badBlock,
        "the block's time \(block.timeMilliseconds) is before the last one's, "
          + "\(lastTimeMilliseconds)")
    }
    guard let first = block.items.first, case .extensions(let item) = try Self.decode(first)
    else { throw Rejection(.badBlock, "a block's first item is what validators added") }
    return (item, try state.checkExtensions(item, height: block.height))
  }

  /// Executes a block: clock, beacon and price, evidence and votes, draws, deadlines, transactions,
  /// epoch end, the set of validators.
  ///
  /// A block that ``validate(_:)`` refuses changes nothing and comes back with its refusal.
  /// - Parameter signatureVerdicts: for each item whether its signature is valid, where a driver
  ///   checked them on its own threads with ``signatureIsValid(item:)``; entry 0 means nothing.
  package mutating func execute(
    _ block: BlockInput, signatureVerdicts: [Bool]? = nil
  ) -> BlockOutcome {
    let extensions: (item: ExtensionItem, outputs: [[UInt8]])
    do throws(Rejection) {
      extensions = try examine(block)
    } catch {
      return outcome(results: [], changes: [], refusal: error)
    }
    let hashes = block.items.map { Digest.sha256($0) }
    begin(block, hashes: hashes, extensions.item, extensions.outputs)
    var results = [TransactionResult.success(hashes[0])]
    results.reserveCapacity(hashes.count)
    for index in block.items.indices.dropFirst() {
      state.itemIndex = index
      let known = signatureVerdicts.flatMap { index < $0.count ? $0[index] : nil }
      results.append(executeItem(block.items[index], hash: hashes[index], signature: known))
      state.keep()
    }
    state.itemIndex = nil
    if state.epochIsDue { state.endEpoch() }
    return finish(results)
  }

  private mutating func begin(
    _ block: BlockInput, hashes: [Digest], _ item: ExtensionItem, _ outputs: [[UInt8]]
  ) {
    let passed = block.timeMilliseconds - state.clock.unixMilliseconds
    state.clock.height = block.height
    state.clock.unixMilliseconds = block.timeMilliseconds
    state.clock.time = state.clock.time.advanced(
      milliseconds: min(passed, Self.longestStepMilliseconds))
    state.clock.blockHash = Self.blockHash(
      block, hashes: hashes, previous: state.clock.blockHash)
    state.refreshPolicy()
    state.apply(item, outputs: outputs)
    state.judge(block.misbehaviour, block.lastCommit)
    state.runDraws()
    state.runDeadlines()
    state.keep()
  }

  private static func blockHash(
    _ block: BlockInput, hashes: [Digest], previous: Digest
  ) -> Digest {
    var builder = DigestBuilder(domain: "block")
    builder.update(previous)
    builder.update(block.height)
    builder.update(block.timeMilliseconds)
    builder.update(block.proposer)
    for hash in hashes { builder.update(hash) }
    return builder.finalize()
  }

  private mutating func executeItem(
    _ bytes: [UInt8], hash: Digest, signature: Bool?
  ) -> TransactionResult {
    do throws(Rejection) {
      let signed = try Self.decodeTransaction(bytes)
      try state.checkEnvelope(signed.transaction, height: state.clock.height, window: 0)
      guard signature ?? signed.isSignatureValid else { throw Self.badSignature }
      try state.execute(signed.transaction)
      return .success(hash)
    } catch {
      return TransactionResult(hash: hash, error)
    }
  }

  private mutating func finish(_ results: [TransactionResult]) -> BlockOutcome {
    let updates = state.updateValidatorSet()
    state.write(state.clock, at: StateKeys.clock)
    let changes = state.takeChanges()
    tree.update(
      changes.map {
        StateTree.Change(key: $0.key.treeKey, value: $0.value.map { Digest.sha256($0) })
      })
    return outcome(results: results, changes: changes, updates: updates, refusal: nil)
  }

  private mutating func outcome(
    results: [TransactionResult], changes: [(key: StateKey, value: [UInt8]?)],
    updates: [ValidatorUpdate] = [], refusal: Rejection?
  ) -> BlockOutcome {
    let events = state.events
    state.events = []
    return BlockOutcome(
      height: state.clock.height, time: state.clock.time, results: results, events: events,
      stateRoot: tree.root, blockHash: state.clock.blockHash, changes: changes,
      validatorUpdates: updates, refusal: refusal)
  }
}
