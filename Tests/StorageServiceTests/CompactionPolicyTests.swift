import Primitives
import TestSupport
import Testing

@testable import StorageService

/// When bundles go and when their survivors move: tables, and what must hold of any plan.
@Suite struct CompactionPolicyTests {
  private static func use(
    _ number: UInt64, payload: UInt64, live: UInt64, blobs: UInt64 = 1, locked: Bool = false,
    held: Bool = false
  ) -> BundleUse {
    BundleUse(
      bundle: BundleID(number: number), payloadBytes: payload, liveBytes: live, liveBlobs: blobs,
      isLocked: locked, isHeld: held)
  }

  private static let mebibyte: UInt64 = 1 << 20

  @Test(
    "one bundle at a time",
    arguments: [
      // Dead ones go at once, locked or not: their lock-up is paid either way.
      (use(1, payload: mebibyte, live: 0, blobs: 0), true, false),
      (use(1, payload: mebibyte, live: 0, blobs: 0, locked: true), true, false),
      (use(1, payload: 1, live: 0, blobs: 0), true, false),
      (use(1, payload: mebibyte, live: 0, blobs: 0, held: true), false, false),
      // A tenth lives: it moves once the lock-up is over.
      (use(1, payload: mebibyte, live: mebibyte / 10), false, true),
      (use(1, payload: mebibyte, live: mebibyte / 10, locked: true), false, false),
      (use(1, payload: mebibyte, live: mebibyte / 10, held: true), false, false),
      // Enough lives.
      (use(1, payload: mebibyte, live: mebibyte * 76 / 100), false, false),
      (use(1, payload: mebibyte, live: mebibyte), false, false),
      // Little, but in so many blobs that their records would take what is gained.
      (use(1, payload: mebibyte, live: mebibyte / 2, blobs: 2_000), false, false),
      // What could be gained is not worth a bundle.
      (use(1, payload: 60_000, live: 100), false, false),
      (use(1, payload: .max, live: .max / 2, blobs: .max), false, false),
    ])
  func tables(use: BundleUse, releases: Bool, moves: Bool) {
    let plan = CompactionPolicy().plan([use])
    #expect(plan.release == (releases ? [use.bundle] : []))
    #expect(plan.move == (moves ? [use.bundle] : []))
    #expect(CompactionPolicy.off.plan([use]) == CompactionPolicy.Plan())
  }

  @Test("the emptiest move first, as many bytes as a pass may move; the first always may")
  func order() {
    var policy = CompactionPolicy()
    policy.liveBytesPerPass = 300_000
    let uses = [
      Self.use(1, payload: 1_000_000, live: 500_000),
      Self.use(2, payload: 1_000_000, live: 200_000),
      Self.use(3, payload: 1_000_000, live: 100_000),
      Self.use(4, payload: 1_000_000, live: 100_000),
    ]
    #expect(policy.plan(uses).move.map(\.number) == [3, 4])
    #expect(policy.plan(uses.reversed()).move.map(\.number) == [3, 4])
    policy.liveBytesPerPass = 1
    #expect(policy.plan(uses).move.map(\.number) == [3])
  }

  @Test(
    "what stays is at most 4/3 of what lives, and what moved is not worth moving again"
  )
  func property() {
    var random = SeededGenerator.fromEnvironment(default: 21)
    for _ in 0..<500 {
      let policy = CompactionPolicy()
      let uses = (1...20).map { number in
        let payload = UInt64.random(in: 1...4_000_000, using: &random)
        let live = Bool.random(using: &random) ? 0 : UInt64.random(in: 0...payload, using: &random)
        return Self.use(
          UInt64(number), payload: payload, live: live,
          blobs: live == 0 ? 0 : UInt64.random(in: 1...8, using: &random))
      }
      let plan = policy.plan(uses)
      #expect(Set(plan.release).isDisjoint(with: plan.move))
      let gone = Set(plan.release + plan.move)
      let staying = uses.filter { !gone.contains($0.bundle) }
      let gain = staying.filter { $0.liveBytes > 0 && policy.isWorthMoving($0) }
      #expect(gain.isEmpty || plan.move.isEmpty, "those worth moving move, or none does")
      for use in staying where !policy.isWorthMoving(use) {
        #expect(
          use.payloadBytes <= (use.liveBytes + use.liveBlobs * policy.recordBytes) * 4 / 3 + 2)
      }
      for use in uses where plan.move.contains(use.bundle) {
        // A bundle of just the survivors and their records stays where it is.
        let moved = Self.use(
          99, payload: policy.movedBytes(of: use), live: use.liveBytes, blobs: use.liveBlobs)
        #expect(!policy.isWorthMoving(moved))
      }
    }
  }
}
