import Simulator
import Testing

/// Quantiles in memory that does not grow with the number of values.
@Suite struct QuantileSketchTests {
  /// Values of several sizes and both signs, from a printed seed.
  private func values(seed: UInt64, count: Int) -> [Fixed] {
    var stream = RandomStream(seed: seed, run: 0, purpose: .benchmark)
    return (0..<count).map { _ in
      let raw = Int128(Int64(bitPattern: stream.next())) >> Int128(stream.next() % 50)
      return Fixed(raw: raw << 8)
    }
  }

  @Test(arguments: [1, 2, 3])
  func quantilesAreWithinASixtyFourth(seed: UInt64) {
    let values = values(seed: seed, count: 800)
    var sketch = QuantileSketch()
    for value in values { sketch.add(value) }
    let sorted = values.sorted()
    for perMille in stride(from: UInt64(0), through: 1000, by: 50) {
      let exact = sorted[Int((UInt64(sorted.count) - 1) * perMille / 1000)]
      let found = sketch.quantile(perMille: perMille) ?? .zero
      let error = (found - exact).magnitude
      #expect(
        error <= exact.magnitude / Fixed(64) + .epsilon + .epsilon,
        "seed \(seed), \(perMille): \(found.exactText) for \(exact.exactText)")
    }
  }

  @Test func mergingInAnyOrderGivesTheSame() {
    let values = values(seed: 9, count: 999)
    var whole = QuantileSketch()
    for value in values { whole.add(value) }
    var parts = Array(repeating: QuantileSketch(), count: 7)
    for (index, value) in values.enumerated() { parts[index * index % 7].add(value) }
    var merged = QuantileSketch()
    for part in parts.reversed() { merged.merge(part) }
    #expect(merged.count == whole.count)
    for perMille in stride(from: UInt64(0), through: 1000, by: 10) {
      #expect(merged.quantile(perMille: perMille) == whole.quantile(perMille: perMille))
    }
    #expect(merged.mean == whole.mean)
  }

  @Test func fewValuesAreExactAtTheEnds() {
    var sketch = QuantileSketch()
    #expect(sketch.median == nil && sketch.mean == nil)
    sketch.add(Fixed(7))
    #expect(sketch.median == Fixed(7) && sketch.quantile(perMille: 100) == Fixed(7))
    sketch.add(-Fixed(7))
    #expect(sketch.quantile(perMille: 0) == -Fixed(7))
    #expect(sketch.quantile(perMille: 1000) == Fixed(7))
    #expect(sketch.mean == .zero)
  }
}
