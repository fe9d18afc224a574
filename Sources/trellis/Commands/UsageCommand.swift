import ArgumentParser

/// Shows what a customer was charged, when, and for what.
struct UsageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage", abstract: "Show what was stored and read, when, and what it cost.",
    discussion: """
      From the ledger's payout lines, summed by epoch and kind, and from the leases' escrows: what \
      the ledger paid out for an identity is what the identity was charged.

      Examples:
        trellis usage
        trellis usage --identity alt --epochs 100 --csv > usage.csv
        trellis usage --json
      """)

  @OptionGroup var data: DataOption
  @Option(help: "Whose.")
  var identity = "main"
  @Option(help: "How many of the last epochs.")
  var epochs = 10
  @Flag(help: "As comma-separated values, a line for each epoch and kind.")
  var csv = false
  @Flag(help: "As JSON.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(epochs) else {
      throw ValidationError("--epochs \(epochs) is not within 1 to 100000.")
    }
    if csv && json { throw ValidationError("--csv and --json exclude each other.") }
  }

  func run() async throws {
    let network = try data.network()
    let report = try await UsageReport.make(network, identity: identity, lastEpochs: epochs)
    print(json ? try JSON.text(report) : csv ? report.csv : report.text)
  }
}
