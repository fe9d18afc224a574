import ChainClient
import Consensus
import Cryptography
import Ledger
import LightClient
import Primitives

/// The blocks of a chain that CometBFT orders, for a replay.
///
/// Each header must follow on the one before, be signed by more than two thirds of the validators
/// that the ledger itself computed, commit to the items, and have the state root computed here.
/// Votes and evidence, which decide who is jailed and slashed, are the node's word; a wrong one
/// shows in the next block's state root.
struct EngineBlocks: ReplaySource {
  private let source: any EngineBlockSource
  private let rules: LightClientRules
  private let clock: @Sendable () -> ConsensusTime
  private var previous: LightBlock?
  /// The set that votes on the next block, and the one after it, by key.
  private var sets: (next: [Bytes32: UInt64], after: [Bytes32: UInt64])

  /// - Parameters:
  ///   - machine: the ledger at its genesis.
  ///   - clock: what this machine takes for now.
  init(
    _ source: any EngineBlockSource, chainName: String, machine: LedgerMachine,
    clock: @escaping @Sendable () -> ConsensusTime
  ) {
    self.source = source
    self.clock = clock
    // A replay begins where its trust does, at genesis, however long ago that was.
    rules = LightClientRules(chainID: chainName, trustingPeriodSeconds: .max)
    let first = Self.set(machine.validatorSet)
    sets = (first, first)
  }

  private static func set(_ updates: [ValidatorUpdate]) -> [Bytes32: UInt64] {
    var set: [Bytes32: UInt64] = [:]
    for update in updates { set[update.publicKey] = update.power }
    return set
  }

  mutating func block(
    at height: UInt64, over machine: LedgerMachine
  ) async throws -> DecidedBlock {
    let block: EngineBlock
    do {
      block = try await source.engineBlock(at: height, after: previous)
      try check(block, height: height, stateRoot: machine.stateRoot)
    } catch let error as LedgerClientError where error.isNoAnswer {
      throw error
    } catch {
      throw LedgerReplay.Disagreement(height: height, what: "\(error)")
    }
    previous = block.light
    let header = block.light.header
    guard let proposer = ConsensusAddress(header.hashes.proposer) else {
      throw LedgerReplay.Disagreement(height: height, what: "its proposer has no address")
    }
    return DecidedBlock(
      height: height, timeMilliseconds: block.timeMilliseconds, items: block.items,
      proposer: proposer, lastCommit: block.lastCommit, misbehaviour: block.misbehaviour,
      hash: header.hash, record: nil)
  }

  private func check(_ block: EngineBlock, height: UInt64, stateRoot: Digest) throws {
    let (light, header) = (block.light, block.light.header)
    guard light.height == height else { throw Fault("the node shows block \(light.height)") }
    if let previous {
      try rules.verify(light, trusted: previous, now: clock())
    } else {
      try rules.verifyRoot(light, hash: header.hash, height: 1)
    }
    var voters: [Bytes32: UInt64] = [:]
    for validator in light.validators.validators { voters[validator.key.value] = validator.power }
    guard voters == sets.next else {
      throw Fault("its validators are not those that the ledger named")
    }
    guard header.hashes.application == stateRoot.bytes else {
      throw Fault(
        "its header has state root \(header.hashes.application.hex), computed was \(stateRoot)")
    }
    guard block.itemsAreTheHeaders else {
      throw Fault("its items are not those that its header commits to")
    }
  }

  /// What is wrong with a block.
  private struct Fault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  mutating func executed(_ outcome: BlockOutcome) {
    // A change counts from the second block after the one that made it.
    sets.next = sets.after
    for update in outcome.validatorUpdates {
      sets.after[update.publicKey] = update.power == 0 ? nil : update.power
    }
  }
}

extension LedgerClientError {
  /// Whether nothing came that could be wrong: the node is away, or has no such block.
  fileprivate var isNoAnswer: Bool {
    switch self {
    case .unreachable, .remote: true
    default: false
    }
  }
}
