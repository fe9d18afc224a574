import Ledger
import LedgerStore
import Primitives
import ServiceKit

/// The driver boundary: what a consensus engine calls, in the shape of ABCI 2.0.
///
/// Two drivers use it: ``SoloDriver`` inside the process, and CometBFT over its socket. The
/// order of calls is ABCI's: `info` at every start; `initChain` when the height is 0; then, a
/// height, any number of `prepareProposal`, `processProposal`, `extendVote` and
/// `verifyVoteExtension`, one `finalizeBlock` (again after a crash), one `commit`. `query` and
/// `checkTransaction` may come at any time and read the last committed state. A node without any
/// state may be offered a snapshot instead of `initChain`.
package protocol LedgerApplication: Sendable {
  /// The last *committed* height and state root.
  func info() async -> ApplicationInfo

  /// Makes the genesis state durable. May be called again as long as there is no block.
  /// - Parameter start: what the engine's genesis says; nil when the engine has none of its own.
  /// - Returns: the genesis state root and the first validators.
  /// - Throws: ``NodeError``.
  func initChain(_ start: ChainStart?) async throws(NodeError) -> ChainStarted

  /// Whether a transaction may wait for a block. May differ from node to node.
  func checkTransaction(_ item: [UInt8], kind: CheckKind) async -> CheckOutcome

  /// The items of the proposer's next block. Changes no state.
  /// - Throws: ``NodeError``.
  func prepareProposal(_ request: ProposalRequest) async throws(NodeError) -> [[UInt8]]

  /// Whether a proposed block may be voted for; a function of the block and the last committed
  /// state only.
  func processProposal(_ proposal: ProposedBlock) async -> ProposalVerdict

  /// What this validator adds to its vote for the block of `height`: its part of the *next* block's
  /// item 0, in canonical bytes; empty when it has nothing to say.
  func extendVote(height: UInt64) async -> [UInt8]

  /// Whether a validator's vote extension at `height` proves itself. An honest one is always
  /// accepted, and an empty one is honest.
  func verifyVoteExtension(
    _ extension: [UInt8], height: UInt64, validator: ConsensusAddress
  ) async -> Bool

  /// Executes a decided block on the last committed state. Persists nothing.
  /// - Throws: ``NodeError``.
  func finalizeBlock(_ block: DecidedBlock) async throws(NodeError) -> FinalizedBlock

  /// Makes the finalized block's effects durable before it returns.
  /// - Throws: ``NodeError``; the node is halted then.
  func commit() async throws(NodeError) -> CommitOutcome

  /// Reads the last committed state.
  func query(_ query: ApplicationQuery) async -> QueryOutcome

  /// The snapshots that this node can serve.
  func listSnapshots() async -> [SnapshotDescription]

  /// A chunk of one of them; empty when there is no such chunk.
  func loadSnapshotChunk(height: UInt64, format: UInt32, index: UInt32) async -> [UInt8]

  /// Whether to restore a snapshot that a peer offers.
  /// - Parameter stateRoot: the state root after the snapshot's height, which the engine verified.
  func offerSnapshot(
    _ snapshot: SnapshotDescription, stateRoot: Digest
  ) async -> SnapshotOfferVerdict

  /// Checks and keeps one chunk of the accepted snapshot; with the last one the state is whole,
  /// durable, and what ``info()`` says.
  func applySnapshotChunk(
    _ chunk: [UInt8], index: UInt32, sender: String
  ) async -> ChunkVerdict
}

/// How a chain begins.
package struct ChainStarted: Sendable {
  package let info: ApplicationInfo
  /// The validators that the ledger wants; empty leaves those of the engine's genesis.
  package let validators: [ValidatorUpdate]
}

/// What a commit came to.
package struct CommitOutcome: Sendable {
  package let info: ApplicationInfo
  /// The engine may forget blocks below this height; 0 keeps all.
  package let retainHeight: UInt64
}

/// A validator's vote for the block before, with its extension: only the next proposer sees it.
package struct ExtendedVote: Hashable, Sendable {
  package let vote: CommitVote
  package let voteExtension: [UInt8]

  package init(vote: CommitVote, voteExtension: [UInt8]) {
    self.vote = vote
    self.voteExtension = voteExtension
  }
}

/// Where an application stands.
package struct ApplicationInfo: Hashable, Sendable {
  /// The chain's identity.
  package let chain: Digest
  /// The chain's name for people.
  package let chainName: String
  /// The last committed height; 0 before the first block.
  package let height: UInt64
  /// The state root after it.
  package let stateRoot: Digest
  /// Its block's hash; zero at height 0.
  package let blockHash: Digest
  /// Its time in milliseconds since 1970; the genesis time at height 0.
  package let timeMilliseconds: UInt64

  /// The version of the rules, which headers carry: it changes with a hard fork.
  package static let protocolVersion: UInt64 = 1
}

/// Why a transaction is checked.
package enum CheckKind: Sendable {
  /// It is new to this node.
  case new
  /// It waits, and a block has been committed since its last check.
  case recheck
}

/// What came of a check.
package enum CheckOutcome: Sendable {
  /// It may wait, in this place.
  case accepted(LanePlace)
  /// It may not.
  case rejected(Rejection)
}

/// Where a transaction stands in its sender's lane.
package struct LanePlace: Hashable, Sendable {
  package let lane: LaneAddress
  package let sequence: UInt64
  /// The last height at which the transaction may execute.
  package let expiryHeight: UInt64

  package init(lane: LaneAddress, sequence: UInt64, expiryHeight: UInt64) {
    self.lane = lane
    self.sequence = sequence
    self.expiryHeight = expiryHeight
  }
}

/// A sender's lane.
package struct LaneAddress: Hashable, Sendable {
  package let sender: AccountID
  package let lane: UInt8

  package init(sender: AccountID, lane: UInt8) {
    self.sender = sender
    self.lane = lane
  }
}

/// What a proposer is asked for.
package struct ProposalRequest: Sendable {
  /// The height of the block to be.
  package let height: UInt64
  /// Its time, in milliseconds since 1970.
  package let timeMilliseconds: UInt64
  /// Transactions that wait, in the order in which the engine would take them.
  package let candidates: [[UInt8]]
  /// The most bytes of all items together, the beacon's included.
  package let byteLimit: Int
  /// The validators' votes for the block before, whose extensions make item 0.
  package let votes: [ExtendedVote]
  /// Evidence that the block will carry.
  package let misbehaviour: [Misbehaviour]

  package init(
    height: UInt64, timeMilliseconds: UInt64, candidates: [[UInt8]], byteLimit: Int,
    votes: [ExtendedVote], misbehaviour: [Misbehaviour] = []
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.candidates = candidates
    self.byteLimit = byteLimit
    self.votes = votes
    self.misbehaviour = misbehaviour
  }
}

/// A block before it is decided.
package struct ProposedBlock: Sendable {
  package let height: UInt64
  package let timeMilliseconds: UInt64
  package let items: [[UInt8]]
  package let proposer: ConsensusAddress
  /// The commit of the block before.
  package let lastCommit: LastCommit
  package let misbehaviour: [Misbehaviour]

  package init(
    height: UInt64, timeMilliseconds: UInt64, items: [[UInt8]], proposer: ConsensusAddress,
    lastCommit: LastCommit = .empty, misbehaviour: [Misbehaviour] = []
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.items = items
    self.proposer = proposer
    self.lastCommit = lastCommit
    self.misbehaviour = misbehaviour
  }
}

/// What a validator thinks of a proposal.
package enum ProposalVerdict: Hashable, Sendable {
  case accept
  case reject(reason: String)
}

/// A block that is decided.
package struct DecidedBlock: Sendable {
  package let height: UInt64
  package let timeMilliseconds: UInt64
  package let items: [[UInt8]]
  package let proposer: ConsensusAddress
  /// The commit of the block before: who voted and who did not.
  package let lastCommit: LastCommit
  package let misbehaviour: [Misbehaviour]
  /// The block's hash.
  package let hash: Digest
  /// The block to be stored with its effects; nil where the engine keeps blocks itself.
  package let record: StoredBlock?

  package init(
    height: UInt64, timeMilliseconds: UInt64, items: [[UInt8]], proposer: ConsensusAddress,
    lastCommit: LastCommit = .empty, misbehaviour: [Misbehaviour] = [], hash: Digest,
    record: StoredBlock?
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.items = items
    self.proposer = proposer
    self.lastCommit = lastCommit
    self.misbehaviour = misbehaviour
    self.hash = hash
    self.record = record
  }

  /// A block as it is stored.
  package init(_ block: StoredBlock) {
    self.init(
      height: block.header.height, timeMilliseconds: block.header.timeMilliseconds,
      items: block.items,
      proposer: ConsensusAddress(publicKey: block.header.proposer.value),
      hash: block.header.hash, record: block)
  }
}

/// What executing a block came to.
package struct FinalizedBlock: Sendable {
  package let height: UInt64
  /// Results, events and the new state root.
  package let results: StoredResults
  /// Validators whose power changes, each once; never the whole set away.
  package let validatorUpdates: [ValidatorUpdate]
}

/// A read of the committed state.
package struct ApplicationQuery: Sendable {
  /// What a state proof is called in a `proof_ops`.
  package static let proofType = "trellis:state"
  /// `/state`, `/rows`, `/height` or `/chain`.
  package let path: String
  package let data: [UInt8]
  /// Whether a state proof is wanted (`/state` only).
  package let wantsProof: Bool
  /// The height whose state is asked for; 0 for the last committed one, which is the only one there
  /// is.
  package let height: UInt64

  package init(path: String, data: [UInt8], wantsProof: Bool = false, height: UInt64 = 0) {
    self.path = path
    self.data = data
    self.height = height
    self.wantsProof = wantsProof
  }
}

/// What a query found.
package struct QueryOutcome: Sendable {
  /// 0, or why there is no answer.
  package let code: UInt32
  /// For people.
  package let log: String
  package let value: [UInt8]?
  /// The canonical bytes of a state proof. It proves against the *next* header's application hash.
  package let proof: [UInt8]?
  /// The committed height that was read.
  package let height: UInt64
}

/// Why a node cannot go on, or cannot do what it was asked.
package enum NodeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The store failed. No block is made any more until the process is started again.
  case store(LedgerStoreError)
  /// What is stored does not belong to this genesis.
  case otherChain(stored: Digest, genesis: Digest)
  /// The stored rows do not have the stored root.
  case stateRootMismatch(height: UInt64, stored: Digest, computed: Digest)
  /// The genesis is no valid one.
  case badGenesis(String)
  /// The ledger refused a whole block.
  case blockRefused(height: UInt64, reason: String)
  /// Money appeared or disappeared: the node stops at once.
  case invariantBroken(height: UInt64, reason: String)
  /// A snapshot is not what it claims to be.
  case badSnapshot(String)
  /// The engine's genesis is not the ledger's.
  case otherGenesis(String)
  /// An engine called out of order.
  case outOfOrder(String)
  /// The node stopped earlier, for the reason given.
  case halted(String)

  package var description: String {
    switch self {
    case .store(let error): "\(error)"
    case .otherChain(let stored, let genesis):
      "the store holds chain \(stored), the genesis file is of chain \(genesis); use the data "
        + "directory that belongs to the genesis"
    case .stateRootMismatch(let height, let stored, let computed):
      "the store is corrupt: at height \(height) the rows have root \(computed), but \(stored) was "
        + "committed; restore the directory from a copy, or remove it to begin anew"
    case .badGenesis(let reason): "the genesis is not valid: \(reason)"
    case .blockRefused(let height, let reason): "the ledger refused block \(height): \(reason)"
    case .invariantBroken(let height, let reason):
      "an invariant of the ledger does not hold after block \(height): \(reason)"
    case .badSnapshot(let reason): "the snapshot cannot be restored: \(reason)"
    case .otherGenesis(let difference):
      "the consensus engine's genesis does not belong to the ledger's: \(difference)"
    case .outOfOrder(let what): "the consensus engine called out of order: \(what)"
    case .halted(let reason): "the node has stopped making blocks: \(reason)"
    }
  }
}
