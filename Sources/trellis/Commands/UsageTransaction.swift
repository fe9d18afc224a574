import ArgumentParser
import ChainClient
import Foundation
import Ledger
import Primitives
import Simulator

/// Feeds use of services that are not built into the epochs of a devnet.
struct UsageTransaction: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage",
    abstract: "Feed a trace of use into the coming epochs of a devnet that runs on a preset.",
    discussion: """
      Each line of the file is a JSON object: what an account (or a candidate of a vote) did in an \
      epoch, or what the epoch has in common. Epoch 0 is the first that has not begun yet. Amounts \
      are decimals in whole tokens and US dollars; docs/formats.md has all fields.

        {"epoch": 0, "price": "2.5"}
        {"epoch": 0, "account": "main", "role": "customer", "bought": "12"}
        {"epoch": 0, "account": "provider-1", "role": "provider", "usage": "12", "work": 40}

      Example:
        trellis tx usage --trace use.jsonl --data helium-net
      """)
  @OptionGroup var data: DataOption
  @Option(help: "The file.", completion: .file())
  var trace: String
  @Option(help: "The identity that sends it.")
  var from = "main"
  @Option(help: "The ledger's epoch that the trace's epoch 0 is; the next one unless told.")
  var firstEpoch: UInt64?

  func run() async throws {
    let network = try data.network()
    let names = try NameBook(network)
    guard let bytes = FileManager.default.contents(atPath: trace),
      let text = String(data: bytes, encoding: .utf8)
    else { throw UserError("\(trace): cannot be read as UTF-8 text") }
    let use = try UsageTraceFile.read(text, file: trace) { try? names.account($0) }
    let key = try network.secrets.identity(from).ledgerKey
    let running = try await LedgerReader(client: network.ledger).clock().epoch
    let first = firstEpoch ?? running + 1
    var count = 0
    for report in use.epochs.flatMap({ Self.reports($0, first: first) }) {
      do {
        _ = try await network.ledger.submit(.reportUsage(report), signer: key)
      } catch {
        throw UserError(
          "\(trace): epoch \(report.epoch - first): \(error)",
          advice: "\(count) reports before it were taken.")
      }
      count += 1
    }
    let last = first + (use.epochs.last?.number ?? 0)
    print("\(count) reports for the epochs \(first) to \(last); \(running) is running")
  }

  /// An epoch's reports: as many as its accounts need.
  private static func reports(_ epoch: UsageTrace.Epoch, first: UInt64) -> [Ledger.UsageReport] {
    var common = Ledger.UsageReport(epoch: first + epoch.number)
    common.price = epoch.price
    common.priceConfidence = epoch.priceConfidence
    common.power = epoch.power
    common.staked = epoch.staked
    common.blockSpaceUsed = epoch.blockSpaceUsed
    common.candidates = epoch.candidates
    let size = Ledger.UsageReport.accountLimit
    common.accounts = Array(epoch.accounts.prefix(size))
    var reports = [common]
    for start in stride(from: size, to: epoch.accounts.count, by: size) {
      var more = Ledger.UsageReport(epoch: common.epoch)
      more.accounts = Array(epoch.accounts[start..<min(start + size, epoch.accounts.count)])
      reports.append(more)
    }
    return reports
  }
}
