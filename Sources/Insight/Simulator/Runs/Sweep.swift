/// One field of a scenario at several values between two ends.
package struct Sweep: Hashable, Sendable {
  /// The field's path, such as `market.depth`.
  package let key: String
  /// The values, from the first end to the other.
  package let values: [Fixed]

  /// Why a sweep cannot run.
  package struct Mistake: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  private static let standardSteps = 7
  private static let mostSteps = 101

  /// Reads `key=a..b` or `key=a..b/steps`.
  /// - Throws: ``Mistake`` that says what is wrong with it.
  package init(_ text: String) throws(Mistake) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard sides.count == 2, !sides[0].isEmpty else {
      throw Mistake(description: "\(text): a sweep is KEY=FROM..TO, such as market.depth=0.05..0.5")
    }
    let parts = sides[1].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let dots = parts[0].firstRange(of: ".."),
      let low = Fixed(decimal: String(parts[0][..<dots.lowerBound])),
      let high = Fixed(decimal: String(parts[0][dots.upperBound...]))
    else {
      throw Mistake(
        description: "\(text): \(parts[0]) is no range of two numbers such as 0.05..0.5")
    }
    guard low != high else {
      throw Mistake(description: "\(text): both ends are \(low.exactText); use --set for one value")
    }
    var steps = Self.standardSteps
    if parts.count == 2 {
      guard let count = Int(parts[1]), (2...Self.mostSteps).contains(count) else {
        throw Mistake(description: "\(text): \(parts[1]) is no number of steps from 2 to 101")
      }
      steps = count
    }
    key = String(sides[0])
    values = (0..<steps).map { step in
      step == steps - 1
        ? high : low + (high - low) * Fixed(step) / Fixed(steps - 1)
    }
  }
}

/// What a sweep's values came to.
package struct SweepResult: Sendable {
  /// One value's runs in short.
  package struct Point: Sendable {
    package let value: Fixed
    /// The largest share of a regime's runs that were insolvent within 24 months.
    package let insolventShare: Fixed
    /// The smallest and the largest of the regimes' medians.
    package let efficiency: ClosedRange<Fixed>
    package let utilisation: ClosedRange<Fixed>
    /// The best honest cohort's net a month, median, in the worst regime.
    package let operatorNet: Fixed

    package init(_ value: Fixed, _ played: PlayedSimulation) {
      self.value = value
      let regimes = played.result.regimes
      let last = played.plan.sampleDays.count - 1
      insolventShare =
        regimes.map {
          Fixed(Int($0.insolvent(withinMonths: 24))).divided(
            by: Fixed(Int($0.runs)), orIfZero: .zero)
        }.max() ?? .zero
      efficiency = Self.range(regimes.compactMap { $0[.incentiveEfficiency][last].median })
      utilisation = Self.range(regimes.compactMap { $0[.utilisation][last].median })
      let honest = played.plan.scenario.supply.indices.filter {
        played.plan.scenario.supply[$0].behaviour == .honest
      }
      operatorNet =
        regimes.map { regime in
          honest.compactMap { regime.operators[$0].netPerMonth.median }.max() ?? .zero
        }.min() ?? .zero
    }

    private static func range(_ values: [Fixed]) -> ClosedRange<Fixed> {
      let low = values.min() ?? .zero
      return low...max(low, values.max() ?? .zero)
    }

    /// At most a twentieth insolvent and somebody earns, in every regime.
    package var isSafe: Bool {
      insolventShare <= Fixed(1, over: 20) && operatorNet.raw > 0
    }
  }

  package let key: String
  package let points: [Point]

  package init(key: String, points: [Point]) {
    self.key = key
    self.points = points
  }

  /// A table and the safe range.
  package var text: String {
    var rows = [
      [
        key, "insolvent in 24 months", "paid per $1 emitted", "utilisation", "best operator's net",
        "safe",
      ]
    ]
    for point in points {
      rows.append([
        point.value.exactText, "\((point.insolventShare * Fixed(100)).text(decimals: 0)) %",
        Self.text(point.efficiency), Self.text(point.utilisation),
        Money.dollars(point.operatorNet), point.isSafe ? "yes" : "no",
      ])
    }
    return (TextTable.lines(rows) + ["", safeRange]).joined(separator: "\n")
  }

  private static func text(_ range: ClosedRange<Fixed>) -> String {
    "\(range.lowerBound.shortText) to \(range.upperBound.shortText)"
  }

  /// In which values the network is safe: at most 5 % insolvent within 24 months and an honest
  /// operator who earns, in every price regime.
  package var safeRange: String {
    let safe = points.filter(\.isSafe).map(\.value)
    guard let first = safe.first, let last = safe.last else {
      return "No value of \(key) is safe: at most 5 % insolvent within 24 months and an honest "
        + "operator who earns, in every price regime."
    }
    let isWhole = safe.count == points.count
    let gaps = points.contains {
      $0.value > min(first, last) && $0.value < max(first, last)
        && !$0.isSafe
    }
    return "Safe from \(first.exactText) to \(last.exactText)"
      + (isWhole ? ", the whole sweep" : "") + (gaps ? ", with gaps" : "")
      + ": at most 5 % insolvent within 24 months and an honest operator who earns, in every "
      + "price regime."
  }
}
