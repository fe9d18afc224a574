import Foundation

/// Starts the processes of a network, watches them and stops them in order.
///
/// What lives is read from the processes' lock files, so it is right whoever started them: this
/// `up`, one that was killed, or `provider start`.
actor NetworkSupervisor {
  private let directory: NetworkDirectory
  private let chain: ChainIdentity
  private let restarts: Bool
  private let say: @Sendable (String) -> Void
  private var alive: [ProcessName: pid_t] = [:]
  private var restartAfter: [ProcessName: ContinuousClock.Instant] = [:]
  private var attempts: [ProcessName: Int] = [:]

  /// How often it looks, in milliseconds: well under the 2 s in which a death must show.
  static let lookMilliseconds = 250
  /// How long a process may take to stop by itself, in seconds.
  static let stopSeconds = 20.0

  init(
    directory: NetworkDirectory, chain: ChainIdentity, restarts: Bool,
    say: @escaping @Sendable (String) -> Void
  ) {
    self.directory = directory
    self.chain = chain
    self.restarts = restarts
    self.say = say
  }

  /// Starts what is not running and waits until everything is ready.
  /// - Throws: ``UserError`` naming the process and its log when one does not become ready.
  func start(readyWithin seconds: Double = 120) async throws {
    let settings = try NetworkSettings.load(from: directory)
    try directory.prepare(for: settings.processes)
    look(settings)
    let missing = settings.processes.filter { alive[$0] == nil }
    try await checkPorts(of: missing, settings.ports)
    for name in settings.processes where alive[name] != nil {
      say("  \(name.id): still running (process \(alive[name] ?? 0)), adopted")
    }
    if missing.contains(.validator) {
      try launch(.validator)
      try await awaitReady([.validator], settings.ports, seconds: seconds)
    }
    for name in missing where name != .validator { try launch(name) }
    try await awaitReady(settings.processes, settings.ports, seconds: seconds)
    look(settings)
    try saveManifest(settings)
  }

  /// Watches until the task is cancelled: tells of deaths, and restarts when it was told to.
  func watch() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
      guard !Task.isCancelled, let settings = try? NetworkSettings.load(from: directory) else {
        continue
      }
      let before = alive
      let endings = ChildProcess.reap()
      look(settings)
      for name in settings.processes where alive[name] != before[name] {
        report(name, was: before[name], endings)
      }
      if restarts { restartDead(settings) }
      if alive != before { try? saveManifest(settings) }
    }
  }

  /// Stops everything: first who asks, then who serves, the ledger last.
  func stop() async {
    guard let settings = try? NetworkSettings.load(from: directory) else { return }
    await Self.stop(settings, in: directory, say: say)
  }

  /// Stops all processes of a network, whoever started them.
  static func stop(
    _ settings: NetworkSettings, in directory: NetworkDirectory,
    say: @escaping @Sendable (String) -> Void
  ) async {
    let stages: [[ProcessName]] = [
      [.dashboard], [.gateway], settings.providers.map { .provider($0) }, [.validator],
    ]
    for stage in stages {
      await withTaskGroup(of: Void.self) { group in
        for name in stage {
          let lock = directory.lockPath(of: name)
          guard let pid = ProcessLock.holder(of: lock) else { continue }
          group.addTask {
            await ChildProcess.stop(pid, patienceSeconds: stopSeconds) {
              ProcessLock.holder(of: lock) != pid
            }
          }
        }
      }
    }
    _ = ChildProcess.reap()
    if let chain = try? GenesisFile.identity(in: directory) {
      try? NetworkManifest(of: directory, settings: settings, chain: chain).save(to: directory)
    }
  }

  /// Starts one process if it is not running; returns whether it did.
  /// - Throws: ``UserError``.
  @discardableResult
  static func launch(
    _ name: ProcessName, in directory: NetworkDirectory, access: [String] = []
  ) throws -> pid_t {
    var arguments: [String] =
      name.role == .provider ? ["provider", "run", "--id", name.id] : [name.role.rawValue]
    arguments += ["--data", directory.root] + access
    return try ChildProcess.start(arguments, logPath: directory.logPath(of: name))
  }

  private func launch(_ name: ProcessName) throws {
    alive[name] = try Self.launch(name, in: directory)
  }

  private func look(_ settings: NetworkSettings) {
    for name in settings.processes {
      alive[name] = ProcessLock.holder(of: directory.lockPath(of: name))
    }
  }

  private func report(_ name: ProcessName, was pid: pid_t?, _ endings: [pid_t: String]) {
    if let pid, alive[name] == nil {
      let how = endings[pid] ?? "is gone"
      let advice =
        name.role == .provider
        ? "`trellis provider start --id \(name.id)` starts it again"
        : "`trellis up` starts it again"
      say("\(name.id) (process \(pid)) \(how); \(restarts ? "it will be restarted" : advice)")
    } else if let now = alive[name] {
      say("\(name.id) runs as process \(now)")
    }
  }

  private func restartDead(_ settings: NetworkSettings) {
    let now = ContinuousClock.now
    for name in settings.processes where alive[name] == nil {
      if let due = restartAfter[name], now < due { continue }
      let attempt = attempts[name, default: 0]
      attempts[name] = min(attempt + 1, 5)
      // 1, 2, 4 … 32 s between attempts, so that a process that cannot run does not burn the CPU.
      restartAfter[name] = now.advanced(by: .seconds(1 << attempt))
      do { try launch(name) } catch { say("\(name.id) cannot be restarted: \(error)") }
    }
  }

  private func saveManifest(_ settings: NetworkSettings) throws {
    try NetworkManifest(of: directory, settings: settings, chain: chain).save(to: directory)
  }

  private func awaitReady(
    _ names: [ProcessName], _ ports: PortPlan, seconds: Double
  ) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
    var waiting = names
    while true {
      let answers = await HealthProbe.ask(waiting, ports: ports)
      waiting = waiting.filter { answers[$0]?.healthy != true }
      if waiting.isEmpty { return }
      let endings = ChildProcess.reap()
      for name in waiting {
        guard let pid = alive[name], let how = endings[pid] else { continue }
        throw UserError(
          "\(name.id) \(how) while it started: \(lastLine(of: name))",
          advice: "Its whole log is \(directory.logPath(of: name)).")
      }
      if ContinuousClock.now >= deadline {
        let reasons = waiting.map { name in
          "  \(name.id): \(answers[name]?.summary ?? "does not answer") "
            + "(log: \(directory.logPath(of: name)))"
        }
        throw UserError("not ready after \(Int(seconds)) s:\n" + reasons.joined(separator: "\n"))
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private func lastLine(of name: ProcessName) -> String {
    let data = FileManager.default.contents(atPath: directory.logPath(of: name)) ?? Data()
    let lines = String(decoding: data.suffix(4096), as: UTF8.self).split(separator: "\n")
    return lines.last.map(String.init) ?? "it said nothing"
  }

  /// - Throws: ``UserError`` when a port stays taken: one that was just killed may hold it a while.
  private func checkPorts(
    of names: [ProcessName], _ ports: PortPlan, patienceSeconds: Double = 5
  ) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(patienceSeconds))
    for name in names {
      for port in [ports.main(of: name), ports.telemetry(of: name)] {
        while Loopback.isTaken(port), ContinuousClock.now < deadline {
          try await Task.sleep(for: .milliseconds(50))
        }
        guard Loopback.isTaken(port) else { continue }
        throw UserError(
          "port \(port), which \(name.id) needs, is taken by another program",
          advice: "End that program, or use a directory of its own and other ports: "
            + "`trellis up --data DIR --port BASE`.")
      }
    }
  }
}
