import Consensus
import Ledger

/// Blocks of signed transfers, durable and with the state root computed, against the time that
/// libsodium takes on all cores to verify the same signatures.
///
/// *Alone*: nothing is known when the block comes; its signatures are checked on all cores, then it
/// is executed and stored. *In a stream*: each block's transfers are checked as they come in, while
/// the block before is executed and stored, as happens under load.
struct LedgerBenchmarks {
  private static let goal = 0.7
  private let scene: LedgerScene
  private let transfers: Int

  static func run(_ settings: BenchmarkSettings) async throws {
    let accounts = settings.size("accounts", 1_000_000)
    let transfers = settings.size("transfers", 10_000)
    let blocks = settings.size("blocks", 7)
    let watch = Stopwatch()
    let scene = try await LedgerScene(
      accounts: accounts, blocks: 2 * blocks + 1, transfers: transfers,
      directory: settings.directory)
    print(
      "ledger: \(accounts) accounts, blocks of \(transfers) transfers, \(Processors.count) cores; "
        + "set up in \(Measurement.rounded(watch.seconds, 0)) s")
    let benchmarks = LedgerBenchmarks(scene: scene, transfers: transfers)
    try await benchmarks.alone(scene.blocks[..<blocks])
    try await benchmarks.stream(scene.blocks[blocks...])
    benchmarks.invariants()
    try scene.remove()
  }

  private func alone(_ blocks: ArraySlice<SignedTransfers>) async throws {
    var (floors, parts) = ([Double](), [LedgerScene.Parts]())
    for block in blocks {
      floors.append(block.secondsOfVerifying())
      parts.append(try await scene.make(block))
    }
    let floor = floors.median
    line("libsodium verifies, all cores", floor, nil)
    line("block alone", parts.map(\.whole).median, floor)
    line("  its proposal, signatures checked", parts.map(\.proposing).median, nil)
    line("  its execution and state root", parts.map(\.executing).median, nil)
    line("  its durable commit", parts.map(\.committing).median, nil)
  }

  private func stream(_ blocks: ArraySlice<SignedTransfers>) async throws {
    let node = scene.node
    try await LedgerScene.check(blocks[blocks.startIndex], in: node)
    var (floors, times, parts) = ([Double](), [Double](), [LedgerScene.Parts]())
    for index in blocks.indices.dropLast() {
      let coming = blocks[index + 1]
      floors.append(coming.secondsOfVerifying())
      let watch = Stopwatch()
      async let checked: Void = LedgerScene.check(coming, in: node)
      parts.append(try await scene.make(blocks[index]))
      try await checked
      times.append(watch.seconds)
    }
    line("block in a stream", times.median, floors.median)
    line("  until it was durable", parts.map(\.whole).median, nil)
  }

  private func invariants() {
    let machine = scene.node.machine
    var broken = ""
    let times = (0..<3).map { _ in
      Stopwatch.seconds {
        do throws(InvariantViolation) { try machine.checkInvariants() } catch {
          broken = " BROKEN: \(error)"
        }
      }
    }
    line("invariants over all rows (extra, if asked)\(broken)", times.median, nil)
  }

  private func line(_ name: String, _ seconds: Double, _ floor: Double?) {
    var text = name.padded(to: 44) + Measurement.time(seconds).padded(to: 12)
    text += (Measurement.rounded(Double(transfers) / seconds, 0) + "/s").padded(to: 14)
    if let floor {
      text += Measurement.rounded(floor / seconds, 2) + " of libsodium; goal \(Self.goal)"
    }
    print(text)
  }
}
