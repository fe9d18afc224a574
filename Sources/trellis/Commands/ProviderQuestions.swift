import ProviderAgent

/// Asks an operator for what the options did not say. Enter keeps what stands in brackets.
enum ProviderQuestions {
  /// - Throws: `ValidationError` when the input ends.
  static func ask(_ limits: inout ProviderLimits, _ profile: inout OperatorProfile) throws {
    let disk = try answer("Disk for the network", limits.diskBytes.map { "\($0)" } ?? "64GiB") {
      try PersonalUnits.bytes($0, option: "The disk")
    }
    limits.diskBytes = disk
    profile.milliwatts =
      try optional("Watts that it draws", profile.milliwatts.map { "\($0 / 1000)" }) {
        try PersonalUnits.milliwatts($0, option: "The power")
      } ?? profile.milliwatts
    if profile.milliwatts != nil {
      profile.tariffPerKWh =
        try optional("Dollars a kWh", profile.tariffPerKWh) { $0 } ?? profile.tariffPerKWh
    }
    profile.hardwarePrice =
      try optional("Dollars that the hardware cost", profile.hardwarePrice) { $0 }
      ?? profile.hardwarePrice
    if profile.hardwarePrice != nil {
      profile.hardwareLifeDays = try answer(
        "How long it will serve", profile.hardwareLifeDays.map { "\($0)d" } ?? "5y"
      ) { try PersonalUnits.days($0, option: "The life") }
    }
    limits.monthlyTransferBytes =
      try optional("Most bytes a month", limits.monthlyTransferBytes.map { "\($0)" }) {
        try PersonalUnits.bytes($0, option: "The cap")
      } ?? limits.monthlyTransferBytes
    limits.hours =
      try optional("Hours for customers, UTC (22:00-06:30)", nil) {
        try PersonalUnits.hours($0, option: "The hours")
      } ?? limits.hours
  }

  /// Asks until the answer can be read.
  private static func answer<T>(
    _ question: String, _ standard: String, _ read: (String) throws -> T
  ) throws -> T {
    while true {
      print("\(question) [\(standard)]: ", terminator: "")
      guard let line = readLine() else { throw UserError("the questions were not answered") }
      do {
        return try read(line.isEmpty ? standard : line)
      } catch {
        print("  \(error)")
      }
    }
  }

  /// Asks for what need not be said: an empty answer leaves it.
  private static func optional<T>(
    _ question: String, _ present: String?, _ read: (String) throws -> T
  ) throws -> T? {
    while true {
      print("\(question) [\(present ?? "not said")]: ", terminator: "")
      guard let line = readLine() else { throw UserError("the questions were not answered") }
      if line.isEmpty { return nil }
      do {
        return try read(line)
      } catch {
        print("  \(error)")
      }
    }
  }
}
