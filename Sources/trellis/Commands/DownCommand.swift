import ArgumentParser
import Foundation

/// Stops a network that `up` started.
struct DownCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down", abstract: "Stop the network; its state stays.",
    discussion: """
      Stops `up` and every process of the network, also those of an `up` that was killed. Does \
      nothing, successfully, when nothing runs.

      Example:
        trellis down --data /srv/net
      """)

  @OptionGroup var data: DataOption

  func run() async throws {
    let directory = data.directory
    let settings = try NetworkSettings.load(from: directory)
    if let owner = ProcessLock.holder(of: directory.supervisorLockPath) {
      await ChildProcess.stop(owner, patienceSeconds: 4 * NetworkSupervisor.stopSeconds) {
        ProcessLock.holder(of: directory.supervisorLockPath) != owner
      }
    }
    await NetworkSupervisor.stop(settings, in: directory, say: { print($0) })
    let left = settings.processes.filter {
      ProcessLock.holder(of: directory.lockPath(of: $0)) != nil
    }
    guard left.isEmpty else {
      throw UserError("still running: \(left.map(\.id).joined(separator: ", "))")
    }
    print("stopped")
  }
}
