import Primitives
import ServiceKit
import Testing

@testable import StorageService

/// How long money lasts: tables over a GiB at one credit an hour.
@Suite struct LeaseRunwayTests {
  private static let hour: UInt64 = 3_600_000
  private static let gibibyte: UInt64 = 1 << 30
  private static let prices = PriceVector([
    .init(.storedByteMilliseconds, creditsPerUnit: .whole(1))
  ])!

  /// One GiB kept for `since` already, none of it proven, with a lock-up of ten hours.
  private func runway(
    held: UInt128, owed: UInt128 = 0, bytes: UInt64 = gibibyte, unprovenHours: UInt64 = 0,
    prices: PriceVector = prices
  ) throws -> LeaseRunway {
    let now = LedgerTime(milliseconds: 1_000 * Self.hour)
    var total = StreamRecord(
      at: LedgerTime(milliseconds: now.milliseconds - unprovenHours * Self.hour))
    try total.add(bytes: bytes, at: total.updatedAt)
    return try LeaseRunway(
      held: .whole(held), owed: .whole(owed), total: bytes == 0 ? nil : total, prices: prices,
      lockUpMilliseconds: 10 * Self.hour, now: now)
  }

  @Test(
    "new data is taken until the lock-up is left; what is stored is paid until nothing is"
  )
  func ends() throws {
    let rich = try runway(held: 30)
    #expect(rich.writableMilliseconds == 20 * Self.hour)
    #expect(rich.paidMilliseconds == 30 * Self.hour)
    #expect(try rich.needed() == .zero)
    #expect(try rich.needed(addingBytes: 2 * Self.gibibyte) == .zero)
    #expect(try rich.needed(addingBytes: 3 * Self.gibibyte) == .whole(10))
    let unproven = try runway(held: 30, owed: 1, unprovenHours: 4)
    #expect(unproven.writableMilliseconds == 15 * Self.hour)
    #expect(unproven.paidMilliseconds == 25 * Self.hour)
    let locked = try runway(held: 7)
    #expect(locked.writableMilliseconds == 0)
    #expect(locked.paidMilliseconds == 7 * Self.hour)
    #expect(try locked.needed() == .whole(3))
    let empty = try runway(held: 0)
    #expect(empty.paidMilliseconds == 0)
    #expect(try empty.needed() == .whole(10))
  }

  @Test(
    "nothing stored lasts for ever; an empty bucket pays for nothing; what is free needs nothing")
  func edges() throws {
    let unused = try runway(held: 1, bytes: 0)
    #expect(unused.writableMilliseconds == nil && unused.paidMilliseconds == nil)
    #expect(try unused.needed() == .zero)
    #expect(try runway(held: 0, bytes: 0).needed() > .zero)
    let free = try runway(held: 0, prices: PriceVector([])!)
    #expect(try free.needed() == .zero)
    #expect(free.writableMilliseconds == nil)
    #expect(throws: ArithmeticError.self) {
      try runway(held: 1).needed(addingBytes: .max)
    }
  }

  @Test(
    "the level says what comes next",
    arguments: [
      (30, nil, true, LeaseFunding.Level.ample), (14, nil, true, .low), (10, nil, true, .low),
      (9, nil, true, .writesStopped), (0, nil, true, .dry), (9, 999, true, .dry),
      (30, nil, false, .ended),
    ] as [(UInt128, UInt64?, Bool, LeaseFunding.Level)])
  func levels(
    held: UInt128, dryHour: UInt64?, isOpen: Bool, expected: LeaseFunding.Level
  ) throws {
    let funding = LeaseFunding(
      try runway(held: held), isOpen: isOpen,
      drySince: dryHour.map { LedgerTime(milliseconds: $0 * Self.hour) },
      lowMilliseconds: 5 * Self.hour, graceMilliseconds: 7 * Self.hour,
      now: LedgerTime(milliseconds: 1_000 * Self.hour))
    #expect(funding.level == expected)
    let text = funding.warning(lease: LeaseID(number: 3), endReason: "because")
    #expect((text == nil) == (expected == .ample))
    if let text, expected != .ended { #expect(text.contains("top-up --lease 3"), "\(text)") }
    if expected == .dry {
      #expect(funding.graceMilliseconds == (dryHour == nil ? 7 : 6) * Self.hour)
    }
  }
}
