import ChainClient
import Foundation
import Logging
import Metrics
import Telemetry

/// What every process of the network is: it holds its lock, logs as JSON lines, shows its metrics
/// and its health, and ends at SIGTERM.
struct NodeProcess: Sendable {
  let name: ProcessName
  let network: OpenNetwork
  /// The process's own directory.
  let directory: String
  /// Another port than the network's plan gives it; nil for that one. Telemetry is three above.
  let port: Int?

  /// - Parameters:
  ///   - directory: where it keeps its state; nil for its place in the network's directory.
  ///   - port: where it serves, for a second process of its kind; nil for the network's plan.
  init(
    _ name: ProcessName, _ network: OpenNetwork, directory: String? = nil, port: Int? = nil
  ) {
    self.name = name
    self.network = network
    self.directory = directory ?? network.directory.dataDirectory(of: name)
    self.port = port
  }

  /// What the process's work gets.
  struct Context: Sendable {
    let name: ProcessName
    let network: OpenNetwork
    let logger: Logger
    let ledger: LedgerClient
    /// Where the work says how it is.
    let health: HealthBoard
    /// The process's own directory.
    let directory: String
    /// Where it serves what it is for.
    let mainPort: Int
    var ports: PortPlan { network.settings.ports }
  }

  /// Runs `work` until it ends or the process is told to stop.
  /// - Throws: what `work` throws.
  func run(_ work: @escaping @Sendable (Context) async throws -> Void) async throws {
    Self.limitAllocatorArenas()
    try network.directory.prepare(for: [name])
    try NetworkDirectory.make(directory, mode: 0o700)
    // A predecessor that was just killed may hold its lock for a moment.
    let lock = try ProcessLock.acquire(directory + "/lock", retryingFor: 5)
    defer { lock.release() }
    // Everything goes to standard error, which `up` appends to logs/<id>.log.
    try bootstrapLogging(file: nil, level: Self.level)
    let registry = MetricsRegistry.bootstrap()
    let stop = StopSignal()
    var logger = Logger(label: "trellis.\(name.role.rawValue)")
    logger[metadataKey: "process"] = "\(name.id)"
    let context = Context(
      name: name, network: network, logger: logger,
      ledger: network.ledger(logger: logger, progressPath: directory + "/verified-block.json"),
      health: HealthBoard(), directory: directory,
      mainPort: port ?? network.settings.ports.main(of: name))
    logger.info("starting", metadata: ["pid": "\(getpid())"])
    try await serve(context, registry, stop, work)
    logger.info("stopped")
  }

  private func serve(
    _ context: Context, _ registry: MetricsRegistry, _ stop: StopSignal,
    _ work: @escaping @Sendable (Context) async throws -> Void
  ) async throws {
    let telemetryPort = port.map { $0 + 3 } ?? context.ports.telemetry(of: name)
    let telemetry = TelemetryServer(
      port: telemetryPort, registry: registry, logger: context.logger
    ) { await context.health.report() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do {
          try await telemetry.run()
        } catch {
          throw UserError(
            "health and metrics cannot listen on 127.0.0.1:\(telemetryPort): \(error)")
        }
      }
      group.addTask { try await work(context) }
      group.addTask { _ = await stop.wait() }
      defer { group.cancelAll() }
      do {
        try await group.next()
      } catch {
        if !Task.isCancelled { context.logger.critical("cannot go on: \(error)") }
        throw error
      }
    }
  }

  /// glibc gives each thread an arena that keeps what was freed in it. Buffers of megabytes that
  /// wander between threads then cost several times their size: a gateway that was sent 1 GiB
  /// peaked at 528 MB with the default and at 390 MB with two arenas.
  private static func limitAllocatorArenas() {
    // <malloc.h> is not in Swift's Glibc module, so mallopt is looked up; elsewhere there is none.
    guard let symbol = dlsym(nil, "mallopt") else { return }
    typealias SetAllocatorOption = @convention(c) (Int32, Int32) -> Int32
    let maximumArenas: Int32 = -8
    _ = unsafeBitCast(symbol, to: SetAllocatorOption.self)(maximumArenas, 2)
  }

  private static var level: Logger.Level {
    ProcessInfo.processInfo.environment["TRELLIS_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) }
      ?? .info
  }
}
