import ArgumentParser
import ChainClient
import Foundation
import Ledger
import Primitives

/// Providers: start some more, or be one.
struct ProviderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "provider",
    abstract: "Be an operator: set up, start, pause, drain and take out providers.",
    subcommands: [
      ProviderInitCommand.self, StartProviders.self, RestartProvider.self,
      ProviderListCommand.self, ProviderPauseCommand.self, ProviderResumeCommand.self,
      ProviderDrainCommand.self, ProviderLeaveCommand.self, RunProvider.self,
    ])

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
          try NetworkSupervisor.launch(
            name, in: network.directory, access: network.accessArguments)
          started.append(name)
        }
      }
      // Its settings have changed if there are new ones.
      try await ProviderReadiness.wait(for: started, in: data.network())
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
      return try id.map { try ProviderChoice.one($0, in: network) }
    }
  }

  struct RestartProvider: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "restart", abstract: "Stop a provider and start it with its new settings.",
      discussion: """
        Give --rpc and --trust again where it had them.

        Example:
          trellis provider restart --id provider-3
        """)
    @OptionGroup var data: DataOption
    @Option(help: "Which provider: provider-3 or 3.")
    var id: String

    func run() async throws {
      let network = try data.network()
      let name = try ProviderChoice.one(id, in: network)
      let lockPath = network.directory.lockPath(of: name)
      if let pid = ProcessLock.holder(of: lockPath) {
        kill(pid, SIGTERM)
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while ProcessLock.holder(of: lockPath) == pid {
          guard ContinuousClock.now < deadline else {
            throw UserError("\(name.id) (process \(pid)) does not stop; its log may say why")
          }
          try await Task.sleep(for: .milliseconds(50))
        }
      }
      if ProcessLock.holder(of: lockPath) == nil {
        // An `up --restart` may have been quicker.
        try NetworkSupervisor.launch(
          name, in: network.directory, access: network.accessArguments)
      }
      try await ProviderReadiness.wait(for: [name], in: network)
      print("\(name.id) is ready")
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
