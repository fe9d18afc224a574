import ABCI
import Foundation
import SwiftProtobuf
import Testing

/// An application that the engine can have killed and started again.
protocol ApplicationHost: Sendable {
  var endpoint: ABCIEndpoint { get async }
  /// Kills the application without warning and starts it on what it had made durable.
  func restart() async throws
}

/// Where the engine, the application or both die within a height (the reference's table).
enum CrashPoint: CaseIterable, Sendable {
  case afterPrepareProposal, afterProcessProposal, afterVoteExtension
  /// The block is saved; nothing was executed.
  case afterSaveBlock
  case afterFinalizeBlock
  /// Before the engine saves its own state.
  case afterCommit
  case afterSaveState
}

/// One validator's engine: four connections to its application, the blocks that it has saved, and
/// a check of every call that it makes against the grammar.
actor EngineNode {
  let index: Int
  let host: any ApplicationHost
  private let start: ABCIRequestInitChain
  private var connections: [EngineConnection] = []
  private(set) var grammar = CallGrammar()
  /// The blocks that are saved, from height 1.
  private(set) var blocks: [EngineBlock] = []
  /// The height whose effects the engine has saved.
  private(set) var stateHeight: UInt64 = 0
  /// What the application answered for each height, from height 1.
  private(set) var answers: [ABCIResponseFinalizeBlock] = []
  private(set) var genesisHash = Data()
  /// What the application answered to InitChain; those of the engine's genesis when that is empty.
  private(set) var firstValidators: [ABCIValidatorUpdate] = []
  /// The methods called, in order, but for those that only read.
  private(set) var calls: [String] = []

  init(index: Int, host: any ApplicationHost, start: ABCIRequestInitChain) {
    self.index = index
    self.host = host
    self.start = start
  }

  var height: UInt64 { UInt64(blocks.count) }

  // MARK: Connections

  /// Dials and brings the application to where the engine is.
  func connect() async throws {
    try await dial()
    try await handshake()
  }

  private func dial() async throws {
    for connection in connections { await connection.close() }
    connections = []
    grammar.restart()
    let endpoint = await host.endpoint
    for _ in 0..<4 { connections.append(try await EngineConnection.connect(to: endpoint)) }
  }

  private func handshake() async throws {
    let info = try await info()
    var applied = UInt64(info.lastBlockHeight)
    guard applied <= height else { throw EngineFailure("the application is ahead: \(applied)") }
    if applied == 0 {
      let response = try await call(.consensus, .initChain) { $0.initChain = start }
      genesisHash = response.initChain.appHash
      let answered = response.initChain.validators
      firstValidators = answered.isEmpty ? start.validators : answered
    } else if info.lastBlockAppHash != answers[Int(applied) - 1].appHash {
      throw EngineFailure("the application's hash at \(applied) is not the chain's")
    }
    while applied < height {
      applied += 1
      try await finalize(at: applied)
      try await commit()
      stateHeight = max(stateHeight, applied)
    }
    stateHeight = height
  }

  func info() async throws -> ABCIResponseInfo {
    let response = try await connections[0].call {
      $0.info.version = "0.38.25"
      $0.info.abciVersion = "2.0.0"
      $0.info.blockVersion = 11
      $0.info.p2PVersion = 8
    }.info
    try grammar.take(.info(committed: UInt64(response.lastBlockHeight)))
    calls.append("info")
    return response
  }

  enum Channel: Int { case query, snapshot, mempool, consensus }

  /// Makes a call; its legality is checked before it goes out.
  func call(
    _ channel: Channel, _ call: CallGrammar.Call, _ fill: @Sendable (inout ABCIRequest) -> Void
  ) async throws -> ABCIResponse {
    try grammar.take(call)
    if call != .read { calls.append("\(call)") }
    return try await connections[channel.rawValue].call(fill)
  }

  /// Notes a call whose part in the grammar depends on its answer.
  func record(_ call: CallGrammar.Call) throws {
    try grammar.take(call)
    calls.append("\(call)")
  }

  // MARK: Blocks

  func save(_ block: EngineBlock) { blocks.append(block) }

  /// Executes a saved block. The same block twice must come to the same.
  @discardableResult
  func finalize(at height: UInt64) async throws -> ABCIResponseFinalizeBlock {
    let block = blocks[Int(height) - 1]
    let response = try await call(.consensus, .finalizeBlock(height: height)) {
      $0.finalizeBlock = block.finalizeRequest
    }.finalizeBlock
    guard response.txResults.count == block.transactions.count else {
      throw EngineFailure(
        "\(response.txResults.count) results of \(block.transactions.count) transactions")
    }
    try Self.check(response.validatorUpdates)
    if answers.count >= Int(height) {
      #expect(answers[Int(height) - 1].appHash == response.appHash, "node \(index) at \(height)")
    } else {
      answers.append(response)
    }
    return response
  }

  private static func check(_ updates: [ABCIValidatorUpdate]) throws {
    guard Set(updates.map(\.pubKey.ed25519)).count == updates.count,
      updates.allSatisfy({ $0.power >= 0 })
    else { throw EngineFailure("validator updates that halt consensus: \(updates)") }
  }

  func commit() async throws {
    let retain = try await call(.consensus, .commit) { $0.commit = ABCIRequestCommit() }
      .commit.retainHeight
    guard retain >= 0, retain <= height else {
      throw EngineFailure("retain_height \(retain) is beyond \(height)")
    }
  }

  func saveState() { stateHeight = height }

  /// Takes the chain over that a snapshot leads to.
  func adopt(_ blocks: [EngineBlock], answers: [ABCIResponseFinalizeBlock]) {
    self.blocks = blocks
    self.answers = answers
    stateHeight = UInt64(blocks.count)
  }

  /// Opens connections without the handshake: state sync comes first.
  func connectForStateSync() async throws {
    try await dial()
    guard try await info().lastBlockHeight == 0 else { throw EngineFailure("not a fresh node") }
  }
}

/// A decided block, as the engine hands it out.
struct EngineBlock: Sendable {
  let height: UInt64
  let milliseconds: UInt64
  let transactions: [Data]
  let proposer: Data
  let lastCommit: ABCICommitInfo
  let misbehavior: [ABCIMisbehavior]

  var hash: Data {
    var bytes = [UInt8](repeating: 0, count: 32)
    withUnsafeBytes(of: height.bigEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    return Data(bytes)
  }

  var time: Google_Protobuf_Timestamp {
    Google_Protobuf_Timestamp(
      seconds: Int64(milliseconds / 1000), nanos: Int32(milliseconds % 1000) * 1_000_000)
  }

  var finalizeRequest: ABCIRequestFinalizeBlock {
    ABCIRequestFinalizeBlock.with {
      $0.height = Int64(height)
      $0.time = time
      $0.txs = transactions
      $0.hash = hash
      $0.proposerAddress = proposer
      $0.decidedLastCommit = lastCommit
      $0.misbehavior = misbehavior
    }
  }

  var processRequest: ABCIRequestProcessProposal {
    ABCIRequestProcessProposal.with {
      $0.height = Int64(height)
      $0.time = time
      $0.txs = transactions
      $0.hash = hash
      $0.proposerAddress = proposer
      $0.proposedLastCommit = lastCommit
      $0.misbehavior = misbehavior
    }
  }
}
