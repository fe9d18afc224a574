/// An axis of a chart: which value lies where, and where its marks are.
struct ChartAxis {
  let low: Fixed
  let high: Fixed
  let isLogarithmic: Bool
  private let logLow: Fixed
  private let logSpan: Fixed

  /// An axis that shows all of `values`; a linear one begins at zero.
  init(_ values: [Fixed], isLogarithmic: Bool, atLeast least: Fixed = .zero) {
    let top = max(values.max() ?? .one, least)
    let positive = values.filter { $0.raw > 0 }
    self.isLogarithmic = isLogarithmic && !positive.isEmpty
    if self.isLogarithmic {
      let bottom = positive.min() ?? .one
      high = max(top, bottom * Fixed(2))
      low = bottom
    } else {
      let bottom = min(values.min() ?? .zero, .zero)
      low = bottom
      high = top.raw > bottom.raw ? top + (top - bottom) / Fixed(20) : bottom + .one
    }
    logLow = self.isLogarithmic ? FixedMath.ln(low) : .zero
    logSpan = self.isLogarithmic ? FixedMath.ln(high) - logLow : .one
  }

  /// The place of a value, from 0 at the low end to `size`.
  func place(_ value: Fixed, of size: Int) -> Int {
    let bounded = value.clamped(low, high)
    let share =
      isLogarithmic
      ? (FixedMath.ln(bounded) - logLow) / logSpan : (bounded - low) / (high - low)
    return Int((share * Fixed(size)).whole)
  }

  /// Round values within the axis, from low to high: at most six.
  var marks: [Fixed] { isLogarithmic ? logarithmicMarks : linearMarks }

  private var linearMarks: [Fixed] {
    let step = Self.roundStep((high - low) / Fixed(5))
    if step.raw <= 0 { return [low] }
    let first = (low / step).whole
    return (0...7).map { Fixed(raw: (first + Int128($0)) << 48) * step }
      .filter { $0 >= low && $0 <= high }
  }

  private var logarithmicMarks: [Fixed] {
    var powers: [Fixed] = []
    var power = Self.powerOfTen(below: low)
    while power <= high && powers.count < 40 {
      powers.append(power)
      power = power * Fixed(10)
    }
    var all = powers.filter { $0 >= low }
    if powers.count <= 3 {
      all = powers.flatMap { [$0, $0 * Fixed(2), $0 * Fixed(5)] }
        .filter { $0 >= low && $0 <= high }
    }
    let stride = max(1, (all.count + 5) / 6)
    return all.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
  }

  /// 1, 2 or 5 times a power of ten that is not below `value`.
  private static func roundStep(_ value: Fixed) -> Fixed {
    if value.raw <= 0 { return .zero }
    let power = powerOfTen(below: value)
    for factor in [1, 2, 5, 10] where power * Fixed(factor) >= value {
      return power * Fixed(factor)
    }
    return power * Fixed(10)
  }

  private static func powerOfTen(below value: Fixed) -> Fixed {
    var power = Fixed.one
    while power > value && power.raw > 1000 { power = power / Fixed(10) }
    while power * Fixed(10) <= value { power = power * Fixed(10) }
    return power
  }
}
