/// The two ways in which S3 writes a time, from and to milliseconds since 1970, in UTC.
enum HTTPDate {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// A time cut into its parts.
  struct Parts {
    var year: Int
    var month: Int
    var day: Int
    var hour: Int
    var minute: Int
    var second: Int

    /// Seconds since 1970; nil when a part is out of range.
    var seconds: Int64? {
      guard (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour),
        (0...59).contains(minute), (0...60).contains(second), (1...9999).contains(year)
      else { return nil }
      return Int64(HTTPDate.dayNumber(year, month, day)) * 86_400
        + Int64(hour * 3_600 + minute * 60 + second)
    }
  }

  /// `Fri, 24 May 2013 00:00:00 GMT`.
  static func httpDate(_ milliseconds: UInt64) -> String {
    let parts = parts(milliseconds)
    let weekday = Int((milliseconds / 86_400_000 + 4) % 7)
    return "\(days[weekday]), \(pad(parts.day)) \(months[parts.month - 1]) \(pad(parts.year, 4)) "
      + "\(pad(parts.hour)):\(pad(parts.minute)):\(pad(parts.second)) GMT"
  }

  /// `2013-05-24T00:00:00.000Z`.
  static func iso8601(_ milliseconds: UInt64) -> String {
    let parts = parts(milliseconds)
    return "\(pad(parts.year, 4))-\(pad(parts.month))-\(pad(parts.day))T"
      + "\(pad(parts.hour)):\(pad(parts.minute)):\(pad(parts.second))."
      + "\(pad(Int(milliseconds % 1_000), 3))Z"
  }

  /// `20130524T000000Z`, from seconds since 1970.
  static func basic(_ seconds: Int64) -> String {
    let parts = parts(UInt64(clamping: min(seconds, 253_402_300_799)) * 1_000)
    return "\(pad(parts.year, 4))\(pad(parts.month))\(pad(parts.day))T"
      + "\(pad(parts.hour))\(pad(parts.minute))\(pad(parts.second))Z"
  }

  /// Reads `20130524T000000Z`; seconds since 1970.
  static func parseBasic(_ text: some StringProtocol) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
      let year = number(bytes[0..<4]), let month = number(bytes[4..<6]),
      let day = number(bytes[6..<8]), let hour = number(bytes[9..<11]),
      let minute = number(bytes[11..<13]), let second = number(bytes[13..<15])
    else { return nil }
    return Parts(
      year: year, month: month, day: day, hour: hour, minute: minute, second: second
    ).seconds
  }

  /// Reads `Fri, 24 May 2013 00:00:00 GMT` (RFC 9110's preferred form) and ISO 8601; seconds since
  /// 1970.
  static func parse(_ text: String) -> Int64? {
    let fields = text.split(whereSeparator: { " ,:".contains($0) })
    if fields.count >= 7, let day = Int(fields[1]),
      let month = months.firstIndex(where: { fields[2] == $0 }), let year = Int(fields[3]),
      let hour = Int(fields[4]), let minute = Int(fields[5]), let second = Int(fields[6])
    {
      return Parts(
        year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second
      ).seconds
    }
    let parts = text.split(whereSeparator: { "-T:.Z".contains($0) }).map { Int($0) }
    guard parts.count >= 6, !parts.contains(nil) else { return nil }
    let numbers = parts.compactMap { $0 }
    return Parts(
      year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4],
      second: numbers[5]
    ).seconds
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private static func pad(_ value: Int, _ width: Int = 2) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  // Howard Hinnant's civil calendar: years begin in March, so that leap days come last.
  private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func parts(_ milliseconds: UInt64) -> Parts {
    // The year 9999 is far enough, and keeps four digits.
    let seconds = Int(min(milliseconds, 253_402_300_799_000) / 1_000)
    let z = seconds / 86_400 + 719_468
    let era = z / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let m = (5 * dayOfYear + 2) / 153
    let month = m < 10 ? m + 3 : m - 9
    let rest = seconds % 86_400
    return Parts(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * m + 2) / 5 + 1, hour: rest / 3_600, minute: rest % 3_600 / 60,
      second: rest % 60)
  }
}
