import ArgumentParser
import Foundation
import Simulator

/// Plays simulations so that Ctrl-C ends them early with what there is.
struct SimulationSession: Sendable {
  let threads: Int
  private let signal = StopSignal()

  /// Plays a scenario of a request.
  func play(
    _ request: SimulationRequest, scenario: Scenario, seed: UInt64, runs: UInt64
  ) async throws -> PlayedSimulation {
    var plan = request.plan(seed: seed, runs: runs)
    plan.scenario = scenario
    let progress = SimulationProgress(total: runs)
    let watcher = Task { [signal] in
      if await signal.wait() != nil { progress.stop() }
    }
    defer {
      watcher.cancel()
      progress.end()
    }
    let result = try await SimulationRunner.play(
      plan, rules: try request.rules(scenario), threads: threads,
      stop: { progress.isStopped }, progress: { progress.finished($0) })
    guard result.runs > 0 else { throw UserError("stopped before the first run was done") }
    return PlayedSimulation(plan: plan, result: result)
  }
}

/// The options of everything that simulates.
struct SimulationOptions: ParsableArguments {
  @Option(
    name: .long, help: "A scenario in YAML; without it the preset's own.",
    completion: .file(extensions: ["yaml", "yml"]))
  var scenario: String?
  @Option(help: "The seed of all random numbers.")
  var seed: UInt64 = 1
  @Option(help: "The first day, such as 2026-08-05.")
  var from: String?
  @Option(help: "The day after the last.")
  var to: String?
  @Option(
    name: .long,
    help: """
      Another value for a field of the scenario, such as market.price-usd=2, or of the rules, such \
      as policy.vesting.epochs=30.
      """)
  var set: [String] = []
  @Option(help: "How many runs are played at the same time (0: as many as there are cores).")
  var threads = 0

  func validate() throws {
    guard (0...1024).contains(threads) else {
      throw ValidationError("--threads \(threads) is not within 0 to 1024.")
    }
  }

  /// The preset and the scenario.
  func request(_ preset: String) throws -> SimulationRequest {
    try SimulationRequest(preset: preset, file: scenario, changes: set, from: from, to: to)
  }

  var threadCount: Int {
    threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
  }
}

/// The program's version, as reports state it.
enum ProgramVersion {
  static let text = "trellis 0.4"
}
