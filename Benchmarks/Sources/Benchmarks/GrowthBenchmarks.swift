import ABCI
import Consensus
import Cryptography
import Foundation
import Ledger
import LedgerStore
import Logging
import Primitives
import SwiftProtobuf

/// Whether a validator's memory grows with its blocks: a hundred thousand of them over the socket,
/// each with transfers that are checked before, a snapshot every thousand.
struct GrowthBenchmarks {
  private static let senders = 100
  private static let transfersInBlock = 2

  private let node: LedgerNode
  private let validator = SigningKey(seed: Digest.sha256([1]).value)
  private let keys = (0..<UInt64(senders)).map {
    SigningKey(seed: Bytes32(words: (1, 2, 3, $0)))
  }

  private init(folder: String) throws {
    let random = VerifiableRandomKey(seed: Digest.sha256([2]).value)
    let genesis = Genesis(
      chainName: "bench", genesisTimeMilliseconds: 1_700_000_000_000,
      accounts: keys.map { .init(account: $0.accountID, amount: .whole(1000)) },
      validators: [
        .init(account: validator.accountID, verifiableRandomPublicKey: random.publicKey)
      ],
      parameters: LedgerParameters.production(services: []))
    let quiet = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
    var configuration = LedgerNode.Configuration(
      checksInvariants: true, validator: (validator.accountID, random), keptBlocks: 1000)
    configuration.snapshots = try SnapshotStore(directory: folder + "/snapshots", logger: quiet)
    node = try LedgerNode(
      genesis: genesis, services: [],
      store: try SQLiteLedgerStore(path: folder + "/ledger.sqlite"),
      configuration: configuration, logger: quiet)
  }

  static func run(_ settings: BenchmarkSettings) async throws {
    let count = settings.size("growth-blocks", 100_000)
    let folder =
      settings.directory + "/trellis-growth-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let benchmark = try GrowthBenchmarks(folder: folder)
    let path = folder + "/abci"
    let server = ABCIServer(
      application: benchmark.node,
      configuration: .init(endpoint: .unix(path: path), version: "bench"),
      logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    _ = try await server.start()
    print("growth: \(count) blocks of \(transfersInBlock) transfers over the socket")
    _ = try await BlockingThread.run {
      let socket = try ABCISocket(path: path)
      try benchmark.blocks(count, socket)
      socket.close()
    }
    await server.shutdown()
    benchmark.node.store.close()
    try FileManager.default.removeItem(atPath: folder)
  }

  private func blocks(_ count: Int, _ socket: ABCISocket) throws {
    let watch = Stopwatch()
    _ = try socket.call {
      $0.initChain.chainID = "bench"
      $0.initChain.time.seconds = 1_700_000_000
      $0.initChain.initialHeight = 1
    }
    var settled = 0.0
    for height in 1...count {
      try make(height, socket)
      if height % max(1, count / 10) == 0 {
        let resident = MemoryUse.resident
        if height == max(1, count / 10) { settled = resident }
        print(
          "\(height) blocks".padded(to: 20)
            + "\(Measurement.rounded(resident, 1)) MiB resident".padded(to: 24)
            + "\(Measurement.rounded(watch.seconds, 0)) s".padded(to: 8)
            + "\(node.machine.rowCount) rows")
      }
    }
    print(
      "growth from \(count / 10) blocks to \(count)".padded(to: 44)
        + "\(Measurement.rounded(max(0, MemoryUse.resident - settled), 1)) MiB; goal none")
  }

  private func make(_ height: Int, _ socket: ABCISocket) throws {
    let items = (0..<Self.transfersInBlock).map { transfer($0, height: height) }
    for item in items {
      let code = try socket.call { $0.checkTx.tx = Data(item) }.checkTx.code
      guard code == 0 else { throw ABCIFailure(description: "CheckTx answered \(code)") }
    }
    let proposer = Data(ConsensusAddress(publicKey: validator.accountID.value).bytes)
    let time = Google_Protobuf_Timestamp(seconds: 1_700_000_000 + Int64(height))
    let vote = try socket.call { $0.extendVote.height = Int64(height) - 1 }.extendVote
    let block = try socket.call {
      $0.prepareProposal.height = Int64(height)
      $0.prepareProposal.time = time
      $0.prepareProposal.maxTxBytes = 1 << 20
      $0.prepareProposal.txs = items.map { Data($0) }
      $0.prepareProposal.proposerAddress = proposer
      var extended = ABCIExtendedVoteInfo()
      extended.validator.address = proposer
      extended.validator.power = 1000
      extended.blockIDFlag = .commit
      extended.voteExtension = vote.voteExtension
      $0.prepareProposal.localLastCommit.votes = [extended]
    }.prepareProposal.txs
    let answer = try socket.call {
      $0.finalizeBlock.height = Int64(height)
      $0.finalizeBlock.time = time
      $0.finalizeBlock.txs = block
      $0.finalizeBlock.proposerAddress = proposer
      $0.finalizeBlock.hash = Data(repeating: 1, count: 32)
      var vote = ABCIVoteInfo()
      vote.validator.address = proposer
      vote.validator.power = 1000
      vote.blockIDFlag = .commit
      if height > 1 { $0.finalizeBlock.decidedLastCommit.votes = [vote] }
    }.finalizeBlock
    guard answer.txResults.allSatisfy({ $0.code == 0 }), block.count == items.count + 1 else {
      throw ABCIFailure(description: "block \(height): \(answer.txResults)")
    }
    _ = try socket.call { $0.commit = ABCIRequestCommit() }
  }

  /// Senders take turns, and their sequences go on.
  private func transfer(_ index: Int, height: Int) -> [UInt8] {
    let number = (height - 1) * Self.transfersInBlock + index
    let key = keys[number % Self.senders]
    let transaction = Transaction(
      chain: node.genesis.chain, sender: key.accountID, sequence: UInt64(number / Self.senders),
      expiryHeight: .max,
      operation: .transfer(
        to: keys[(number * 7 + 1) % Self.senders].accountID, amount: Amount(baseUnits: 1)))
    return BlockItem.signed(SignedTransaction.sign(transaction, with: key)).canonicalBytes()
  }
}
