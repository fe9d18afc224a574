import Economics
import Foundation
import Primitives
import Simulator

/// The burn-and-mint model of the usual simulators, as a policy: every step is the ledger's own
/// settlement, in integers. `Benchmarks/Economics/burn_and_mint.py` has the others and the ratios.
enum BurnAndMintBenchmarks {
  static func run() throws {
    multiplications()
    let model = try BurnAndMintModel()
    for runs in [100, 10_000] {
      let best = try (0..<3).map { _ in try seconds { try model.play(runs: runs) } }.min() ?? 1
      let steps = Double(runs * BurnAndMintModel.steps)
      print("steps-per-second at \(runs) \(Int(steps / best))")
      print(
        "burn and mint, \(runs) runs".padded(to: 44)
          + (Measurement.rounded(best / steps * 1e9, 0) + " ns").padded(to: 12)
          + "a step, \(peakMemory()) MiB at most")
    }
    twoThreads(model)
  }

  /// The one operation that money is made of.
  private static func multiplications() {
    var value: UInt128 = 123_456_789_000_000_000_000
    let scaled = Measurement {
      for _ in 0..<1000 {
        value = ((try? value.scaled(by: 1_000_001, over: 1_000_000, rounding: .down)) ?? 1) | 1
        if value >> 100 != 0 { value = 123_456_789_000_000_000_000 }
      }
      keep(value)
    }
    print(
      "1,000 exact multiplications and divisions".padded(to: 44)
        + Measurement.time(scaled.seconds))
    var fixed = Fixed(3)
    let product = Measurement {
      for _ in 0..<1000 {
        fixed = fixed * Fixed(raw: (1 << 48) + 12_345)
        if fixed > Fixed(1000) { fixed = Fixed(3) }
      }
      keep(fixed)
    }
    print(
      "1,000 products of fixed-point numbers".padded(to: 44)
        + Measurement.time(product.seconds))
  }

  /// Seconds of this thread's processor.
  private static func seconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let before = now()
    try body()
    return now() - before
  }

  /// The most memory that this process ever had, in MiB.
  private static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss >> 10
  }

  /// How much faster two threads play the same runs than one, by the wall's clock.
  private static func twoThreads(_ model: BurnAndMintModel) {
    func wall(threads: Int) -> Double {
      let clock = ContinuousClock()
      let took = clock.measure {
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
          try? model.play(runs: 2_000 / threads)
        }
      }
      return Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18
    }
    let ratios = (0..<5).map { _ in wall(threads: 1) / wall(threads: 2) }.sorted()
    print("two threads against one".padded(to: 44) + Measurement.rounded(ratios[2], 2) + " x")
  }
}

/// Supply, price, demand, burned and emission over 365 days.
struct BurnAndMintModel {
  static let steps = 365
  private let preset: Preset
  private let start: PolicyState
  private let normals = NormalTable.shared

  init() throws {
    let genesis = UnixTime(2026, 1, 1)
    var rules = PolicyRules(
      id: "burn-and-mint/1", effectiveFrom: genesis, summary: "the model of the usual simulators")
    rules.credit = .sinkOnly(SinkCredit(confidenceMultiple: 0))
    rules.streams = [
      EmissionStream(
        "emission",
        .steps(
          StepEmission([
            .init(from: genesis, perEpoch: .whole(300_000)),
            .init(from: UnixTime(2026, 7, 1), perEpoch: .whole(275_000)),
          ])),
        split: PoolSplit(
          [
            Pool(
              "provider", .perMillion(1_000_000),
              .accounts(role: "provider", weight: Weight(.equal)))
          ], residual: "rest"))
    ]
    preset = Preset(
      name: "burn-and-mint", title: "Burn and mint", symbol: "T",
      calendar: EpochCalendar(genesis: genesis, epochSeconds: 86_400), capacityUnit: "unit",
      workUnit: "unit", roles: ["provider", "customer"],
      allocations: [.init("genesis", .whole(1_000_000_000))], rules: [rules])
    start = try preset.genesisState()
  }

  /// Plays that many runs; only quantiles of the last day are kept.
  func play(runs: Int) throws {
    var supply = QuantileSketch()
    for run in 0..<runs {
      var stream = RandomStream(seed: 1, run: UInt64(run), purpose: .benchmark)
      supply.add(try year(&stream))
    }
    keep(supply)
  }

  private func year(_ stream: inout RandomStream) throws -> Fixed {
    var state = start
    var price = Fixed.one
    var demand = Fixed(100_000)
    let provider = AccountInput(AccountID(Bytes32(words: (0, 0, 0, 1))), role: "provider")
    let customer = AccountInput(AccountID(Bytes32(words: (0, 0, 0, 2))), role: "customer")
    var inputs = EpochInputs(price: .zero, accounts: [provider, customer])
    for _ in 0..<Self.steps {
      inputs.price = Credits(baseUnits: price.baseUnits)
      inputs.accounts[1].bought = Credits(baseUnits: demand.baseUnits)
      _ = try preset.settleInPlace(inputs, &state)
      demand = demand * (Self.growth + Self.demandNoise * normals.draw(stream.next()))
      price = price * (.one + Self.priceNoise * normals.draw(stream.next()))
    }
    return Fixed(state.supply)
  }

  private static let growth = Fixed(10_008, over: 10_000)
  private static let demandNoise = Fixed(2, over: 100)
  private static let priceNoise = Fixed(4, over: 100)
}
