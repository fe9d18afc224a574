import ArgumentParser
import Foundation

/// Runs the S3 gateway, or brings a lost one back.
struct GatewayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gateway", abstract: "Be the S3 gateway, or recover a lost one.",
    subcommands: [Serve.self, Recover.self], defaultSubcommand: Serve.self)

  /// Runs the S3 gateway in this process.
  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "serve", abstract: "Be the S3 gateway, in this process, until SIGTERM.",
      discussion: """
        An account has one writing gateway, which the ledger names. A second one, or one that was \
        overtaken, answers 503 and says why.

        Examples:
          trellis gateway --data /srv/net
          trellis gateway --data /srv/net --directory /srv/gateway-2 --port 9801
        """)
    @OptionGroup var data: DataOption
    @OptionGroup var place: GatewayPlace

    func run() async throws {
      try await NodeProcess(
        .gateway, data.network(), directory: place.absoluteDirectory, port: place.port
      ).run { try await GatewayWiring.run($0) }
    }
  }
}

/// Where a gateway is, if not where the network keeps its own.
struct GatewayPlace: ParsableArguments {
  @Option(
    name: .long, help: "Where this gateway keeps its state (else DIR/gateway).",
    completion: .directory)
  var directory: String?
  @Option(help: "Where it serves S3 (else the network's port); metrics and health are 3 above.")
  var port: Int?

  var absoluteDirectory: String? {
    directory.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
  }

  func validate() throws {
    if let port, !(1024...65_000).contains(port) {
      throw ValidationError("--port \(port) is not within 1024 to 65000.")
    }
  }
}
