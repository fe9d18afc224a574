import Foundation

/// Numbers as people read them.
enum Units {
  /// Bytes in binary units: `1.5 MiB`.
  static func bytes(_ count: UInt64) -> String {
    let names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var value = Double(count)
    var index = 0
    while value >= 1024, index < names.count - 1 {
      value /= 1024
      index += 1
    }
    if index == 0 { return "\(count) B" }
    return String(format: value < 10 ? "%.2f %@" : "%.1f %@", value, names[index])
  }

  /// Digits in groups of three: `12 345`.
  static func grouped(_ number: UInt64) -> String {
    let digits = Array(String(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append("\u{202f}") }
      text.append(digit)
    }
    return text
  }

  /// An exact decimal cut to what fits a tile: four significant digits and, below a
  /// thousandth, the prefixes that units have (µ, n, p, …).
  static func short(_ decimal: String) -> String {
    guard let value = Double(decimal) else { return decimal }
    if value == 0 { return "0" }
    if value >= 1_000_000 { return String(format: "%.4g M", value / 1_000_000) }
    if value >= 1000 { return grouped(UInt64(value)) }
    if value >= 0.001 { return String(format: "%.4g", value) }
    // Millionths, thousand-millionths and so on, with the prefixes that units have.
    let prefixes = [(1e-6, "µ"), (1e-9, "n"), (1e-12, "p"), (1e-15, "f"), (1e-18, "a")]
    let (scale, prefix) = prefixes.first { value >= $0.0 } ?? (1e-18, "a")
    return String(format: "%.4g %@", value / scale, prefix)
  }

  /// A share in per cent; a dash when there is nothing to share.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    if whole == 0 { return "–" }
    let share = Double(part) * 100 / Double(whole)
    return String(format: share > 0 && share < 0.1 ? "%.4f %%" : "%.1f %%", share)
  }

  /// How long ago: `4 s`, `3 min`, `2 h`.
  static func age(milliseconds: UInt64) -> String {
    let seconds = milliseconds / 1000
    if seconds < 90 { return "\(seconds) s" }
    if seconds < 5400 { return "\(seconds / 60) min" }
    return "\(seconds / 3600) h"
  }
}
