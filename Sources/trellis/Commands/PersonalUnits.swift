import ArgumentParser
import ProviderAgent

/// Reads the quantities that people type: `500GiB`, `1TB`, `5y`, `20MB/s`.
enum PersonalUnits {
  private static let dayUnits: [(suffix: String, days: UInt64)] = [
    // "1day" ends in a "y" as well: the longer ones first.
    ("years", 365), ("year", 365), ("months", 30), ("month", 30), ("days", 1), ("day", 1),
    ("y", 365), ("d", 1),
  ]

  /// A number of bytes with its unit; a plain number is bytes.
  /// - Throws: `ValidationError` that names the option.
  static func bytes(_ text: String, option: String) throws -> UInt64 {
    if let count = ByteCount(text) { return count.bytes }
    throw ValidationError(
      "\(option) “\(text)” is no size: give a number and a unit, such as 500GiB or 1TB.")
  }

  /// A rate in bytes a second, such as `20MB/s`.
  /// - Throws: `ValidationError` that names the option.
  static func bytesPerSecond(_ text: String, option: String) throws -> UInt64 {
    try bytes(text.hasSuffix("/s") ? String(text.dropLast(2)) : text, option: option)
  }

  /// A time in days, such as `5y` or `18months`.
  /// - Throws: `ValidationError` that names the option.
  static func days(_ text: String, option: String) throws -> UInt64 {
    for unit in dayUnits where text.lowercased().hasSuffix(unit.suffix) {
      if let value = scaled(text.dropLast(unit.suffix.count), by: unit.days), value > 0 {
        return value
      }
      break
    }
    throw ValidationError("\(option) “\(text)” is no time: give one such as 5y, 18months or 90d.")
  }

  /// Milliwatts from watts, such as `6.5` or `6.5W`.
  /// - Throws: `ValidationError` that names the option.
  static func milliwatts(_ text: String, option: String) throws -> UInt64 {
    let upper = text.uppercased()
    let number = upper.hasSuffix("W") ? upper.dropLast() : Substring(upper)
    if let value = scaled(number, by: 1000) { return value }
    throw ValidationError("\(option) “\(text)” is no power: give watts, such as 6 or 6.5W.")
  }

  /// A part of the day, such as `22:00-06:30`.
  /// - Throws: `ValidationError` that names the option.
  static func hours(_ text: String, option: String) throws -> HoursWindow {
    guard let window = HoursWindow(text) else {
      throw ValidationError(
        "\(option) “\(text)” is no part of the day: give one such as 22:00-06:30 (UTC).")
    }
    return window
  }

  /// `number × unit`, exact to the last whole one; nil when it is no decimal or does not fit.
  private static func scaled(_ number: Substring, by unit: UInt64) -> UInt64? {
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, !first.isEmpty, let whole = digits(first) else { return nil }
    let (high, overflows) = whole.multipliedReportingOverflow(by: unit)
    guard !overflows else { return nil }
    guard parts.count == 2 else { return high }
    guard (1...9).contains(parts[1].count), let fraction = digits(parts[1]) else { return nil }
    let scale = (0..<parts[1].count).reduce(UInt64(1)) { value, _ in value * 10 }
    let part = UInt128(fraction) * UInt128(unit) / UInt128(scale)
    let (sum, carries) = high.addingReportingOverflow(UInt64(clamping: part))
    return carries ? nil : sum
  }

  private static func digits(_ text: Substring) -> UInt64? {
    text.utf8.allSatisfy { 48...57 ~= $0 } ? UInt64(text) : nil
  }
}
