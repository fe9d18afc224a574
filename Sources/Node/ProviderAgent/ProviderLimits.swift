import NodeLink

/// What an operator lets its machine give. Nil is "no limit".
package struct ProviderLimits: Sendable, Hashable, Codable {
  /// The most bytes that lie on the disk.
  package var diskBytes: UInt64?
  /// The most bytes a month, sent and received together, by the UTC calendar.
  package var monthlyTransferBytes: UInt64?
  /// When customers are served.
  package var hours: HoursWindow?
  /// The most bytes a second, sent and received together.
  package var bytesPerSecond: UInt64?

  package init(
    diskBytes: UInt64? = nil, monthlyTransferBytes: UInt64? = nil, hours: HoursWindow? = nil,
    bytesPerSecond: UInt64? = nil
  ) {
    self.diskBytes = diskBytes
    self.monthlyTransferBytes = monthlyTransferBytes
    self.hours = hours
    self.bytesPerSecond = bytesPerSecond
  }

  /// Checks that `bytes` more fit on the disk.
  /// - Throws: ``LimitRefusal`` of ``LimitRefusal/Limit/disk``.
  package func checkDisk(adding bytes: UInt64, to stored: UInt64) throws(LimitRefusal) {
    guard let diskBytes else { return }
    let (total, overflow) = stored.addingReportingOverflow(bytes)
    if overflow || total > diskBytes {
      throw LimitRefusal(
        .disk,
        "\(bytes) bytes more do not fit: \(stored) of the disk quota of \(diskBytes) bytes are "
          + "used. It lifts when data is deleted or its lease ends.")
    }
  }

  /// Checks that the operator serves at this time.
  /// - Throws: ``LimitRefusal`` of ``LimitRefusal/Limit/hours``.
  package func checkHours(unixMilliseconds now: UInt64) throws(LimitRefusal) {
    guard let hours, !hours.contains(unixMilliseconds: now) else { return }
    let opens = hours.nextOpening(after: now)
    throw LimitRefusal(
      .hours,
      "This provider serves from \(hours) UTC; it opens at "
        + "\(CivilTime.text(unixMilliseconds: opens)).", liftsAtUnixMilliseconds: opens)
  }

  /// Checks that the month's cap has room for `bytes` more.
  /// - Throws: ``LimitRefusal`` of ``LimitRefusal/Limit/monthlyTransfer``.
  package func checkMonth(
    adding bytes: UInt64, to transferred: UInt64, month: UInt32
  ) throws(LimitRefusal) {
    guard let monthlyTransferBytes else { return }
    let (total, overflow) = transferred.addingReportingOverflow(bytes)
    if overflow || total > monthlyTransferBytes {
      let lifts = CivilTime.start(ofMonth: month + 1)
      throw LimitRefusal(
        .monthlyTransfer,
        "\(bytes) bytes more do not fit: \(transferred) of this month's \(monthlyTransferBytes) "
          + "bytes are used. It lifts at \(CivilTime.text(unixMilliseconds: lifts)).",
        liftsAtUnixMilliseconds: lifts)
    }
  }
}

/// A part of the day, in minutes UTC; may go over midnight.
package struct HoursWindow: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The first minute of the day that belongs to it, 0…1439.
  package let startMinute: Int
  /// The first minute that does not, 0…1439; equal to the start means the whole day.
  package let endMinute: Int

  /// Nil when a minute is not one of the day.
  package init?(startMinute: Int, endMinute: Int) {
    guard (0..<1440).contains(startMinute), (0..<1440).contains(endMinute) else { return nil }
    self.startMinute = startMinute
    self.endMinute = endMinute
  }

  /// Reads `22:00-06:30`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map {
      Self.minute($0)
    }
    guard parts.count == 2, let start = parts[0], let end = parts[1] else { return nil }
    self.init(startMinute: start, endMinute: end)
  }

  private static func minute(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
      parts[0].count == 2, parts[1].count == 2, let hour = UInt8(parts[0]),
      let minute = UInt8(parts[1]), hour < 24, minute < 60
    else { return nil }
    return Int(hour) * 60 + Int(minute)
  }

  /// Whether that time of the day belongs to it.
  package func contains(unixMilliseconds now: UInt64) -> Bool {
    let minute = CivilTime.minuteOfDay(unixMilliseconds: now)
    if startMinute == endMinute { return true }
    if startMinute < endMinute { return minute >= startMinute && minute < endMinute }
    return minute >= startMinute || minute < endMinute
  }

  /// The next time after `now` when it begins, in milliseconds since 1970.
  package func nextOpening(after now: UInt64) -> UInt64 {
    let midnight = now / 86_400_000 * 86_400_000
    let today = midnight + UInt64(startMinute) * 60_000
    return today > now ? today : today + 86_400_000
  }

  package var description: String {
    [startMinute, endMinute].map { minute in
      let parts = [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
      return "\(parts[0]):\(parts[1])"
    }.joined(separator: " to ")
  }
}

/// A provider's refusal, and which of its limits stands behind it.
package struct LimitRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// The limits; the raw value is the stable code that the peer sees.
  package enum Limit: String, CaseIterable, Sendable {
    case disk = "disk-quota"
    case monthlyTransfer = "monthly-transfer-cap"
    case hours = "outside-hours"
    case rate = "rate-limit"
  }

  package let limit: Limit
  /// What was asked, what the limit is, and when it lifts.
  package let text: String
  /// When asking again makes sense, in milliseconds since 1970; nil when no time can be told.
  package let liftsAtUnixMilliseconds: UInt64?

  package init(_ limit: Limit, _ text: String, liftsAtUnixMilliseconds: UInt64? = nil) {
    self.limit = limit
    self.text = text
    self.liftsAtUnixMilliseconds = liftsAtUnixMilliseconds
  }

  package var description: String { "\(limit.rawValue): \(text)" }

  /// What a link handler throws to tell the peer.
  package var linkRefusal: LinkRefusal { LinkRefusal(code: limit.rawValue, text: text) }
}
