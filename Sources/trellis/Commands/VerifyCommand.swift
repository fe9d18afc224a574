import ArgumentParser
import ChainClient
import Foundation
import Ledger
import LightClient
import Logging

/// Replays the chain and compares.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Replay every block from genesis without trusting the node.",
    discussion: """
      Takes the blocks from the node and nothing else: executes them in a fresh ledger that begins \
      with genesis.json, and checks each header's chain, order, items, state root and signature, \
      each beacon's proof, each transaction's signature and all invariants. The state after the \
      last block is confirmed by the next block's header. Beside CometBFT each header must also be \
      signed by more than two thirds of the validators that the ledger itself names; the node must \
      have all blocks. Exit code 2 when something does not agree.

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
    var replay = try LedgerReplay(genesis: genesis)
    let tip = try await client.height()
    let source = try await blocks(network, genesis, replay.machine)
    var disagreement: String?
    do {
      try await replay.run(source, to: min(height ?? tip, tip)) { height in
        if json { return }
        try? FileHandle.standardError.write(contentsOf: Data("  block \(height) of \(tip)\n".utf8))
      }
    } catch let error as LedgerReplay.Disagreement {
      disagreement = error.description
    } catch let error as LedgerClientError where replay.machine.height == 0 {
      throw UserError(
        "the node cannot show block 1: \(error)",
        advice: "A replay begins at genesis: name a node that keeps all blocks, with --rpc.")
    }
    let report = try VerifyReport(replay, disagreement: disagreement)
    print(json ? try JSON.text(report) : report.text)
    if !report.agrees { throw ExitCode(2) }
  }

  /// The node's blocks: its own where it keeps them, else those of the engine beside it. A node
  /// does not choose how it is judged: only where the genesis has one validator does one signature
  /// do.
  private func blocks(
    _ network: OpenNetwork, _ genesis: Genesis, _ machine: LedgerMachine
  ) async throws -> any ReplaySource {
    if genesis.validators.count == 1, network.settings.engineRPC == nil,
      try await SoloBlocks.stored(at: 1, network.ledger) != nil
    {
      return SoloBlocks(client: network.ledger, genesis: genesis)
    }
    var logger = Logger(label: "trellis.command")
    logger.logLevel = .critical
    return EngineBlocks(
      RPCLightBlockSource(endpoint: network.nodeEndpoint, logger: logger),
      chainName: genesis.chainName, machine: machine
    ) { ConsensusTime(seconds: Int64(Date().timeIntervalSince1970), nanoseconds: 0) ?? .none }
  }
}
