import Catalogue
import ChainClient
import Cryptography
import Ledger
import LedgerStore
import LightClient
import Logging
import Primitives
import Testing

@testable import trellis

/// A replay of a chain that an engine orders: what is honest agrees, and whatever a node changes is
/// said with its height.
@Suite struct EngineBlocksTests {
  @Test func anHonestChainAgrees() async throws {
    let chain = try EngineChain()
    let replay = try await chain.replay(chain.blocks)
    #expect(replay.machine.height == UInt64(chain.blocks.count))
    #expect(replay.machine.stateRoot == chain.stateRoot)
    #expect(replay.transactions == 2 && replay.refused == 0)
    // The stake that a transaction added votes two blocks later.
    #expect(Set(chain.blocks.map(\.light.validators.totalPower)) == [4000, 4500])
  }

  @Test func aTransactionThatIsLeftOutIsMissed() async throws {
    let chain = try EngineChain()
    try await expect("its items are not those", at: 2, chain) { block in
      EngineBlock(
        light: block.light, items: Array(block.items.prefix(1)), lastCommit: block.lastCommit,
        misbehaviour: block.misbehaviour)
    }
  }

  @Test func evidenceThatIsMadeUpShowsInTheStateRoot() async throws {
    let chain = try EngineChain()
    let victim = chain.validators[0].key.accountID.value
    // Block 4's header has the root that came of the true block 3.
    try await expect("state root", at: 4, changing: 3, chain) { block in
      EngineBlock(
        light: block.light, items: block.items, lastCommit: block.lastCommit,
        misbehaviour: [
          Misbehaviour(
            kind: .duplicateVote, validator: ConsensusAddress(publicKey: victim), power: 1000,
            height: 2, timeMilliseconds: block.timeMilliseconds, totalPower: 4000)
        ])
    }
  }

  /// All sign, and the headers fit, but the ledger never gave one of them that power.
  @Test func validatorsThatTheLedgerDoesNotNameAreRefused() async throws {
    let chain = try EngineChain()
    var richer = chain.validators
    richer[0].power += 1
    let other = try EngineChain(voters: richer)
    let failure = await #expect(throws: LedgerReplay.Disagreement.self) {
      _ = try await chain.replay(other.blocks)
    }
    #expect(failure?.height == 1)
    #expect(failure?.what.contains("not those that the ledger named") == true)
  }

  @Test func aBlockOfAnotherHeightIsRefused() async throws {
    let chain = try EngineChain()
    try await expect("shows block 5", at: 3, chain) { _ in chain.blocks[4] }
  }

  /// Blocks that one validator orders and signs are no way around the two thirds.
  @Test func oneSignatureDecidesNothingAmongFour() throws {
    let chain = try EngineChain()
    let (signer, root) = (chain.validators[0].key, try LedgerReplay(genesis: chain.genesis).machine)
    let items = chain.blocks[0].items
    let header = BlockHeader(
      height: 1, timeMilliseconds: 1_700_000_001_000, chain: chain.genesis.chain,
      previousBlockHash: .zero, itemsHash: StoredBlock.itemsHash(of: items),
      appHash: root.stateRoot, proposer: signer.accountID)
    let block = StoredBlock(
      header: header,
      signature: signer.sign(domain: StoredBlock.signatureDomain, header.hash.bytes), items: items)
    let client = LedgerClient(
      endpoints: ["http://127.0.0.1:1"],
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let source = SoloBlocks(client: client, genesis: chain.genesis)
    let failure = #expect(throws: LedgerReplay.Disagreement.self) {
      try source.check(block, height: 1, stateRoot: root.stateRoot)
    }
    #expect(failure?.what.contains("one signature decides nothing among 4") == true)
  }

  @Test func votesOfTwoThirdsAreTooFew() async throws {
    let chain = try EngineChain()
    try await expect("more than 2/3", at: 3, chain) { block in
      let header = block.light.header
      // Half of the four sign.
      let keys = chain.keys(of: block).enumerated().map { $0.offset < 2 ? $0.element : nil }
      return EngineBlock(
        light: EngineChain.signed(header, block.light.validators, keys), items: block.items,
        lastCommit: block.lastCommit, misbehaviour: block.misbehaviour)
    }
  }

  private func expect(
    _ reason: String, at height: UInt64, changing changed: UInt64? = nil, _ chain: EngineChain,
    _ change: (EngineBlock) -> EngineBlock
  ) async throws {
    var blocks = chain.blocks
    let index = Int(changed ?? height) - 1
    blocks[index] = change(blocks[index])
    let altered = blocks
    let failure = await #expect(throws: LedgerReplay.Disagreement.self) {
      _ = try await chain.replay(altered)
    }
    #expect(failure?.height == height, "\(String(describing: failure))")
    #expect(failure?.what.contains(reason) == true, "\(String(describing: failure))")
  }
}

/// Six blocks of a ledger under an engine, with all keys at hand: a transfer in the second, and
/// stake that a customer adds in the third.
private struct EngineChain {
  typealias Member = (key: SigningKey, power: UInt64)
  static let name = "engine-test"
  private static let genesisMilliseconds: UInt64 = 1_700_000_000_000

  let genesis: Genesis
  let validators: [Member]
  private(set) var blocks: [EngineBlock] = []
  private(set) var stateRoot = Digest.zero

  /// - Parameter voters: who votes in the engine; nil for those that the ledger names.
  init(voters: [Member]? = nil) throws {
    let customer = SigningKey(seed: Bytes32(words: (9, 0, 0, 1)))
    let members: [Member] = (1...4).map { (SigningKey(seed: Bytes32(words: (8, 0, 0, $0))), 1000) }
    validators = members
    genesis = Genesis(
      chainName: Self.name, genesisTimeMilliseconds: Self.genesisMilliseconds,
      accounts: [.init(account: customer.accountID, amount: .whole(10_000))]
        + members.map { .init(account: $0.key.accountID, amount: .whole(2000)) },
      validators: members.enumerated().map { index, member in
        .init(
          account: member.key.accountID,
          verifiableRandomPublicKey: VerifiableRandomKey(
            seed: Bytes32(words: (7, 0, 0, UInt64(index)))
          ).publicKey, stake: .whole(1000))
      },
      parameters: LedgerParameters.devnet(
        epochMilliseconds: 60_000, services: ServiceCatalogue.modules))
    var machine = try LedgerMachine(genesis: genesis, services: ServiceCatalogue.modules)
    var (current, after) = (Self.sorted(voters ?? members), Self.sorted(voters ?? members))
    let chain = genesis.chain
    func signed(_ sequence: UInt64, _ operation: Ledger.Operation) -> [UInt8] {
      let transaction = Transaction(
        chain: chain, sender: customer.accountID, sequence: sequence, expiryHeight: .max,
        operation: operation)
      return BlockItem.signed(SignedTransaction.sign(transaction, with: customer)).canonicalBytes()
    }
    let target = members[0].key.accountID
    for height in 1...UInt64(6) {
      var items = [BlockItem.extensions(ExtensionItem()).canonicalBytes()]
      if height == 2 { items.append(signed(0, .transfer(to: target, amount: .whole(5)))) }
      if height == 3 {
        items.append(signed(1, .delegate(validator: target, amount: .whole(500))))
      }
      let block = try Self.block(
        height, items, stateRoot: machine.stateRoot, set: current, next: after,
        previous: blocks.last?.light)
      let outcome = machine.execute(
        BlockInput(
          height: height, timeMilliseconds: block.timeMilliseconds, items: items,
          proposer: machine.validator(
            at: ConsensusAddress(block.light.header.hashes.proposer)
              ?? ConsensusAddress(publicKey: .zero)) ?? .zero,
          lastCommit: block.lastCommit))
      blocks.append(block)
      current = after
      for update in outcome.validatorUpdates {
        after = Self.sorted(
          after.map { $0.key.accountID.value == update.publicKey ? ($0.key, update.power) : $0 })
      }
    }
    stateRoot = machine.stateRoot
  }

  func replay(_ blocks: [EngineBlock]) async throws -> LedgerReplay {
    var replay = try LedgerReplay(genesis: genesis)
    let now = ConsensusTime(seconds: 1_800_000_000, nanoseconds: 0) ?? .none
    let source = EngineBlocks(
      Recorded(blocks: blocks), chainName: Self.name, machine: replay.machine
    ) { now }
    try await replay.run(source, to: UInt64(blocks.count)) { _ in }
    return replay
  }

  /// The keys of a block's validators, in the set's order.
  func keys(of block: EngineBlock) -> [SigningKey?] {
    block.light.validators.validators.map { validator in
      validators.first { $0.key.accountID == validator.key }?.key
    }
  }

  private struct Recorded: EngineBlockSource {
    let blocks: [EngineBlock]
    func engineBlock(at height: UInt64, after previous: LightBlock?) -> EngineBlock {
      blocks[Int(height) - 1]
    }
  }

  private static func sorted(_ members: [Member]) -> [Member] {
    func address(_ member: Member) -> String {
      ConsensusAddress(publicKey: member.key.accountID.value).description
    }
    return members.sorted { ($1.power, address($0)) < ($0.power, address($1)) }
  }

  private static func set(_ members: [Member]) throws -> ConsensusValidatorSet {
    try ConsensusValidatorSet(
      members.map { ConsensusValidator(key: $0.key.accountID, power: $0.power) })
  }

  private static func block(
    _ height: UInt64, _ items: [[UInt8]], stateRoot: Digest, set members: [Member],
    next: [Member], previous: LightBlock?
  ) throws -> EngineBlock {
    let set = try set(members)
    let data = MerkleTree.root(
      ofLeafHashes: items.map { MerkleTree.leafHash(Digest.sha256($0).bytes) })
    let seconds = Int64(genesisMilliseconds / 1000) + Int64(height)
    let header = ConsensusHeader(
      blockVersion: 11, applicationVersion: 1, chainID: name, height: height,
      time: ConsensusTime(seconds: seconds, nanoseconds: 0) ?? .none,
      lastBlock: previous?.commit.block ?? BlockIdentity(hash: [], partCount: 0, partsHash: []),
      hashes: ConsensusHeader.Hashes(
        lastCommit: Digest.sha256([1]).bytes, data: data.bytes, validators: set.hash.bytes,
        nextValidators: try Self.set(next).hash.bytes, consensus: Digest.sha256([3]).bytes,
        application: stateRoot.bytes, lastResults: Digest.sha256([4]).bytes,
        evidence: Digest.sha256([]).bytes, proposer: set.validators[0].address))
    // One of four is never in time.
    let votes = (previous?.validators.validators ?? []).enumerated().map { place, validator in
      CommitVote(
        validator: ConsensusAddress(publicKey: validator.key.value), power: validator.power,
        flag: place == 3 ? .absent : .commit)
    }
    return EngineBlock(
      light: signed(header, set, members.map(\.key)), items: items,
      lastCommit: previous == nil ? .empty : LastCommit(round: 0, votes: votes), misbehaviour: [])
  }

  /// The header with the votes of `keys`, in the set's order; a nil key is absent.
  static func signed(
    _ header: ConsensusHeader, _ set: ConsensusValidatorSet, _ keys: [SigningKey?]
  ) -> LightBlock {
    let identity = BlockIdentity(
      hash: header.hash.bytes, partCount: 1, partsHash: Digest.sha256([5]).bytes)
    func commit(_ signatures: [Signature?]) -> LightClient.BlockCommit {
      LightClient.BlockCommit(
        height: header.height, round: 0, block: identity,
        places: zip(set.validators, signatures).map { validator, signature in
          signature == nil
            ? LightClient.BlockCommit.Place(vote: .absent, address: [], time: .none, signature: nil)
            : LightClient.BlockCommit.Place(
              vote: .block, address: validator.address, time: header.time, signature: signature)
        })
    }
    let unsigned = commit(keys.map { $0 == nil ? nil : Signature.zero })
    let signatures = keys.enumerated().map { index, key in
      key?.sign(unsigned.signedBytes(at: index, chainID: name))
    }
    return LightBlock(header: header, commit: commit(signatures), validators: set)
  }
}
