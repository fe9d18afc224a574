/// Quantiles of many numbers in little memory: a histogram with 64 bins to each doubling.
///
/// A quantile is within 1/64 of the true value, exact at both ends and when all values are the
/// same. Two sketches are merged by adding their counts, so neither the order of values nor the
/// number of threads shows, and memory depends on how far values spread, not on how many they
/// are.
package struct QuantileSketch: Hashable, Sendable {
  /// How many values were added.
  package private(set) var count: UInt64 = 0
  /// The smallest value added.
  package private(set) var minimum = Fixed.largest
  /// The largest value added.
  package private(set) var maximum = -Fixed.largest
  private var sum: Fixed = .zero
  private var zeros: UInt64 = 0
  private var positive = BinWindow()
  private var negative = BinWindow()

  package init() {}

  /// Adds a value.
  package mutating func add(_ value: Fixed) {
    count += 1
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    sum += value
    if value.raw == 0 {
      zeros += 1
    } else if value.raw > 0 {
      positive.add(1, at: Self.bin(value.raw.magnitude))
    } else {
      negative.add(1, at: Self.bin(value.raw.magnitude))
    }
  }

  /// Adds all values of another sketch.
  package mutating func merge(_ other: QuantileSketch) {
    count += other.count
    minimum = min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
    sum += other.sum
    zeros += other.zeros
    positive.merge(other.positive)
    negative.merge(other.negative)
  }

  /// The mean, or nil when there is no value.
  package var mean: Fixed? { count == 0 ? nil : Fixed(raw: sum.raw / Int128(count)) }

  /// The value below which `perMille` thousandths of the values lie, or nil when there is none.
  package func quantile(perMille: UInt64) -> Fixed? {
    if count == 0 { return nil }
    if perMille == 0 { return minimum }
    if perMille >= 1000 { return maximum }
    // The value's rank from 0 to count − 1.
    var rank = (count - 1) * perMille / 1000
    for bin in negative.bins.reversed() {
      if rank < bin.count { return clamp(Self.value(bin, rank: rank, isNegative: true)) }
      rank -= bin.count
    }
    if rank < zeros { return .zero }
    rank -= zeros
    for bin in positive.bins {
      if rank < bin.count { return clamp(Self.value(bin, rank: rank, isNegative: false)) }
      rank -= bin.count
    }
    return maximum
  }

  /// The median.
  package var median: Fixed? { quantile(perMille: 500) }

  private func clamp(_ value: Fixed) -> Fixed { value.clamped(minimum, maximum) }

  /// 64 bins to each doubling; what is below 64 steps has a bin of its own.
  private static func bin(_ magnitude: UInt128) -> Int {
    let exponent = 127 - magnitude.leadingZeroBitCount
    if exponent < 6 { return Int(magnitude) }
    return (exponent - 5) * 64 + Int((magnitude >> UInt128(exponent - 6)) & 63)
  }

  /// A value of a bin in proportion to the rank within it.
  private static func value(
    _ bin: BinWindow.Bin, rank: UInt64, isNegative: Bool
  ) -> Fixed {
    let place = isNegative ? bin.count - 1 - rank : rank
    var low = UInt128(bin.index)
    var width: UInt128 = 0
    if bin.index >= 64 {
      let exponent = UInt128(bin.index / 64 + 5)
      width = 1 << (exponent - 6)
      low = (64 + UInt128(bin.index % 64)) << (exponent - 6)
    }
    let part = width * (2 * UInt128(place) + 1) / (2 * UInt128(bin.count))
    let raw = Int128(low + part)
    return Fixed(raw: isNegative ? -raw : raw)
  }
}

/// Counts of bins from the first to the last that was hit.
private struct BinWindow: Hashable, Sendable {
  struct Bin {
    let index: Int
    let count: UInt64
  }

  private var first = 0
  private var counts: [UInt64] = []

  mutating func add(_ count: UInt64, at index: Int) {
    if counts.isEmpty {
      first = index
      counts = [0]
    } else if index < first {
      counts.insert(contentsOf: repeatElement(0, count: first - index), at: 0)
      first = index
    } else if index >= first + counts.count {
      counts.append(contentsOf: repeatElement(0, count: index - first - counts.count + 1))
    }
    counts[index - first] += count
  }

  mutating func merge(_ other: BinWindow) {
    for bin in other.bins { add(bin.count, at: bin.index) }
  }

  var bins: [Bin] {
    counts.enumerated().compactMap { offset, count in
      count == 0 ? nil : Bin(index: first + offset, count: count)
    }
  }
}
