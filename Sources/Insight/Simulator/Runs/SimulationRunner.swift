import Synchronization

/// Plays a plan's runs, on several threads at once.
package enum SimulationRunner {
  /// Plays all runs, or as many as there were when `stop` was set.
  ///
  /// The result depends on the plan alone: which thread played a run does not show in it.
  /// - Parameters:
  ///   - threads: how many runs are played at the same time.
  ///   - stop: asked before each run; once true, no further run is begun.
  ///   - progress: called with the number of runs that are done, from any thread.
  /// - Throws: ``RunFailure`` when the rules cannot compute a day.
  package static func play<Rules: NetworkRules>(
    _ plan: SimulationPlan, rules: Rules, threads: Int,
    stop: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (UInt64) -> Void = { _ in }
  ) async throws -> SimulationResult {
    let counter = RunCounter(total: plan.runs)
    return try await withThrowingTaskGroup(of: SimulationResult.self) { group in
      for _ in 0..<max(1, threads) {
        group.addTask {
          var result = SimulationResult(plan)
          while !stop(), let run = counter.next() {
            result.add(try record(plan, rules: rules, run: run), regime: plan.regime(of: run))
            progress(counter.finished())
            // Nothing in a run waits, so that on every core's thread nobody else, such as who
            // hears the user's Ctrl-C, would have a turn.
            await Task.yield()
          }
          return result
        }
      }
      var total = SimulationResult(plan)
      for try await part in group { total.merge(part) }
      return total
    }
  }

  /// Plays one run.
  static func record<Rules: NetworkRules>(
    _ plan: SimulationPlan, rules: Rules, run: UInt64
  ) throws -> RunRecord {
    let regime = plan.scenario.market.regimes[plan.regime(of: run)]
    var world = World(
      plan.scenario, firstDay: plan.firstDay, rules: rules, regime: regime, seed: plan.seed,
      run: run)
    var samples: [[Fixed]] = []
    var day = 0
    for last in plan.sampleDays {
      while day <= last {
        do {
          try world.step(day)
        } catch {
          throw RunFailure(run: run, day: plan.firstDay + day, cause: "\(error)")
        }
        day += 1
      }
      samples.append(world.sample())
    }
    return RunRecord(
      samples: samples, books: world.cohorts.map(\.books), insolvency: world.insolvency)
  }
}

/// A run whose rules could not be computed.
package struct RunFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The run's number from 0 on.
  package let run: UInt64
  /// Days since 1 January 1970.
  package let day: Int
  package let cause: String

  package var description: String {
    "run \(run) stopped on \(CalendarDay(daysSince1970: day)): the rules gave no result (\(cause))"
  }
}

/// Hands out the numbers of runs.
private final class RunCounter: Sendable {
  private let upcoming = Atomic<UInt64>(0)
  private let done = Atomic<UInt64>(0)
  private let total: UInt64

  init(total: UInt64) { self.total = total }

  func next() -> UInt64? {
    let run = upcoming.add(1, ordering: .relaxed).oldValue
    return run < total ? run : nil
  }

  func finished() -> UInt64 { done.add(1, ordering: .relaxed).newValue }
}
