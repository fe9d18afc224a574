/// A point of civil time: seconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Rules take effect at such points. The ledger's own clock is another thing: a network maps its
/// epochs to civil time once, at genesis.
package struct UnixTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Seconds since 1970.
  package let seconds: Int64

  package init(seconds: Int64) { self.seconds = seconds }

  /// A civil date and time in UTC.
  /// - Precondition: a date of the Gregorian calendar; meant for constants.
  package init(_ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64 = 0, _ minute: Int64 = 0)
  {
    let days = Self.days(year, month, day)
    seconds = days * 86_400 + hour * 3_600 + minute * 60
  }

  /// Reads `2026-08-05` or `2026-08-05T12:00:00Z`; nil for anything else, such as 30 February.
  package init?(text: String) {
    let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
    guard let date = Self.numbers(parts[0], separator: "-", widths: [4, 2, 2]) else { return nil }
    var clock: [Int64] = [0, 0, 0]
    if parts.count == 2 {
      guard parts[1].hasSuffix("Z"),
        let numbers = Self.numbers(parts[1].dropLast(), separator: ":", widths: [2, 2, 2]),
        numbers[0] < 24, numbers[1] < 60, numbers[2] < 60
      else { return nil }
      clock = numbers
    }
    let days = Self.days(date[0], date[1], date[2])
    let back = Self.civil(days)
    guard back.year == date[0], back.month == date[1], back.day == date[2] else { return nil }
    seconds = days * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
  }

  package static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }

  /// That many seconds later; the end of time at most.
  package func advanced(seconds delta: UInt64) -> UnixTime {
    let (sum, overflow) = seconds.addingReportingOverflow(Int64(clamping: delta))
    return UnixTime(seconds: overflow ? .max : sum)
  }

  /// Whole steps of `length` seconds from `earlier` to this, rounded up; zero when it is later.
  package func steps(of length: UInt64, since earlier: UnixTime) -> UInt64 {
    let (gap, overflow) = seconds.subtractingReportingOverflow(earlier.seconds)
    guard !overflow, gap > 0, length > 0 else { return 0 }
    let (whole, rest) = UInt64(gap).quotientAndRemainder(dividingBy: length)
    return whole + (rest > 0 ? 1 : 0)
  }

  /// `2026-08-05`, with the time of day unless that is midnight.
  package var description: String {
    let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let date = Self.civil(day)
    let text = [Self.padded(date.year, 4), Self.padded(date.month, 2), Self.padded(date.day, 2)]
      .joined(separator: "-")
    let rest = seconds - day * 86_400
    if rest == 0 { return text }
    let clock = [rest / 3_600, rest / 60 % 60, rest % 60].map { Self.padded($0, 2) }
    return text + "T" + clock.joined(separator: ":") + "Z"
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  private static func numbers(
    _ text: Substring, separator: Character, widths: [Int]
  ) -> [Int64]? {
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    guard parts.count == widths.count else { return nil }
    var numbers: [Int64] = []
    for (part, width) in zip(parts, widths) {
      guard part.utf8.count == width, part.utf8.allSatisfy({ (48...57).contains($0) }),
        let number = Int64(part)
      else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  // Days and dates of the proleptic Gregorian calendar, in eras of 400 years that begin on 1 March
  // (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").

  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let place = (5 * dayOfYear + 2) / 153
    let month = place < 10 ? place + 3 : place - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * place + 2) / 5 + 1
    )
  }
}
