import ArgumentParser
import ProviderAgent
import Testing

@testable import trellis

/// Quantities as people type them.
@Suite struct UnitsTests {
  @Test(
    "a number of bytes",
    arguments: [
      ("0", 0), ("4096", 4_096), ("1b", 1), ("1KiB", 1 << 10), ("1 MiB", 1 << 20),
      ("64gib", 1 << 36),
      ("1TiB", 1 << 40), ("16383PiB", 16_383 << 50), ("1kB", 1_000), ("2MB", 2_000_000),
      ("1.5GB", 1_500_000_000), ("0.5KiB", 512), ("1TB", 1_000_000_000_000),
      ("3pb", 3_000_000_000_000_000), ("18446744073709551615", UInt64.max),
      // Half a byte is a byte: nobody is given less than was asked for.
      ("0.0005kB", 1), ("1.0009765625KiB", 1_025),
    ] as [(String, UInt64)])
  func byteCounts(text: String, bytes: UInt64) {
    #expect(ByteCount(text)?.bytes == bytes)
  }

  @Test(
    "what is no number of bytes",
    arguments: [
      "", " ", "B", "GiB", "-1", "-1GiB", "1XB", "1 GiB of disk", "one", "1,5GB", "1..5GB", "0x10",
      "1e9", "16384PiB", "18446744073709551616", "99999999999999999999999999TiB", "∞", "NaN",
    ])
  func noByteCounts(text: String) {
    #expect(ByteCount(text) == nil, "\(text)")
    #expect(throws: ValidationError.self) { try PersonalUnits.bytes(text, option: "--disk") }
  }

  @Test("sizes and rates name their option when they cannot be read")
  func sizesAndRates() throws {
    #expect(try PersonalUnits.bytes("500GiB", option: "--disk") == 500 << 30)
    #expect(try PersonalUnits.bytesPerSecond("20MB/s", option: "--rate") == 20_000_000)
    #expect(try PersonalUnits.bytesPerSecond("20MB", option: "--rate") == 20_000_000)
    for text in ["/s", "20MB/h", "20MB/s/s", "fast"] {
      let error = #expect(throws: ValidationError.self) {
        try PersonalUnits.bytesPerSecond(text, option: "--rate")
      }
      #expect(error?.message.contains("--rate") == true, "\(text)")
    }
  }

  @Test(
    "a time in days",
    arguments: [
      ("5y", 1_825), ("1 year", 365), ("2years", 730), ("18months", 540), ("1month", 30),
      ("90d", 90), ("1day", 1), ("3 days", 3), ("1.5y", 547), ("5Y", 1_825),
    ] as [(String, UInt64)])
  func days(text: String, days: UInt64) throws {
    #expect(try PersonalUnits.days(text.filter { $0 != " " }, option: "--hardware-life") == days)
  }

  @Test(
    "what is no time",
    arguments: ["", "0y", "5", "y", "-1y", "1w", "0.001d", "1..5y", "20000000000000000000y", "5y5"])
  func noDays(text: String) {
    let error = #expect(throws: ValidationError.self) {
      try PersonalUnits.days(text, option: "--hardware-life")
    }
    #expect(error?.message.contains("--hardware-life") == true)
  }

  @Test("power, in milliwatts; a free tariff may draw nothing")
  func power() throws {
    for (text, milliwatts) in [
      ("6", 6_000), ("6.5", 6_500), ("6.5W", 6_500), ("0.25w", 250), ("0", 0), ("1200W", 1_200_000),
      ("0.0005", 0),
    ] as [(String, UInt64)] {
      #expect(try PersonalUnits.milliwatts(text, option: "--watts") == milliwatts, "\(text)")
    }
    for text in ["", "W", "6kW", "-6", "6,5", "6.", ".5", "1.0000000000", "6.5.1", "٦"] {
      #expect(throws: ValidationError.self, "\(text)") {
        try PersonalUnits.milliwatts(text, option: "--watts")
      }
    }
  }

  @Test("hours of the day")
  func hours() throws {
    #expect(
      try PersonalUnits.hours("22:00-06:30", option: "--hours") == HoursWindow("22:00-06:30"))
    for text in ["", "22-6", "22:00", "25:00-06:00", "22:00-06:60", "night"] {
      #expect(throws: ValidationError.self, "\(text)") {
        try PersonalUnits.hours(text, option: "--hours")
      }
    }
  }

  @Test("a key's limits")
  func keyLimits() {
    #expect(KeyLimits.budget("5/month") == 5_000_000)
    #expect(KeyLimits.budget("0.5") == 500_000)
    #expect(KeyLimits.budget("0.000001/month") == 1)
    for text in ["", "/month", "5/week", "5/month/", "-5", "five", "5 /month"] {
      #expect(KeyLimits.budget(text) == nil, "\(text)")
    }
    #expect(KeyLimits.seconds("30d") == 2_592_000)
    #expect(KeyLimits.seconds("12h") == 43_200)
    #expect(KeyLimits.seconds("90m") == 5_400 && KeyLimits.seconds("1s") == 1)
    for text in ["", "d", "30", "-1d", "1.5d", "1y", "99999999999999999999d"] {
      #expect(KeyLimits.seconds(text) == nil, "\(text)")
    }
  }

  @Test("a name in a query is encoded as Signature Version 4 wants it")
  func queryValues() {
    #expect(S3RequestSigner.queryValue("agent-1._~") == "agent-1._~")
    #expect(S3RequestSigner.queryValue("a b/é&=+") == "a%20b%2F%C3%A9%26%3D%2B")
  }
}
