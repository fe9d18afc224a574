import ArgumentParser

/// Shows how the network is.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show processes, ledger and storage as they are now.",
    discussion: """
      A process that died shows at once. Exit code 0 when everything lives and is healthy, 2 when \
      something is not.

      Examples:
        trellis status
        trellis status --json | python3 -m json.tool
      """)

  @OptionGroup var data: DataOption
  @Flag(help: "As JSON.")
  var json = false

  func run() async throws {
    let report = await StatusReport.make(try data.network())
    print(json ? try JSON.text(report) : report.text)
    if !report.isWhole { throw ExitCode(2) }
  }
}
