import Foundation
import TestSupport
import Testing

/// Seeded runs of four ledgers. `make consensus-seeds` runs a thousand.
@Suite struct ConsensusSimulationTests {
  /// How many seeds are run.
  private static var seedCount: Int {
    ProcessInfo.processInfo.environment["TRELLIS_CONSENSUS_SEEDS"].flatMap { Int($0) } ?? 12
  }

  @Test func equalStatesWhateverHappens() async throws {
    var seeds = SeededGenerator.fromEnvironment(default: 20_261)
    // With TRELLIS_SEED of a failure the first run is that one.
    var seed = seeds.seed
    for _ in 0..<Self.seedCount {
      var simulation = try ConsensusSimulation(seed: seed)
      _ = try await simulation.run(heights: 10)
      seed = seeds.next()
    }
  }

  @Test func aSeedGivesTheSameRun() async throws {
    var one = try ConsensusSimulation(seed: 4)
    var other = try ConsensusSimulation(seed: 4)
    #expect(try await one.run(heights: 6) == other.run(heights: 6))
  }

  /// The check can fail: a ledger that takes its own clock for the block's is caught.
  @Test func aNondeterministicLedgerIsCaught() async throws {
    var simulation = try ConsensusSimulation(seed: 5, skewed: 3)
    await #expect(throws: ConsensusSimulation.Diverged.self) {
      try await simulation.run(heights: 4)
    }
  }
}
