import ArgumentParser
import ChainClient
import Foundation
import Ledger
import Primitives

/// Providers: start some more, or be one.
struct ProviderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "provider", abstract: "Start providers of a running network, or run one.",
    subcommands: [StartProviders.self, RunProvider.self])

  struct StartProviders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "start", abstract: "Restart providers, or add new bonded ones.",
      discussion: """
        Without --id and --count it starts every provider that is not running. Returns when the \
        providers are registered, bonded and ready for work.

        Examples:
          trellis provider start --id provider-3
          trellis provider start --count 6
        """)
    @OptionGroup var data: DataOption
    @Option(help: "A provider that exists: provider-3 or 3. Can be given several times.")
    var id: [String] = []
    @Option(help: "How many new ones to add.")
    var count: Int?

    func validate() throws {
      if count != nil, !id.isEmpty {
        throw ValidationError("Give --id to restart or --count to add, not both.")
      }
      if let count, !(1...100).contains(count) {
        throw ValidationError("--count \(count) is not within 1 to 100.")
      }
    }

    func run() async throws {
      let network = try data.network()
      let names = try await chosen(network)
      var started: [ProcessName] = []
      for name in names {
        if let pid = ProcessLock.holder(of: network.directory.lockPath(of: name)) {
          print("\(name.id) is running already (process \(pid))")
        } else {
          try NetworkSupervisor.launch(name, in: network.directory)
          started.append(name)
        }
      }
      try await ProviderReadiness.wait(for: started, in: OpenNetwork(network.directory))
      for name in started { print("\(name.id) is ready") }
    }

    private func chosen(_ network: OpenNetwork) async throws -> [ProcessName] {
      if let count {
        let numbers = try NetworkSettings.addProviders(count, to: network.directory)
        let names = numbers.map { ProcessName.provider($0) }
        try await DevnetFaucet.fund(names, in: network)
        return names
      }
      let known = network.settings.providers.map { ProcessName.provider($0) }
      if id.isEmpty {
        return known.filter { ProcessLock.holder(of: network.directory.lockPath(of: $0)) == nil }
      }
      return try id.map { text in
        guard let name = ProcessName(text), known.contains(name) else {
          throw UserError(
            "there is no provider “\(text)”",
            advice: "There are provider-1 to provider-\(known.count); --count adds new ones.")
        }
        return name
      }
    }
  }

  struct RunProvider: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Be a provider, in this process, until SIGTERM.",
      discussion: "Example:\n  trellis provider run --data /srv/net --id provider-3")
    @OptionGroup var data: DataOption
    @Option(help: "Which provider: provider-3 or 3.")
    var id: String

    func run() async throws {
      let network = try data.network()
      guard let name = ProcessName(id), name.role == .provider,
        network.settings.providers.contains(name.number)
      else { throw UserError("there is no provider “\(id)” in \(network.directory.root)") }
      try await NodeProcess(name, network).run { try await ProviderWiring.run($0) }
    }
  }
}
