import Foundation
import TestSupport

/// A network as a user has it: `trellis up` in a directory of its own.
final class DevNetwork {
  let directory: TemporaryDirectory
  let port: Int
  private let arguments: [String]
  private var supervisor: Process?
  private var starts = 0

  /// Starts a network and waits for its ready line.
  init(providers: Int, port: Int, epoch: Int = 5, more: [String] = []) async throws {
    directory = try TemporaryDirectory("network")
    self.port = port
    arguments =
      [
        "up", "--providers", "\(providers)", "--port", "\(port)", "--epoch", "\(epoch)",
      ] + more
    try await start()
  }

  deinit {
    // Nothing of a failed test may stay behind.
    if let supervisor, supervisor.isRunning { kill(supervisor.processIdentifier, SIGKILL) }
    for process in (try? manifest().processes) ?? [] {
      if let pid = process.pid { kill(pid, SIGKILL) }
    }
  }

  /// The command that was built with these tests.
  static var executable: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = URL(fileURLWithPath: own).deletingLastPathComponent().path + "/trellis"
    let candidates =
      [beside] + ["release", "debug"].map { SourceTree.root + "/.build/\($0)/trellis" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "trellis"
  }

  /// Everything that `up` printed since its last start.
  var log: String {
    (try? String(contentsOfFile: directory.file("up-\(starts).txt"), encoding: .utf8)) ?? ""
  }

  /// Starts `up` again.
  func start() async throws {
    starts += 1
    let path = directory.file("up-\(starts).txt")
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.executable)
    process.arguments = arguments + ["--data", data]
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    supervisor = process
    do {
      try await eventually("up is ready", within: 120) {
        guard process.isRunning else { throw Ended(log: log) }
        return log.contains("\nready")
      }
    } catch let error as NeverHappened {
      throw Ended(log: "\(error)\n\(log)")
    }
  }

  /// `up` ended, or never became ready.
  struct Ended: Error, CustomStringConvertible {
    let log: String
    var description: String { "trellis up: \(log.suffix(4000))" }
  }

  var data: String { directory.file("data") }

  /// Runs `trellis` with arguments and this network's --data.
  func trellis(_ arguments: String..., seconds: Double = 60) async throws -> ShellCommand {
    try await ShellCommand.run([Self.executable] + arguments + ["--data", data], seconds: seconds)
  }

  /// What S3 clients need in their environment, from `trellis env`.
  func environment(identity: String = "main") async throws -> [String: String] {
    let text = try await trellis("env", "--identity", identity).succeeded()
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("export ") {
      let parts = line.dropFirst(7).split(separator: "=", maxSplits: 1)
      values[String(parts[0])] = parts[1].trimmingCharacters(in: ["'", "\""])
    }
    return values
  }

  /// Runs an S3 client with this network's credentials.
  func client(_ arguments: String..., seconds: Double = 180) async throws -> ShellCommand {
    try await ShellCommand.run(
      arguments, environment: try await environment(), directory: directory.path,
      seconds: seconds)
  }

  struct Manifest: Decodable {
    struct Entry: Decodable {
      let role: String
      let id: String
      let pid: Int32?
      let dataDirectory: String
      let endpoints: [String: String]
    }
    let processes: [Entry]
    let endpoints: [String: String]
  }

  /// network.json as it is now.
  func manifest() throws -> Manifest {
    let json = try Data(contentsOf: URL(fileURLWithPath: data + "/network.json"))
    return try JSONDecoder().decode(Manifest.self, from: json)
  }

  /// The processes of a role that live.
  func living(_ role: String) throws -> [Manifest.Entry] {
    try manifest().processes.filter { $0.role == role && $0.pid != nil }
  }

  /// Kills the first `count` providers as a power cut would.
  func killProviders(_ count: Int) throws -> [String] {
    let victims = try living("provider").prefix(count)
    for victim in victims { if let pid = victim.pid { kill(pid, SIGKILL) } }
    return victims.map(\.id)
  }

  /// Kills `up`, and with `andAll` every process, at once.
  func killSupervisor(andAll: Bool) async throws {
    let processes = try manifest().processes
    guard let supervisor else { return }
    kill(supervisor.processIdentifier, SIGKILL)
    if andAll { for process in processes { if let pid = process.pid { kill(pid, SIGKILL) } } }
    try await eventually("up is gone") { !supervisor.isRunning }
  }

  /// The whole of `status --json`.
  func status() async throws -> [String: Any] {
    let text = try await trellis("status", "--json").output
    return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  /// Stops the network as a user does, and checks that nothing is left.
  func stop() async throws {
    let processes = try manifest().processes
    _ = try await trellis("down", seconds: 100).succeeded()
    try await eventually("up has ended", within: 30) { supervisor?.isRunning != true }
    for process in processes {
      if let pid = process.pid, Self.lives(pid) { throw Ended(log: "\(process.id) still lives") }
    }
  }

  /// Whether a process runs: one that has ended and that nobody has collected does not.
  private static func lives(_ pid: Int32) -> Bool {
    let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    guard let end = status.lastIndex(of: ")") else { return false }
    return !status[end...].hasPrefix(") Z")
  }
}
