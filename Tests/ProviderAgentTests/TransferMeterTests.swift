import NodeLink
import Primitives
import TestSupport
import Testing

@testable import ProviderAgent

@Suite struct TransferMeterTests {
  private static let november: UInt64 = 1_795_251_000_000
  private static let december: UInt64 = 1_796_083_200_000

  private func meter(_ path: String, step: UInt64 = 100, now: UInt64 = november) throws
    -> TransferMeter
  {
    try TransferMeter(path: path, stepBytes: step, unixMilliseconds: now)
  }

  @Test func aCleanEndKeepsTheExactCount() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("meter")
    let first = try meter(path)
    try first.count(sent: 30, received: 5, unixMilliseconds: Self.november)
    try first.flush()
    let second = try meter(path)
    #expect(
      second.totals(unixMilliseconds: Self.november)
        == TransferTotals(month: 24_322, sentBytes: 30, receivedBytes: 5))
  }

  /// Whatever moment a crash comes at, what is read afterwards is never less than what was counted,
  /// and at most a step more in each direction.
  @Test func aCrashNeverForgetsBytes() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("meter")
    var generator = SeededGenerator.fromEnvironment(default: 7)
    var sent: UInt64 = 0
    var running = try meter(path)
    for _ in 0..<200 {
      let bytes = UInt64.random(in: 0...60, using: &generator)
      try running.count(sent: bytes, unixMilliseconds: Self.november)
      sent += bytes
      let reopened = try meter(path)
      let found = reopened.totals(unixMilliseconds: Self.november)
      #expect(found.sentBytes >= sent && found.sentBytes <= sent + 100)
      #expect(found.receivedBytes == 0)
      if Int.random(in: 0..<20, using: &generator) == 0 {
        running = reopened
        sent = found.sentBytes
      }
    }
  }

  @Test func aNewMonthBeginsAtNothingAndAnOldOneDoesNotReturn() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("meter")
    let running = try meter(path)
    try running.count(sent: 30, unixMilliseconds: Self.november)
    try running.count(sent: 7, unixMilliseconds: Self.december)
    #expect(running.totals(unixMilliseconds: Self.december).sentBytes == 7)
    // A clock that falls back into November.
    try running.count(sent: 1, unixMilliseconds: Self.november)
    #expect(
      running.totals(unixMilliseconds: Self.november)
        == TransferTotals(month: 24_323, sentBytes: 8))
    try running.flush()
    #expect(
      try meter(path, now: Self.december).totals(unixMilliseconds: Self.december).sentBytes == 8)
  }

  @Test func aFileOfSomethingElseIsRefused() throws {
    let directory = try TemporaryDirectory()
    try AtomicFile.write([1, 2, 3], to: directory.file("meter"))
    #expect(throws: CodecError.self) { try meter(directory.file("meter")) }
  }

  @Test func aRefusedCheckCountsNothing() throws {
    struct No: Error {}
    let directory = try TemporaryDirectory()
    let running = try meter(directory.file("meter"))
    #expect(throws: No.self) {
      try running.count(sent: 5, unixMilliseconds: Self.november) { _ in throw No() }
    }
    #expect(running.totals(unixMilliseconds: Self.november).bytes == 0)
  }

  @Test func civilMonthsAgreeWithTheCalendar() {
    #expect(CivilTime.month(unixMilliseconds: 0) == 1970 * 12)
    #expect(CivilTime.month(unixMilliseconds: 951_782_399_999) == 2000 * 12 + 1)
    #expect(CivilTime.month(unixMilliseconds: 951_868_800_000) == 2000 * 12 + 2)
    #expect(CivilTime.text(unixMilliseconds: 951_782_400_000) == "2000-02-29 00:00 UTC")
    for month in UInt32(1970 * 12)..<UInt32(2200 * 12) {
      let start = CivilTime.start(ofMonth: month)
      #expect(CivilTime.month(unixMilliseconds: start) == month)
      if start > 0 { #expect(CivilTime.month(unixMilliseconds: start - 1) == month - 1) }
    }
  }

  @Test func aTokenBucketNeverGivesMoreThanItsRate() {
    var generator = SeededGenerator.fromEnvironment(default: 3)
    var bucket = TokenBucket(perSecond: 1000, capacity: 500, nowNanoseconds: 0)
    var now: UInt64 = 0
    var taken: UInt64 = 0
    for _ in 0..<5000 {
      now += UInt64.random(in: 0...20_000_000, using: &generator)
      let wanted = UInt64.random(in: 0...100, using: &generator)
      if let wait = bucket.take(wanted, nowNanoseconds: now) {
        now += wait
        let again = bucket.take(wanted, nowNanoseconds: now)
        #expect(again == nil)
      }
      taken += wanted
      #expect(Double(taken) <= 500 + Double(now) / 1e9 * 1000 + 0.01)
    }
    let never = bucket.take(501, nowNanoseconds: now)
    #expect(never == .max)
    let backwards = bucket.take(0, nowNanoseconds: 0)
    #expect(backwards == nil)
  }
}
