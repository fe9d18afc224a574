import Consensus
import Cryptography
import Ledger
import LedgerStore
import Primitives
import ServiceKit
import TestSupport

/// Four ledgers that execute the same blocks under random transactions, each with checks in an
/// order of its own, crashes and restarts. All that is random follows from one seed.
struct ConsensusSimulation {
  /// Two ledgers that should be equal are not.
  struct Diverged: Error, CustomStringConvertible {
    let seed: UInt64
    let height: UInt64
    let roots: [Digest]
    var description: String {
      "TRELLIS_SEED=\(seed): different state roots at height \(height): \(roots)"
    }
  }

  /// One ledger and what survives its crashes.
  private struct Replica {
    let store: MemoryLedgerStore
    var node: LedgerNode
    var mempool: [[UInt8]] = []

    init(_ genesis: TestGenesis, index: Int, store: MemoryLedgerStore = .init()) throws {
      self.store = store
      node = try genesis.node(validator: index, store: store)
    }
  }

  private let genesis: TestGenesis
  private let seed: UInt64
  private var generator: SeededGenerator
  private var replicas: [Replica] = []
  private var decided: [DecidedBlock] = []
  private var sequences: [[UInt64]]
  /// A replica that is not deterministic: its blocks' times are its own.
  private let skewed: Int?

  init(seed: UInt64, skewed: Int? = nil) throws {
    genesis = TestGenesis(validators: 4)
    self.seed = seed
    self.skewed = skewed
    generator = SeededGenerator(seed: seed)
    sequences = genesis.customers.map { _ in [0, 0, 0] }
    for index in 0..<4 { replicas.append(try Replica(genesis, index: index)) }
  }

  /// Runs so many heights and returns the last state root.
  mutating func run(heights: Int) async throws -> Digest {
    for replica in replicas { _ = try await replica.node.initChain() }
    var votes: [ExtendedVote] = []
    for height in 1...UInt64(heights) {
      try await checkTransactions()
      let block = try await propose(height: height, votes: votes)
      votes = await extend(height: height)
      decided.append(block)
      for index in replicas.indices { try await apply(block, on: index) }
      let roots = replicas.map(\.node.committedInfo.stateRoot)
      guard roots.allSatisfy({ $0 == roots[0] }) else {
        throw Diverged(seed: seed, height: height, roots: roots)
      }
    }
    return replicas[0].node.committedInfo.stateRoot
  }

  private mutating func checkTransactions() async throws {
    var new = (0..<Int.random(in: 0...12, using: &generator)).map { _ in transaction() }
    for index in replicas.indices {
      new.shuffle(using: &generator)
      var kept: [[UInt8]] = []
      for item in replicas[index].mempool {
        if case .accepted = await replicas[index].node.checkTransaction(item, kind: .recheck) {
          kept.append(item)
        }
      }
      for item in new where Int.random(in: 0..<8, using: &generator) > 0 {
        if case .accepted = await replicas[index].node.checkTransaction(item, kind: .new) {
          kept.append(item)
        }
      }
      replicas[index].mempool = kept
    }
  }

  private mutating func transaction() -> [UInt8] {
    let sender = Int.random(in: sequences.indices, using: &generator)
    let lane = Int.random(in: 0..<3, using: &generator)
    switch Int.random(in: 0..<10, using: &generator) {
    case 0: return generator.bytes(Int.random(in: 0...200, using: &generator))
    case 1:
      var forged = genesis.transfer(from: sender, sequence: sequences[sender][lane])
      forged[Int.random(in: forged.indices, using: &generator)] ^= 1
      return forged
    case 2:
      return genesis.transfer(
        from: sender, lane: UInt8(lane), sequence: sequences[sender][lane],
        amount: UInt128(generator.next()) << 40)
    default:
      defer { sequences[sender][lane] += 1 }
      return genesis.transfer(
        from: sender, to: Int.random(in: sequences.indices, using: &generator),
        lane: UInt8(lane), sequence: sequences[sender][lane],
        amount: UInt128.random(in: 0...1_000_000, using: &generator))
    }
  }

  private func address(_ index: Int) -> ConsensusAddress {
    ConsensusAddress(publicKey: genesis.validators[index].accountID.value)
  }

  private mutating func propose(
    height: UInt64, votes: [ExtendedVote]
  ) async throws -> DecidedBlock {
    let proposer = Int.random(in: replicas.indices, using: &generator)
    let time =
      genesis.genesis.genesisTimeMilliseconds
      + height * UInt64.random(in: 900...1000, using: &generator) + height * 200
    let last = decided.last.map(\.timeMilliseconds) ?? 0
    let items = try await replicas[proposer].node.prepareProposal(
      ProposalRequest(
        height: height, timeMilliseconds: max(time, last + 1),
        candidates: replicas[proposer].mempool, byteLimit: 1 << 20, votes: votes))
    let commit = LastCommit(round: 0, votes: votes.map(\.vote))
    for replica in replicas {
      let verdict = await replica.node.processProposal(
        ProposedBlock(
          height: height, timeMilliseconds: max(time, last + 1), items: items,
          proposer: address(proposer), lastCommit: commit))
      if case .reject(let reason) = verdict {
        throw EngineFailure("TRELLIS_SEED=\(seed): an honest block is rejected: \(reason)")
      }
    }
    return DecidedBlock(
      height: height, timeMilliseconds: max(time, last + 1), items: items,
      proposer: address(proposer), lastCommit: commit, hash: Digest.sha256(height), record: nil)
  }

  private mutating func extend(height: UInt64) async -> [ExtendedVote] {
    var votes: [ExtendedVote] = []
    for index in replicas.indices {
      let isAbsent = index > 0 && Int.random(in: 0..<12, using: &generator) == 0
      votes.append(
        ExtendedVote(
          vote: CommitVote(
            validator: address(index), power: 10, flag: isAbsent ? .absent : .commit),
          voteExtension: isAbsent ? [] : await replicas[index].node.extendVote(height: height)))
    }
    return votes
  }

  /// Executes a block, with a crash now and then; a replica that comes back is brought to where the
  /// others are.
  private mutating func apply(_ block: DecidedBlock, on index: Int) async throws {
    let crash = Int.random(in: 0..<12, using: &generator)
    if crash == 1 { _ = try await finalize(block, on: index) }
    // What comes back is handed every block that it has not committed, this one too.
    if crash < 2 { try await restart(index) }
    if replicas[index].node.committedInfo.height < block.height {
      _ = try await finalize(block, on: index)
      _ = try await replicas[index].node.commit()
    }
    if crash == 2 { try await restart(index) }
  }

  private func finalize(_ block: DecidedBlock, on index: Int) async throws -> FinalizedBlock {
    let node = replicas[index].node
    guard index == skewed else { return try await node.finalizeBlock(block) }
    return try await HookedApplication(node, skewMilliseconds: 1).finalizeBlock(block)
  }

  private mutating func restart(_ index: Int) async throws {
    // Once in a while everything is lost, and all blocks are replayed.
    let isEmptied = Int.random(in: 0..<4, using: &generator) == 0
    replicas[index] = try Replica(
      genesis, index: index, store: isEmptied ? MemoryLedgerStore() : replicas[index].store)
    if replicas[index].node.committedInfo.height == 0 {
      _ = try await replicas[index].node.initChain()
    }
    for block in decided where block.height > replicas[index].node.committedInfo.height {
      _ = try await finalize(block, on: index)
      _ = try await replicas[index].node.commit()
    }
  }
}

extension Digest {
  /// A hash that stands for a block's.
  fileprivate static func sha256(_ height: UInt64) -> Digest {
    Digest.sha256(height.canonicalBytes())
  }
}
