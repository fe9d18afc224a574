import ArgumentParser
import Foundation

/// Replays the chain and compares.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Replay every block from genesis without trusting the node.",
    discussion: """
      Takes the blocks from the node and nothing else: executes them in a fresh ledger that begins \
      with genesis.json, and checks each header's chain, order, items, state root and signature, \
      each beacon's proof, each transaction's signature and all invariants. The state after the \
      last block is confirmed by the next block's header. Exit code 2 when something does not agree.

      Examples:
        trellis verify
        trellis verify --json
      """)

  @OptionGroup var data: DataOption
  @Option(help: "Replay up to this height only.")
  var height: UInt64?
  @Flag(help: "As JSON.")
  var json = false

  func run() async throws {
    let network = try data.network()
    let genesis = try GenesisFile.read(from: network.directory)
    let client = network.ledger
    var replay = try LedgerReplay(client: client, genesis: genesis)
    let tip = try await client.height()
    var disagreement: String?
    do {
      try await replay.run(to: min(height ?? tip, tip)) { height in
        if !json { FileHandle.standardError.write(Data("  block \(height) of \(tip)\n".utf8)) }
      }
    } catch let error as LedgerReplay.Disagreement {
      disagreement = error.description
    }
    let report = try VerifyReport(replay, disagreement: disagreement)
    print(json ? try JSON.text(report) : report.text)
    if !report.agrees { throw ExitCode(2) }
  }
}
