import ABCI
import Cryptography
import Foundation
import Ledger
import Primitives
import SwiftProtobuf
import Testing

/// A consensus engine as a script: several validators that agree on every block, and do to their
/// applications what CometBFT does to its.
actor ScriptedEngine {
  let nodes: [EngineNode]
  /// The consensus key of each node, whether it is in the set or not.
  let validators: [Bytes32]
  /// Who votes: known up to two heights ahead.
  private var sets = EngineValidators()
  /// From which height on votes carry extensions; nil never.
  private let extensionsFrom: UInt64?
  private(set) var height: UInt64 = 0
  private var milliseconds: UInt64
  /// The extensions of the last height's votes, by validator.
  private var extensions: [Int: Data] = [:]
  private var down: Set<Int> = []
  private let maxTxBytes: Int64

  init(
    hosts: [any ApplicationHost], validators: [Bytes32], start: ABCIRequestInitChain,
    extensionsFrom: UInt64? = 1, maxTxBytes: Int64 = 20 << 20
  ) {
    nodes = hosts.enumerated().map { EngineNode(index: $0, host: $1, start: start) }
    self.validators = validators
    self.extensionsFrom = extensionsFrom
    self.maxTxBytes = maxTxBytes
    milliseconds = UInt64(start.time.seconds) * 1000 + UInt64(start.time.nanos / 1_000_000)
  }

  func start() async throws {
    for node in up { try await node.connect() }
    try sets.begin(await up[0].firstValidators)
    try await agree()
  }

  /// Starts all but one, which comes later.
  func startWithout(_ absent: Int) async throws {
    down.insert(absent)
    try await start()
  }

  /// Power by consensus key, of the set that votes for a height.
  func set(of height: UInt64) -> [Bytes32: Int64] { sets.set(of: height) }

  /// The nodes that are up and vote for the present height.
  private var voters: [EngineNode] {
    let set = sets.set(of: height)
    return up.filter { set[validators[$0.index]] != nil }
  }

  /// What happens in one height beyond the ordinary.
  struct Script: Sendable {
    var transactions: [[UInt8]] = []
    /// Rounds in which a block is proposed and not decided.
    var failedRounds = 0
    var misbehavior: [ABCIMisbehavior] = []
    /// A node that crashes on the way, and whether its application dies with it.
    var crash: (node: Int, point: CrashPoint, killsApplication: Bool)?
    /// A node whose vote did not come.
    var absent: Int?
  }

  /// Makes one block, on every node that is up.
  func runHeight(_ script: Script = Script()) async throws {
    height += 1
    milliseconds += height == 1 ? 0 : 1000
    for round in 0..<script.failedRounds { _ = try await propose(script, round: round) }
    let block = try await propose(script, round: script.failedRounds)
    var voted: [Int: Data] = [:]
    if let first = extensionsFrom, height >= first { voted = try await extend(block, script) }
    for node in up {
      if crashes(node, .afterVoteExtension, script) { try await restart(node, script) }
    }
    try await decide(block, script)
    try sets.apply(await up[0].answers[Int(height) - 1].validatorUpdates, decidedAt: height)
    extensions = voted
    if let absent = script.absent { extensions[absent] = nil }
    try await agree()
  }

  private var up: [EngineNode] { nodes.filter { !down.contains($0.index) } }

  private func crashes(_ node: EngineNode, _ point: CrashPoint, _ script: Script) -> Bool {
    script.crash.map { $0.node == node.index && $0.point == point } ?? false
  }

  private func restart(_ node: EngineNode, _ script: Script) async throws {
    if script.crash?.killsApplication ?? false { try await node.host.restart() }
    try await node.connect()
  }

  private func address(_ index: Int) -> Data {
    Data(ConsensusAddress(publicKey: validators[index]).bytes)
  }

  /// The votes of the height before, in the order of the set: by power, then by address.
  private func lastCommit(_ script: Script) -> ABCICommitInfo {
    guard height > 1 else { return ABCICommitInfo() }
    return ABCICommitInfo.with { info in
      info.votes = sets.ordered(of: height - 1).map { member in
        let index = validators.firstIndex(of: member.key)
        let isAway = index.map { down.contains($0) || script.absent == $0 } ?? true
        return ABCIVoteInfo.with {
          $0.validator.address = Data(ConsensusAddress(publicKey: member.key).bytes)
          $0.validator.power = member.power
          $0.blockIDFlag = isAway ? .absent : .commit
        }
      }
    }
  }

  /// One round: a proposal that everyone accepts.
  private func propose(_ script: Script, round: Int) async throws -> EngineBlock {
    let alive = voters
    guard !alive.isEmpty else { throw EngineFailure("nobody can propose height \(height)") }
    let proposer = alive[(Int(height) + round) % alive.count]
    let commit = lastCommit(script)
    var known: [Data: Data] = [:]
    for (index, vote) in extensions { known[address(index)] = vote }
    let extensionOf = known
    let draft = EngineBlock(
      height: height, milliseconds: milliseconds, transactions: [],
      proposer: address(proposer.index), lastCommit: commit, misbehavior: script.misbehavior)
    let extended = ABCIExtendedCommitInfo.with { info in
      info.votes = commit.votes.map { vote in
        ABCIExtendedVoteInfo.with {
          $0.validator = vote.validator
          $0.blockIDFlag = vote.blockIDFlag
          $0.voteExtension = extensionOf[vote.validator.address] ?? Data()
        }
      }
    }
    let limit = maxTxBytes
    let prepared = try await proposer.call(.consensus, .prepareProposal(height: height)) {
      $0.prepareProposal = ABCIRequestPrepareProposal.with {
        $0.maxTxBytes = limit
        $0.txs = script.transactions.map { Data($0) }
        $0.localLastCommit = extended
        $0.misbehavior = script.misbehavior
        $0.height = Int64(draft.height)
        $0.time = draft.time
        $0.proposerAddress = draft.proposer
      }
    }.prepareProposal.txs
    guard prepared.reduce(0, { $0 + $1.count }) <= Int(maxTxBytes) else {
      throw EngineFailure("the proposal is larger than max_tx_bytes")
    }
    if crashes(proposer, .afterPrepareProposal, script) { try await restart(proposer, script) }
    let block = EngineBlock(
      height: height, milliseconds: milliseconds, transactions: prepared,
      proposer: draft.proposer, lastCommit: commit, misbehavior: script.misbehavior)
    for node in up {
      let status = try await node.call(.consensus, .processProposal(height: height)) {
        $0.processProposal = block.processRequest
      }.processProposal.status
      guard status == .accept else {
        throw EngineFailure("node \(node.index) does not accept an honest block: \(status)")
      }
      if crashes(node, .afterProcessProposal, script) { try await restart(node, script) }
    }
    return block
  }

  private func extend(_ block: EngineBlock, _ script: Script) async throws -> [Int: Data] {
    var votes: [Int: Data] = [:]
    for node in voters {
      votes[node.index] = try await node.call(.consensus, .extendVote(height: height)) {
        $0.extendVote.height = Int64(block.height)
        $0.extendVote.hash = block.hash
        $0.extendVote.time = block.time
        $0.extendVote.txs = block.transactions
      }.extendVote.voteExtension
    }
    for node in up {
      for (index, vote) in votes.sorted(by: { $0.key < $1.key }) where index != node.index {
        let address = address(index)
        let status = try await node.call(.consensus, .verifyVoteExtension(height: height)) {
          $0.verifyVoteExtension.height = Int64(block.height)
          $0.verifyVoteExtension.hash = block.hash
          $0.verifyVoteExtension.validatorAddress = address
          $0.verifyVoteExtension.voteExtension = vote
        }.verifyVoteExtension.status
        guard status == .accept else {
          throw EngineFailure("node \(node.index) refuses the extension of \(index)")
        }
      }
    }
    return votes
  }

  private func decide(_ block: EngineBlock, _ script: Script) async throws {
    for node in up {
      await node.save(block)
      if crashes(node, .afterSaveBlock, script) {
        try await restart(node, script)
        continue
      }
      try await node.finalize(at: height)
      if crashes(node, .afterFinalizeBlock, script) {
        try await restart(node, script)
        continue
      }
      try await node.commit()
      if crashes(node, .afterCommit, script) {
        try await restart(node, script)
        continue
      }
      await node.saveState()
      if crashes(node, .afterSaveState, script) { try await restart(node, script) }
    }
  }

  /// All nodes that are up have the same hashes.
  func agree() async throws {
    let first = up[0]
    let hash = await height == 0 ? first.genesisHash : first.answers[Int(height) - 1].appHash
    for node in up {
      let own = await height == 0 ? node.genesisHash : node.answers[Int(height) - 1].appHash
      guard own == hash else {
        throw EngineFailure(
          "node \(node.index) has another hash at \(height): \([UInt8](own).hex) instead of "
            + [UInt8](hash).hex)
      }
      let info = try await node.info()
      guard UInt64(info.lastBlockHeight) == height else {
        throw EngineFailure("node \(node.index) is at \(info.lastBlockHeight), not \(height)")
      }
    }
  }

  // MARK: Nodes that are away

  /// Takes a node down: the others go on without it.
  func stop(_ index: Int) { down.insert(index) }

  /// Brings a node back, with its application killed: it is handed the blocks that it missed.
  func resume(_ index: Int) async throws {
    let node = nodes[index]
    let source = try #require(up.first)
    for block in await source.blocks.dropFirst(Int(await node.height)) { await node.save(block) }
    try await node.host.restart()
    try await node.connect()
    down.remove(index)
    try await agree()
  }

  /// Brings a fresh node in by state sync from another's snapshots. `spoil` may change a chunk on
  /// the way: what the peer does who sends it.
  func stateSync(
    _ index: Int, from source: Int, spoil: @Sendable (UInt32, Data) -> Data? = { _, _ in nil }
  ) async throws -> (refetched: [UInt32], rejected: [String]) {
    let (node, peer) = (nodes[index], nodes[source])
    let snapshots = try await peer.call(.snapshot, .read) {
      $0.listSnapshots = ABCIRequestListSnapshots()
    }.listSnapshots.snapshots
    let snapshot = try #require(snapshots.first, "the peer has no snapshot")
    let hash = await peer.answers[Int(snapshot.height) - 1].appHash
    try await node.connectForStateSync()
    let offered = try await node.call(
      .snapshot, .offerSnapshot(height: snapshot.height, accepted: true)
    ) {
      $0.offerSnapshot.snapshot = snapshot
      $0.offerSnapshot.appHash = hash
    }.offerSnapshot.result
    guard offered == .accept else { throw EngineFailure("the snapshot is refused: \(offered)") }
    var (refetched, rejected): ([UInt32], [String]) = ([], [])
    var chunk: UInt32 = 0
    var spoiled: Set<UInt32> = []
    while chunk < snapshot.chunks {
      let asked = chunk
      var bytes = try await peer.call(.snapshot, .read) {
        $0.loadSnapshotChunk.height = snapshot.height
        $0.loadSnapshotChunk.format = snapshot.format
        $0.loadSnapshotChunk.chunk = asked
      }.loadSnapshotChunk.chunk
      if let bad = spoil(chunk, bytes), spoiled.insert(chunk).inserted { bytes = bad }
      let sent = bytes
      let sender = refetched.last == chunk ? "honest" : "peer"
      let result = try await node.call(.snapshot, .read) {
        $0.applySnapshotChunk.index = asked
        $0.applySnapshotChunk.chunk = sent
        $0.applySnapshotChunk.sender = sender
      }.applySnapshotChunk
      let isLast = result.result == .accept && chunk + 1 == snapshot.chunks
      try await node.record(.applySnapshotChunk(isLast: isLast))
      switch result.result {
      case .accept: chunk += 1
      case .retry:
        refetched += result.refetchChunks
        rejected += result.rejectSenders
        chunk = result.refetchChunks.first ?? chunk
      default: throw EngineFailure("chunk \(chunk): \(result.result)")
      }
    }
    let info = try await node.info()
    guard info.lastBlockAppHash == hash, info.lastBlockHeight == Int64(snapshot.height),
      info.appVersion == 1
    else { throw EngineFailure("the restored state is not the chain's: \(info)") }
    let count = Int(snapshot.height)
    await node.adopt(
      Array(await peer.blocks.prefix(count)), answers: Array(await peer.answers.prefix(count)))
    for block in await peer.blocks.dropFirst(count) {
      await node.save(block)
      try await node.finalize(at: block.height)
      try await node.commit()
      await node.saveState()
    }
    down.remove(index)
    try await agree()
    return (refetched, rejected)
  }

  /// RECHECK of what waits, as after every commit.
  func recheck(_ transactions: [[UInt8]]) async throws -> [UInt32] {
    var codes: [UInt32] = []
    for transaction in transactions {
      codes.append(
        try await up[0].call(.mempool, .read) {
          $0.checkTx.tx = Data(transaction)
          $0.checkTx.type = .recheck
        }.checkTx.code)
    }
    return codes
  }
}
