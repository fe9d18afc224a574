import Foundation

/// Where a network on this machine keeps everything: one directory.
struct NetworkDirectory: Sendable {
  /// The absolute path.
  let root: String

  init(_ path: String) {
    root = URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// Endpoints, identities and processes, for whoever talks to the network.
  var manifestPath: String { root + "/network.json" }
  /// What `up` was told; the source of the processes that there ought to be.
  var settingsPath: String { root + "/settings.json" }
  var genesisPath: String { root + "/genesis.json" }
  var secretsPath: String { root + "/secrets" }
  var logsPath: String { root + "/logs" }
  /// Held by the running `up`.
  var supervisorLockPath: String { root + "/up.lock" }
  /// Held while settings are changed.
  var settingsLockPath: String { root + "/settings.lock" }

  /// The directory of a process's own state.
  func dataDirectory(of process: ProcessName) -> String { root + "/" + process.id }
  /// Held by the process itself as long as it lives.
  func lockPath(of process: ProcessName) -> String { dataDirectory(of: process) + "/lock" }
  /// Where its standard output and error go.
  func logPath(of process: ProcessName) -> String { logsPath + "/" + process.id + ".log" }

  /// Whether a network was made here.
  var exists: Bool { FileManager.default.fileExists(atPath: settingsPath) }

  /// Makes the directories that are missing; secrets are for their owner alone.
  /// - Throws: ``UserError``.
  func prepare(for processes: [ProcessName]) throws {
    try Self.make(root, mode: 0o755)
    try Self.make(secretsPath, mode: 0o700)
    try Self.make(logsPath, mode: 0o755)
    for process in processes { try Self.make(dataDirectory(of: process), mode: 0o700) }
  }

  /// Fails with advice when no network was made here.
  /// - Throws: ``UserError``.
  func requireExisting() throws {
    if exists { return }
    throw UserError(
      "there is no network in \(root)",
      advice: "Start one with `trellis up --data \(root)`, or name its directory with --data.")
  }

  /// Makes a directory with a mode unless it is there. - Throws: ``UserError``.
  static func make(_ path: String, mode: Int) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    } catch {
      throw UserError("cannot make the directory \(path): \(error.localizedDescription)")
    }
  }
}
