import ArgumentParser
import Primitives

/// Shows who was paid what, and why.
struct EarningsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "earnings", abstract: "Show who was paid, faulted and slashed, and why.",
    discussion: """
      With --explain it goes from each payout line to the quantity that was proven, the price, the \
      rule that split it, and the proofs and receipts by the hash of their evidence; every zero \
      has its reason.

      Examples:
        trellis earnings
        trellis earnings --provider provider-3 --explain
        trellis earnings --json --epochs 100
      """)

  @OptionGroup var data: DataOption
  @Option(help: "One provider: provider-3, 3, or its did:key.")
  var provider: String?
  @Option(help: "How many of the last epochs.")
  var epochs = 10
  @Flag(help: "Go down to proofs, receipts and rules.")
  var explain = false
  @Flag(help: "As JSON; always with every line and cause.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(epochs) else {
      throw ValidationError("--epochs \(epochs) is not within 1 to 100000.")
    }
  }

  func run() async throws {
    let network = try data.network()
    let account = try provider.map { try NameBook(network).account($0) }
    let report = try await EarningsReport.make(network, provider: account, lastEpochs: epochs)
    print(json ? try JSON.text(report) : EarningsText(report: report, explains: explain).text)
  }
}
