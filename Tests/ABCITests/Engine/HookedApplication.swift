import Consensus
import Ledger
import LedgerStore
import Primitives

/// An application with a fault: its state depends on more than its blocks, or it is slow.
struct HookedApplication: LedgerApplication {
  private let node: LedgerNode
  /// What is added to a block's time from height 2 on: what a node does that reads its own clock.
  private let skewMilliseconds: UInt64
  private let beforeFinalizing: @Sendable () async -> Void

  init(
    _ node: LedgerNode, skewMilliseconds: UInt64 = 0,
    beforeFinalizing: @escaping @Sendable () async -> Void = {}
  ) {
    self.node = node
    self.skewMilliseconds = skewMilliseconds
    self.beforeFinalizing = beforeFinalizing
  }

  init(_ node: LedgerNode, delay: Duration) {
    self.init(node) { try? await Task.sleep(for: delay) }
  }

  func finalizeBlock(_ block: DecidedBlock) async throws(NodeError) -> FinalizedBlock {
    await beforeFinalizing()
    return try await node.finalizeBlock(
      DecidedBlock(
        height: block.height,
        timeMilliseconds: block.timeMilliseconds + (block.height > 1 ? skewMilliseconds : 0),
        items: block.items, proposer: block.proposer, lastCommit: block.lastCommit,
        misbehaviour: block.misbehaviour, hash: block.hash, record: block.record))
  }

  func info() async -> ApplicationInfo { await node.info() }
  func initChain(_ start: ChainStart?) async throws(NodeError) -> ChainStarted {
    try await node.initChain(start)
  }
  func checkTransaction(_ item: [UInt8], kind: CheckKind) async -> CheckOutcome {
    await node.checkTransaction(item, kind: kind)
  }
  func prepareProposal(_ request: ProposalRequest) async throws(NodeError) -> [[UInt8]] {
    try await node.prepareProposal(request)
  }
  func processProposal(_ proposal: ProposedBlock) async -> ProposalVerdict {
    await node.processProposal(proposal)
  }
  func extendVote(height: UInt64) async -> [UInt8] { await node.extendVote(height: height) }
  func verifyVoteExtension(
    _ extension: [UInt8], height: UInt64, validator: ConsensusAddress
  ) async -> Bool {
    await node.verifyVoteExtension(`extension`, height: height, validator: validator)
  }
  func commit() async throws(NodeError) -> CommitOutcome { try await node.commit() }
  func query(_ query: ApplicationQuery) async -> QueryOutcome { await node.query(query) }
  func listSnapshots() async -> [SnapshotDescription] { await node.listSnapshots() }
  func loadSnapshotChunk(height: UInt64, format: UInt32, index: UInt32) async -> [UInt8] {
    await node.loadSnapshotChunk(height: height, format: format, index: index)
  }
  func offerSnapshot(
    _ snapshot: SnapshotDescription, stateRoot: Digest
  ) async -> SnapshotOfferVerdict {
    await node.offerSnapshot(snapshot, stateRoot: stateRoot)
  }
  func applySnapshotChunk(
    _ chunk: [UInt8], index: UInt32, sender: String
  ) async -> ChunkVerdict {
    await node.applySnapshotChunk(chunk, index: index, sender: sender)
  }
}
