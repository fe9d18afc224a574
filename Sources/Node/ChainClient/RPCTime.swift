import LightClient

/// Times as CometBFT writes them: RFC 3339 in UTC with up to nine decimals.
enum RPCTime {
  /// Milliseconds since 1970, or nil when the text is no such time or one before.
  static func milliseconds(_ text: String) -> UInt64? {
    guard let moment = moment(text), moment.seconds >= 0 else { return nil }
    return moment.milliseconds
  }

  /// The moment to the nanosecond, or nil when the text is no such time.
  static func moment(_ text: String) -> ConsensusTime? {
    guard text.hasSuffix("Z"), text.utf8.count <= 40 else { return nil }
    let parts = text.dropLast().split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, let seconds = seconds(whole) else { return nil }
    guard parts.count == 2 else { return ConsensusTime(seconds: seconds, nanoseconds: 0) }
    guard (1...9).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ 48...57 ~= $0 }),
      let nanoseconds = Int32(parts[1] + String(repeating: "0", count: 9 - parts[1].utf8.count))
    else { return nil }
    return ConsensusTime(seconds: seconds, nanoseconds: nanoseconds)
  }

  /// `YYYY-MM-DDThh:mm:ss` as seconds since 1970.
  private static func seconds(_ text: Substring) -> Int64? {
    let pattern = Array("dddd-dd-ddTdd:dd:dd".utf8)
    guard text.utf8.count == pattern.count,
      zip(text.utf8, pattern).allSatisfy({ $1 == 100 ? 48...57 ~= $0 : $0 == $1 })
    else { return nil }
    let f = text.split(whereSeparator: { "-T:".contains($0) }).compactMap { Int64($0) }
    guard f.count == 6, f[0] >= 1, (1...12).contains(f[1]), (1...31).contains(f[2]), f[3] < 24,
      f[4] < 60, f[5] < 60
    else { return nil }
    return daysSince1970(year: f[0], month: f[1], day: f[2]) * 86_400 + f[3] * 3_600 + f[4] * 60
      + f[5]
  }

  /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
  private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
