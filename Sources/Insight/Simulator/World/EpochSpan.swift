import Economics

/// How a preset's epochs lie on days.
struct EpochSpan {
  /// The first epoch that a simulation settles.
  let firstEpoch: UInt64
  private let calendar: EpochCalendar
  private let fileName: String

  /// - Throws: ``ScenarioError`` when the day lies before genesis.
  init(_ preset: Preset, firstDay: Int) throws(ScenarioError) {
    calendar = preset.calendar
    fileName = preset.name
    let genesisDay = Int(preset.calendar.genesis.seconds / 86_400)
    guard firstDay >= genesisDay else {
      throw ScenarioError(
        file: preset.name, field: "from",
        problem: "\(CalendarDay(daysSince1970: firstDay)) is before the network's genesis "
          + "\(preset.calendar.genesis)")
    }
    firstEpoch = firstDay == genesisDay ? 0 : preset.calendar.epoch(from: Self.midnight(firstDay))
  }

  private static func midnight(_ day: Int) -> UnixTime {
    UnixTime(seconds: Int64(day) * 86_400)
  }

  /// How many epochs from `next` on have ended when a day is over.
  func epochsEnded(by day: Int, next: UInt64) -> UInt64 {
    // The first epoch that begins at midnight or later, less one, runs over midnight or is new.
    let running = calendar.epoch(from: Self.midnight(day + 1))
    let ended =
      calendar.start(of: running) == Self.midnight(day + 1) || running == 0
      ? running : running - 1
    return ended > next ? ended - next : 0
  }
}
