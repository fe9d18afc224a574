import Primitives

/// A number of bytes as people write it.
struct ByteCount {
  let bytes: UInt64

  private static let units: [(String, UInt64)] = [
    ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40), ("pib", 1 << 50),
    ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
    ("pb", 1_000_000_000_000_000), ("b", 1), ("", 1),
  ]

  /// Reads `1TiB`, `1.5GB`, `4096`; nil for anything else.
  init?(_ text: String) {
    let lower = text.lowercased().filter { $0 != " " }
    guard let (suffix, factor) = Self.units.first(where: { lower.hasSuffix($0.0) }) else {
      return nil
    }
    // A quantity has eighteen decimals: more than bytes need.
    guard let number = Credits(decimal: String(lower.dropLast(suffix.count))),
      let bytes = try? number.baseUnits.scaled(
        by: UInt128(factor), over: Credits.baseUnitsPerWhole, rounding: .up),
      let whole = UInt64(exactly: bytes)
    else { return nil }
    self.bytes = whole
  }
}
