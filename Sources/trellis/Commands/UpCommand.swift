import ArgumentParser
import Foundation
import Primitives

/// Starts the network and stays until Ctrl-C.
struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Start a whole network on this machine, or resume it.",
    discussion: """
      Starts a validator, the providers, an S3 gateway and a live page as processes of their own, \
      all on loopback, and stays until Ctrl-C (or `trellis down`), which stops them in order. A \
      second `up` on the same directory resumes the network; children of an `up` that was killed \
      are adopted. What dies stays dead unless --restart; `trellis status` shows it.

      Examples:
        trellis up
        trellis up --data /srv/net --providers 4 --epoch 10
        trellis up --restart --sample
        trellis up --preset helium --data helium-net
        trellis up --preset mine.yaml --from 2027-01-01 --epoch 2
      """)

  @OptionGroup var data: DataOption
  @Option(help: "How many providers a new network has (1 to 200; 12 by default).")
  var providers: Int?
  @Option(help: "The first of the ports, for RPC; the others follow (9700 by default).")
  var port: Int?
  @Option(
    help: """
      The length of a settlement epoch in seconds (30 by default; at least 5, or 1 with --preset).
      """)
  var epoch: Int?
  @OptionGroup var rules: PresetOptions
  @Option(
    help: "A host name of yours: bucket.NAME is then a bucket, as bucket.localhost always is.")
  var domain: String?
  @Option(
    help: "What the stream bucket of a lease begins with and is filled up to, in credits (100).")
  var streamCredits: String?
  @Flag(
    inversion: .prefixedNo,
    help: "Fill leases up out of their customers' balances before they run dry (on by default).")
  var topUp: Bool?
  @Flag(help: "Restart what dies.")
  var restart = false
  @Flag(help: "Store a sample object over S3 and read it back, to show that it works.")
  var sample = false

  func validate() throws {
    if let providers, !(1...200).contains(providers) {
      throw ValidationError("--providers \(providers) is not within 1 to 200.")
    }
    if let port, !(1024...PortPlan.highestBase).contains(port) {
      throw ValidationError("--port \(port) is not within 1024 to \(PortPlan.highestBase).")
    }
    try checkCredits()
    try rules.check(epoch: epoch)
  }

  private func checkCredits() throws {
    if let streamCredits { _ = try TransactionCommand.quantity(streamCredits, as: Credits.self) }
  }

  func run() async throws {
    let directory = data.directory
    let founder = NetworkFounder(
      directory: directory, providers: providers, portBase: port,
      epochMilliseconds: epoch.map { UInt64($0) * 1000 }, domain: domain?.lowercased(),
      streamCredits: streamCredits, topsUp: topUp, preset: try rules.rules())
    try directory.prepare(for: [])
    if let owner = ProcessLock.holder(of: directory.supervisorLockPath) {
      return try await startMissing(directory, owner: owner)
    }
    let lock = try ProcessLock.acquire(directory.supervisorLockPath, retryingFor: 5)
    defer { lock.release() }
    let opened = try founder.open()
    let stop = StopSignal()
    Console.say(UpText.opening(opened, directory: directory))
    let chain = ChainIdentity(name: opened.genesis.chainName, id: opened.genesis.chain.hex)
    let supervisor = NetworkSupervisor(
      directory: directory, chain: chain, restarts: restart, say: Console.say)
    try await serve(supervisor, opened, stop)
  }

  /// Starts the network, watches it, and stops it at a signal, whatever it is doing then.
  private func serve(
    _ supervisor: NetworkSupervisor, _ opened: NetworkFounder.Result, _ stop: StopSignal
  ) async throws {
    let directory = data.directory
    let wantsSample = sample
    let work = Task {
      try await supervisor.start()
      Console.say(try UpText.ready(OpenNetwork(directory), isNew: opened.isNew))
      if wantsSample {
        do {
          for line in try await SampleObject.store(in: OpenNetwork(directory)) { Console.say(line) }
        } catch {
          Console.say("The sample object could not be stored: \(error)")
        }
      }
      await supervisor.watch()
    }
    let watcher = Task {
      if await stop.wait() != nil {
        Console.say("stopping…")
        work.cancel()
      }
    }
    let result = await work.result
    watcher.cancel()
    await supervisor.stop()
    if case .failure(let error) = result, !(error is CancellationError) { throw error }
    Console.say("stopped; `trellis up --data \(directory.root)` resumes it")
  }

  /// Another `up` watches this network: start what is missing for it, and leave.
  private func startMissing(_ directory: NetworkDirectory, owner: pid_t) async throws {
    Console.say("this network is up already (process \(owner)); starting what is missing")
    let chain = try GenesisFile.identity(in: directory)
    let supervisor = NetworkSupervisor(
      directory: directory, chain: chain, restarts: false, say: Console.say)
    try await supervisor.start()
    Console.say("ready: everything runs")
  }
}
