import Locks
import NodeLink
import TestSupport
import Testing

@testable import ProviderAgent

/// A clock that a test sets.
final class TestClock: Sendable {
  private let state: Locked<UInt64>
  init(_ unixMilliseconds: UInt64) { state = Locked(unixMilliseconds) }
  var milliseconds: UInt64 { state.withLock { $0 } }
  func set(_ milliseconds: UInt64) { state.withLock { $0 = milliseconds } }
  func advance(_ milliseconds: UInt64) { state.withLock { $0 += milliseconds } }
}

@Suite struct ProviderLimitsTests {
  /// 2026-11-21 08:50 UTC.
  private static let now: UInt64 = 1_795_251_000_000

  private func refusal(_ body: () throws -> Void) -> LimitRefusal? {
    do {
      try body()
      return nil
    } catch {
      return error as? LimitRefusal
    }
  }

  private func makeGuard(
    _ limits: ProviderLimits, clock: TestClock, path: String
  ) throws -> LimitGuard {
    LimitGuard(
      limits: limits,
      meter: try TransferMeter(path: path, unixMilliseconds: clock.milliseconds),
      unixMilliseconds: { clock.milliseconds }, nanoseconds: { clock.milliseconds * 1_000_000 })
  }

  @Test func theDiskQuotaSaysItsNumbers() throws {
    let limits = ProviderLimits(diskBytes: 100)
    try limits.checkDisk(adding: 40, to: 60)
    let found = refusal { try limits.checkDisk(adding: 41, to: 60) }
    #expect(found?.limit == .disk && found?.linkRefusal.code == "disk-quota")
    #expect(found?.text.contains("41 bytes") == true && found?.text.contains("100") == true)
    #expect(refusal { try limits.checkDisk(adding: .max, to: 60) }?.limit == .disk)
    try ProviderLimits().checkDisk(adding: .max, to: .max)
  }

  @Test func hoursSayWhenTheyOpen() throws {
    let limits = ProviderLimits(hours: HoursWindow("22:00-06:30"))
    let found = refusal { try limits.checkHours(unixMilliseconds: Self.now) }
    #expect(found?.limit == .hours)
    #expect(found?.liftsAtUnixMilliseconds == Self.now + (13 * 60 + 10) * 60_000)
    #expect(found?.text.contains("2026-11-21 22:00 UTC") == true)
    try limits.checkHours(unixMilliseconds: Self.now + (13 * 60 + 10) * 60_000)
    try limits.checkHours(unixMilliseconds: Self.now - 141 * 60_000)
    #expect(refusal { try limits.checkHours(unixMilliseconds: Self.now - 140 * 60_000) } != nil)
  }

  @Test(arguments: [
    "", "9-17", "09:00", "09:00-24:00", "09:60-10:00", "09:00-10:00-11:00", "+9:00-10:00",
  ])
  func otherTextsAreNoHours(text: String) { #expect(HoursWindow(text) == nil) }

  @Test func theMonthlyCapLiftsWithTheMonth() throws {
    let directory = try TemporaryDirectory()
    let clock = TestClock(Self.now)
    let guarded = try makeGuard(
      ProviderLimits(monthlyTransferBytes: 1000), clock: clock, path: directory.file("meter"))
    try guarded.admitSend(bytes: 600)
    try guarded.admitStore(bytes: 400, stored: 0)
    let found = refusal { try guarded.admitSend(bytes: 1) }
    #expect(found?.limit == .monthlyTransfer)
    // 2026-12-01 00:00 UTC.
    #expect(found?.liftsAtUnixMilliseconds == 1_796_083_200_000)
    clock.set(1_796_083_200_000)
    try guarded.admitSend(bytes: 1000)
    #expect(guarded.totals == TransferTotals(month: 24_323, sentBytes: 1000))
  }

  @Test func theRateSaysWhenToComeAgain() throws {
    let directory = try TemporaryDirectory()
    let clock = TestClock(Self.now)
    let rate: UInt64 = 10 << 20
    let guarded = try makeGuard(
      ProviderLimits(bytesPerSecond: rate), clock: clock, path: directory.file("meter"))
    try guarded.admitSend(bytes: rate)
    let found = refusal { try guarded.admitSend(bytes: rate / 2) }
    #expect(found?.limit == .rate)
    let lifts = try #require(found?.liftsAtUnixMilliseconds)
    #expect(lifts > Self.now + 499 && lifts <= Self.now + 502)
    clock.set(lifts - 10)
    #expect(refusal { try guarded.admitSend(bytes: rate / 2) } != nil)
    clock.set(lifts)
    try guarded.admitSend(bytes: rate / 2)
    #expect(guarded.totals.sentBytes == rate + rate / 2)
    #expect(refusal { try guarded.admitSend(bytes: rate + 1) }?.liftsAtUnixMilliseconds == nil)
  }

  @Test func aRefusalCountsNothing() throws {
    let directory = try TemporaryDirectory()
    let clock = TestClock(Self.now)
    let guarded = try makeGuard(
      ProviderLimits(diskBytes: 10, hours: HoursWindow("22:00-06:30")), clock: clock,
      path: directory.file("meter"))
    #expect(refusal { try guarded.admitStore(bytes: 11, stored: 0) }?.limit == .disk)
    #expect(refusal { try guarded.admitStore(bytes: 9, stored: 0) }?.limit == .hours)
    #expect(guarded.totals.bytes == 0)
    try guarded.countRegardless(sent: 5)
    #expect(guarded.totals.bytes == 5)
  }
}
