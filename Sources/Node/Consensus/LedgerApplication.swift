import LedgerStore
import Primitives
import ServiceKit

/// The driver boundary: what a consensus engine calls, in the shape of ABCI 2.0.
///
/// Two drivers use it: ``SoloDriver`` inside the process, and (in a later issue) CometBFT over its
/// socket. The order of calls is ABCI's: `info` at every start; `initChain` when the height is 0;
/// then, a height, any number of `prepareProposal`, `processProposal`, `extendVote` and
/// `verifyVoteExtension`, one `finalizeBlock` (again after a crash), one `commit`. `query` and
/// `checkTransaction` may come at any time and read the last committed state.
///
/// ABCI's four snapshot calls (list, offer, load chunk, apply chunk) come with the CometBFT driver:
/// Solo has one node and nobody to send a snapshot to.
package protocol LedgerApplication: Sendable {
  /// The last *committed* height and state root.
  func info() async -> ApplicationInfo

  /// Makes the genesis state durable. May be called again as long as there is no block.
  /// - Throws: ``NodeError``.
  func initChain() async throws(NodeError) -> ApplicationInfo

  /// Whether a transaction may wait for a block. May differ from node to node.
  func checkTransaction(_ item: [UInt8], kind: CheckKind) async -> CheckOutcome

  /// The items of the proposer's next block. Changes no state.
  /// - Throws: ``NodeError``.
  func prepareProposal(_ request: ProposalRequest) async throws(NodeError) -> [[UInt8]]

  /// Whether a proposed block may be voted for; a function of the block and the last committed
  /// state only.
  func processProposal(_ proposal: ProposedBlock) async -> ProposalVerdict

  /// This validator's part of the next block's beacon, in its canonical bytes.
  func extendVote(height: UInt64) async -> [UInt8]

  /// Whether another validator's part proves itself.
  func verifyVoteExtension(_ extension: [UInt8], height: UInt64) async -> Bool

  /// Executes a decided block on the last committed state. Persists nothing.
  /// - Throws: ``NodeError``.
  func finalizeBlock(_ block: DecidedBlock) async throws(NodeError) -> FinalizedBlock

  /// Makes the finalized block's effects durable before it returns.
  /// - Throws: ``NodeError``; the node is halted then.
  func commit() async throws(NodeError) -> ApplicationInfo

  /// Reads the last committed state.
  func query(_ query: ApplicationQuery) async -> QueryOutcome
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
  /// The validators' vote extensions: their parts of the beacon.
  package let voteExtensions: [[UInt8]]

  package init(
    height: UInt64, timeMilliseconds: UInt64, candidates: [[UInt8]], byteLimit: Int,
    voteExtensions: [[UInt8]]
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.candidates = candidates
    self.byteLimit = byteLimit
    self.voteExtensions = voteExtensions
  }
}

/// A block before it is decided.
package struct ProposedBlock: Sendable {
  package let height: UInt64
  package let timeMilliseconds: UInt64
  package let items: [[UInt8]]
  package let proposer: AccountID

  package init(
    height: UInt64, timeMilliseconds: UInt64, items: [[UInt8]], proposer: AccountID
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.items = items
    self.proposer = proposer
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
  package let proposer: AccountID
  /// The block's hash.
  package let hash: Digest
  /// The block to be stored with its effects; nil where the engine keeps blocks itself.
  package let record: StoredBlock?

  package init(
    height: UInt64, timeMilliseconds: UInt64, items: [[UInt8]], proposer: AccountID,
    hash: Digest, record: StoredBlock?
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.items = items
    self.proposer = proposer
    self.hash = hash
    self.record = record
  }

  /// A block as it is stored.
  package init(_ block: StoredBlock) {
    self.init(
      height: block.header.height, timeMilliseconds: block.header.timeMilliseconds,
      items: block.items, proposer: block.header.proposer, hash: block.header.hash, record: block)
  }
}

/// What executing a block came to.
package struct FinalizedBlock: Sendable {
  package let height: UInt64
  /// Results, events and the new state root.
  package let results: StoredResults
}

/// A read of the committed state.
package struct ApplicationQuery: Sendable {
  /// `/state`, `/rows`, `/height` or `/chain`.
  package let path: String
  package let data: [UInt8]
  /// Whether a state proof is wanted (`/state` only).
  package let wantsProof: Bool

  package init(path: String, data: [UInt8], wantsProof: Bool = false) {
    self.path = path
    self.data = data
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
    case .outOfOrder(let what): "the consensus engine called out of order: \(what)"
    case .halted(let reason): "the node has stopped making blocks: \(reason)"
    }
  }
}
