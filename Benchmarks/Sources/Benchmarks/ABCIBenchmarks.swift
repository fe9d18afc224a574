import ABCI
import Consensus
import Foundation
import Ledger
import Logging
import SwiftProtobuf

/// The ledger behind its ABCI socket, as a CometBFT node sees it.
///
/// *CheckTx*: 10,000 transfers in flight on one connection, whose signatures nobody has seen;
/// against what libsodium verifies on the cores that the load generator leaves over, and, since a
/// machine may have other work, the same by processor time. *Block*: FinalizeBlock
/// and Commit of those transfers, durable when it is answered. *Round trip*: an empty Query.
struct ABCIBenchmarks {
  private static let checkGoal = 0.8
  private static let blockGoal = 25_000.0
  private static let tripGoal = 100e-6
  private static let trips = 20_000

  private let scene: LedgerScene
  private let socket: ABCISocket

  static func run(_ settings: BenchmarkSettings) async throws {
    let accounts = settings.size("accounts", 1_000_000)
    let transfers = settings.size("transfers", 10_000)
    let blocks = settings.size("blocks", 7)
    let watch = Stopwatch()
    let scene = try await LedgerScene(
      accounts: accounts, blocks: blocks, transfers: transfers, directory: settings.directory)
    let path = scene.folder + "/abci"
    let server = ABCIServer(
      application: scene.node,
      configuration: .init(endpoint: .unix(path: path), version: "bench"),
      logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    _ = try await server.start()
    print(
      "abci: \(accounts) accounts, \(transfers) transfers in flight, \(Processors.count) cores; "
        + "set up in \(Measurement.rounded(watch.seconds, 0)) s")
    let benchmarks = ABCIBenchmarks(scene: scene, socket: try ABCISocket(path: path))
    try await benchmarks.blocks()
    try await benchmarks.roundTrips()
    benchmarks.socket.close()
    await server.shutdown()
    try scene.remove()
  }

  // MARK: Blocks

  private func blocks() async throws {
    var (floors, checks, ratios, blocks) = ([Double](), [Double](), [Double](), [Double]())
    var (executions, commits, works) = ([Double](), [Double](), [Double]())
    for block in scene.blocks {
      let before = Processors.processSeconds
      let floor = block.secondsOfVerifying()
      let floorWork = Processors.processSeconds - before
      let check = try await check(block)
      // Cores that did not make the load, as a part of all: so much of the floor's rate there is.
      let left = 1 - check.generator / (check.seconds * Double(Processors.count))
      floors.append(floor)
      checks.append(check.seconds)
      ratios.append(floor / (check.seconds * left))
      works.append(floorWork / check.work)
      let parts = try await make(block)
      executions.append(parts.executing)
      commits.append(parts.committing)
      blocks.append(parts.whole)
    }
    let count = scene.blocks[0].items.count
    line("libsodium verifies, all cores", floors.median, count, "")
    line(
      "CheckTx over the socket", checks.median, count,
      Measurement.rounded(ratios.median, 2)
        + " of libsodium on the cores left over; goal \(Self.checkGoal)")
    line(
      "FinalizeBlock + Commit, signatures known", blocks.median, count,
      Measurement.rounded(Double(count) / blocks.median / Self.blockGoal, 2)
        + " of the goal, \(Int(Self.blockGoal))/s")
    print(
      "  CheckTx by processor time".padded(to: 44)
        + Measurement.rounded(works.median, 2) + " of libsodium; goal \(Self.checkGoal)")
    line("  FinalizeBlock", executions.median, count, "")
    line("  Commit", commits.median, count, "")
  }

  private func line(_ name: String, _ seconds: Double, _ count: Int, _ verdict: String) {
    print(
      name.padded(to: 44) + Measurement.time(seconds).padded(to: 12)
        + (Measurement.rounded(Double(count) / seconds, 0) + "/s").padded(to: 14) + verdict)
  }

  /// Has every transfer checked, all in flight at once.
  /// - Returns: the seconds until the last answer, the processor seconds of asking and reading, and
  ///   those of everything else.
  private func check(
    _ transfers: SignedTransfers
  ) async throws -> (seconds: Double, generator: Double, work: Double) {
    var frames: [UInt8] = []
    for item in transfers.items {
      frames += try ABCISocket.frame(ABCIRequest.with { $0.checkTx.tx = Data(item) })
    }
    let accepted = ABCISocket.framed(
      try ABCIResponse.with { $0.checkTx = ABCIResponseCheckTx() }.serializedBytes())
    let (socket, requests, count) = (socket, frames + ABCISocket.flush, transfers.items.count)
    let (watch, before) = (Stopwatch(), Processors.processSeconds)
    async let writing = BlockingThread.run { try socket.write(requests) }
    async let reading = BlockingThread.run { try socket.read(accepted.count * count) }
    let (written, read) = try await (writing, reading)
    let (seconds, work) = (watch.seconds, Processors.processSeconds - before)
    for index in 0..<count {
      let answer = read.value[index * accepted.count..<(index + 1) * accepted.count]
      guard answer.elementsEqual(accepted) else {
        throw ABCIFailure(description: "transfer \(index) was not accepted")
      }
    }
    _ = try await BlockingThread.run { try socket.readFrame() }
    let generator = written.processorSeconds + read.processorSeconds
    return (seconds, generator, work - generator)
  }

  private func make(_ transfers: SignedTransfers) async throws -> LedgerScene.Parts {
    let (scene, socket) = (scene, socket)
    let info = scene.node.committedInfo
    let (height, milliseconds) = (info.height + 1, info.timeMilliseconds + 1000)
    let proposer = Data(ConsensusAddress(publicKey: scene.validatorAccount.value).bytes)
    let time = Google_Protobuf_Timestamp(
      seconds: Int64(milliseconds / 1000), nanos: Int32(milliseconds % 1000) * 1_000_000)
    return try await BlockingThread.run {
      let vote = try socket.call { $0.extendVote.height = Int64(height) - 1 }.extendVote
      let items = try socket.call {
        $0.prepareProposal.height = Int64(height)
        $0.prepareProposal.time = time
        $0.prepareProposal.maxTxBytes = 1 << 30
        $0.prepareProposal.txs = transfers.items.map { Data($0) }
        $0.prepareProposal.proposerAddress = proposer
        var extended = ABCIExtendedVoteInfo()
        extended.validator.address = proposer
        extended.validator.power = 1000
        extended.blockIDFlag = .commit
        extended.voteExtension = vote.voteExtension
        $0.prepareProposal.localLastCommit.votes = [extended]
      }.prepareProposal.txs
      var parts = LedgerScene.Parts()
      var request = ABCIRequest()
      request.finalizeBlock.height = Int64(height)
      request.finalizeBlock.time = time
      request.finalizeBlock.txs = items
      request.finalizeBlock.proposerAddress = proposer
      request.finalizeBlock.hash = Data(repeating: UInt8(truncatingIfNeeded: height), count: 32)
      let frame = try ABCISocket.frame(request)
      var watch = Stopwatch()
      try socket.write(frame)
      let answer = try socket.readFrame()
      parts.executing = watch.seconds
      watch = Stopwatch()
      _ = try socket.call { $0.commit = ABCIRequestCommit() }
      parts.committing = watch.seconds
      let results = try ABCIResponse(serializedBytes: answer).finalizeBlock.txResults
      guard results.count == transfers.items.count + 1, results.allSatisfy({ $0.code == 0 }) else {
        throw ABCIFailure(description: "a transfer of the benchmark was refused")
      }
      return parts
    }.value
  }

  // MARK: Round trips

  private func roundTrips() async throws {
    let socket = socket
    let times = try await BlockingThread.run {
      let request = try ABCISocket.frame(ABCIRequest.with { $0.query = ABCIRequestQuery() })
      return try (0..<Self.trips).map { _ in
        let watch = Stopwatch()
        try socket.write(request + ABCISocket.flush)
        _ = try socket.readFrame()
        _ = try socket.readFrame()
        return watch.seconds
      }
    }.value.sorted()
    let median = times.median
    print(
      "round trip of an empty Query, median".padded(to: 44)
        + Measurement.time(median).padded(to: 12)
        + "99 % \(Measurement.time(times[times.count * 99 / 100]))".padded(to: 20)
        + "goal \(Measurement.time(Self.tripGoal))")
  }
}
