import ABCI
import ArgumentParser

/// Runs the ledger's node in this process.
struct ValidatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validator", abstract: "Be the validator, in this process, until SIGTERM.",
    discussion: """
      With each vote a validator reports what a token costs in US dollars. By default it is a \
      devnet's fixed price; an operator names a file that some program of its own keeps current, \
      or an address that answers a decimal and nothing else.

      Examples:
        trellis validator --data /srv/net
        trellis validator --data /srv/net --oracle-price /run/token-price
        trellis validator --data /srv/net --oracle-price http://127.0.0.1:8080/price
        trellis validator --data /srv/net --abci tcp://127.0.0.1:26658   # beside a CometBFT node
      """)
  @OptionGroup var data: DataOption
  @Option(help: "A price in US dollars, a file written within the last hour, or a web address.")
  var oraclePrice = "1"
  @Option(help: "Serve a CometBFT v0.38 node here instead: tcp://HOST:PORT or unix://PATH.")
  var abci: String?
  @Option(
    help: """
      With --abci: how many blocks the node keeps at least, and those since the older snapshot; \
      all unless told.
      """)
  var keepBlocks: UInt64?
  @Option(
    help: """
      With --abci: after how many blocks a snapshot is taken, from which others can join, the \
      first after a tenth of that; the two newest are kept; 0 takes none.
      """)
  var snapshotInterval: UInt64 = 1000

  func run() async throws {
    let price = oraclePrice
    if let abci {
      let endpoint: ABCIEndpoint
      do { endpoint = try ABCIEndpoint(abci) } catch { throw UserError("--abci \(error)") }
      let (keptBlocks, interval) = (keepBlocks, snapshotInterval)
      return try await NodeProcess(.validator, data.network()).run {
        try await EngineValidatorWiring.run(
          $0, price: OraclePriceOption.source(price, logger: $0.logger), endpoint: endpoint,
          keptBlocks: keptBlocks, snapshotInterval: interval)
      }
    }
    let network = try data.network()
    try network.settings.requireOwnBlocks()
    try await NodeProcess(.validator, network).run {
      try await ValidatorWiring.run(
        $0, price: OraclePriceOption.source(price, logger: $0.logger))
    }
  }
}

/// Serves the live page in this process.
struct DashboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard", abstract: "Serve the live page, in this process, until SIGTERM.",
    discussion: "Example:\n  trellis dashboard --data /srv/net")
  @OptionGroup var data: DataOption

  func run() async throws {
    try await NodeProcess(.dashboard, data.network()).run { try await DashboardWiring.run($0) }
  }
}
