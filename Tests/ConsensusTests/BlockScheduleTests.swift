import Ledger
import Primitives
import Testing

@testable import Consensus

/// When blocks are made and which time they bear, case by case.
@Suite struct BlockScheduleTests {
  /// A schedule whose last block, at wall time 1,000,000, was made at steady time 10,000.
  private static var schedule: BlockSchedule {
    BlockSchedule(
      intervalMilliseconds: 1000, lastTime: 1_000_000, wall: 1_000_000, steady: 10_000)
  }

  struct Wait: Sendable {
    let steady: UInt64
    let hasTransactions: Bool
    let work: NextWork
    let expected: UInt64?
  }

  static let table = [
    Wait(steady: 10_000, hasTransactions: false, work: .none, expected: nil),
    Wait(steady: 99_000, hasTransactions: false, work: .none, expected: nil),
    Wait(steady: 10_000, hasTransactions: true, work: .none, expected: 1000),
    Wait(steady: 10_400, hasTransactions: true, work: .none, expected: 600),
    Wait(steady: 11_000, hasTransactions: true, work: .none, expected: 0),
    Wait(steady: 90_000, hasTransactions: true, work: .none, expected: 0),
    Wait(steady: 10_100, hasTransactions: false, work: .now, expected: 900),
    // The ledger's clock is at 50,000 in all cases below.
    Wait(
      steady: 10_000, hasTransactions: false, work: .at(LedgerTime(milliseconds: 52_500)),
      expected: 2500),
    Wait(
      steady: 10_000, hasTransactions: false, work: .at(LedgerTime(milliseconds: 50_100)),
      expected: 1000),
    Wait(
      steady: 10_000, hasTransactions: false, work: .at(LedgerTime(milliseconds: 90_000)),
      expected: 5000),
    Wait(
      steady: 14_000, hasTransactions: false, work: .at(LedgerTime(milliseconds: 90_000)),
      expected: 1000),
    Wait(
      steady: 14_000, hasTransactions: true, work: .at(LedgerTime(milliseconds: 90_000)),
      expected: 0),
    Wait(
      steady: 12_000, hasTransactions: false, work: .at(LedgerTime(milliseconds: 10)),
      expected: 0),
  ]

  @Test(arguments: table) func waits(_ line: Wait) {
    let due = Self.schedule.due(
      hasTransactions: line.hasTransactions, work: line.work,
      ledgerTime: LedgerTime(milliseconds: 50_000))
    #expect(due.map { $0.subtractingSaturated(line.steady) } == line.expected)
  }

  @Test func takesTheWallClocksTime() {
    #expect(Self.schedule.blockTime(wall: 1_003_000, steady: 13_000) == 1_003_000)
  }

  @Test func goesOnWhenTheWallClockIsSetBack() {
    // An hour back: the ledger's clock must go on at the steady clock's pace.
    #expect(Self.schedule.blockTime(wall: 0, steady: 12_500) == 1_002_500)
    #expect(Self.schedule.blockTime(wall: 0, steady: 10_000) == 1_000_001)
  }

  @Test func takesAJumpForwardOnce() {
    var schedule = Self.schedule
    let jumped = schedule.blockTime(wall: 4_600_000, steady: 12_000)
    #expect(jumped == 4_600_000)
    schedule.made(time: jumped, steady: 12_000)
    // Set right again: time still rises, by what has passed.
    #expect(schedule.blockTime(wall: 1_004_000, steady: 14_000) == 4_602_000)
  }

  @Test func remembersHowLongTheProcessWasDown() {
    let schedule = BlockSchedule(
      intervalMilliseconds: 1000, lastTime: 1_000_000, wall: 1_000_400, steady: 7000)
    #expect(
      schedule.due(hasTransactions: true, work: .none, ledgerTime: .genesis) == 7600)
    let long = BlockSchedule(
      intervalMilliseconds: 1000, lastTime: 1_000_000, wall: 9_000_000, steady: 7000)
    #expect(
      long.due(hasTransactions: true, work: .none, ledgerTime: .genesis) == 3000)
  }
}
