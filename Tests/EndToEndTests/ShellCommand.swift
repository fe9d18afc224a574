import Foundation
import TestSupport

/// A command that was run to its end.
struct ShellCommand: CustomStringConvertible {
  let arguments: [String]
  let status: Int32
  let output: String

  var description: String {
    "\(arguments.joined(separator: " ")) → \(status)\n\(output.suffix(4000))"
  }

  /// Runs a command with its output and errors together; ends it after `seconds`.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], directory: String? = nil,
    seconds: Double = 120
  ) async throws -> ShellCommand {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    var all = ProcessInfo.processInfo.environment
    all["AWS_CA_BUNDLE"] = nil
    all["AWS_EC2_METADATA_DISABLED"] = "true"
    all["PATH"] = SourceTree.root + "/.tools/venv/bin:" + (all["PATH"] ?? "/usr/bin:/bin")
    process.environment = all.merging(environment) { _, new in new }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    let log = try TemporaryDirectory("output")
    _ = FileManager.default.createFile(atPath: log.file("out"), contents: nil)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log.file("out")))
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    do {
      try await eventually(arguments.joined(separator: " "), within: seconds) {
        !process.isRunning
      }
    } catch {
      kill(process.processIdentifier, SIGKILL)
      throw error
    }
    let text = try String(contentsOfFile: log.file("out"), encoding: .utf8)
    return ShellCommand(
      arguments: arguments, status: process.terminationStatus, output: text)
  }

  /// The output, if the command ended well.
  /// - Throws: ``Failure`` with everything it said.
  func succeeded() throws -> String {
    guard status == 0 else { throw Failure(command: self) }
    return output
  }

  /// A command that ended badly.
  struct Failure: Error, CustomStringConvertible {
    let command: ShellCommand
    var description: String { command.description }
  }
}
