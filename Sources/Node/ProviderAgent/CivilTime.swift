/// Months and minutes of the UTC calendar, from milliseconds since 1970, without a time zone
/// database.
package enum CivilTime {
  /// The number of a month: years since 0 × 12 + month from 0. December 2026 is 24,323.
  package static func month(unixMilliseconds: UInt64) -> UInt32 {
    let (year, month, _) = date(days: Int64(clamping: unixMilliseconds / 86_400_000))
    return UInt32(clamping: year * 12 + month - 1)
  }

  /// When a month begins, in milliseconds since 1970.
  package static func start(ofMonth month: UInt32) -> UInt64 {
    let days = days(year: Int64(month / 12), month: Int64(month % 12) + 1)
    return UInt64(clamping: days).multipliedReportingOverflow(by: 86_400_000).partialValue
  }

  /// The minute of the day, 0…1439.
  package static func minuteOfDay(unixMilliseconds: UInt64) -> Int {
    Int(unixMilliseconds / 60_000 % 1440)
  }

  /// Year, month (1…12) and day (1…31) of a day since 1970. The calendar's years begin in March
  /// here, so that the leap day is the last of its year.
  static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// Days from 1970 to the first of a month.
  static func days(year: Int64, month: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// `2026-11-21 08:50 UTC`.
  static func text(unixMilliseconds: UInt64) -> String {
    let (year, month, day) = date(days: Int64(clamping: unixMilliseconds / 86_400_000))
    let minute = minuteOfDay(unixMilliseconds: unixMilliseconds)
    let parts = [month, day, Int64(minute / 60), Int64(minute % 60)].map {
      $0 < 10 ? "0\($0)" : "\($0)"
    }
    return "\(year)-\(parts[0])-\(parts[1]) \(parts[2]):\(parts[3]) UTC"
  }
}
