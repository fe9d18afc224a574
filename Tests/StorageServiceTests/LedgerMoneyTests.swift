import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

/// Money runs out, comes back, or does not, on the real ledger; its invariants are checked after
/// every block.
@Suite struct LedgerMoneyTests {
  private static let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!
  private static let lease = LedgerTestNetwork.lease
  /// In milliseconds.
  private static let lockUp: UInt128 = 20_000

  /// A ledger with four providers and a lease whose stream bucket holds `stream` base units.
  /// - Parameter missing: a mechanism of the service that is left out, to show what it is for.
  private static func started(
    stream: UInt128, without missing: WeakenedStorageModule.Mechanism? = nil
  ) throws -> LedgerMachineTests.Chain {
    let module: any ServiceModule =
      missing.map { WeakenedStorageModule(without: $0) }
      ?? StorageModule()
    var chain = try LedgerMachineTests.Chain(
      providers: 4,
      changing: [
        (StorageParameter.lockUp.rawValue, lockUp), (StorageParameter.grace.rawValue, 20_000),
        (LedgerParameters.leaseGraceMilliseconds, 30_000),
      ], module: module)
    LedgerMachineTests.registerAll(&chain)
    chain.send(
      .placeOrder(
        OrderTerms(
          service: StorageKeys.service, matching: .pool, ceiling: LedgerTestNetwork.prices,
          escrow: EscrowBalances(
            stream: Credits(baseUnits: stream), staging: .whole(100), repair: .whole(100),
            usage: .whole(100)))),
      from: chain.played.customer)
    chain.send(
      .openGroup(OpenGroup(lease: lease, codeClass: small)), from: chain.played.customer)
    try chain.block()
    try chain.block()
    return chain
  }

  /// Commits a bundle of four columns; nil when the ledger refuses it.
  private static func commit(
    _ chain: inout LedgerMachineTests.Chain, bytes: Int = 20_000, milliseconds: UInt64 = 3_600_000
  ) throws -> BundleID? {
    let group: PlacementGroupRecord = try #require(
      chain.machine.record(at: StorageKeys.group(PlacementGroupID(number: 1))))
    let (commit, columns) = chain.played.draft(
      group, shardBytes: [bytes],
      end: chain.machine.time.advanced(milliseconds: milliseconds))
    chain.send(.commitBundle(commit), from: chain.played.customer)
    try chain.block()
    guard
      let key: BundleKeyRecord = chain.machine.record(at: StorageKeys.bundleKey(commit.bundleKey))
    else { return nil }
    for (slot, holder) in group.providers.enumerated() {
      chain.played.provider(holder).columns[key.bundle] = columns[slot]
    }
    chain.played.stored[key.bundle] = columns
    return key.bundle
  }

  private static func record(_ chain: LedgerMachineTests.Chain) throws -> LeaseRecord {
    try #require(chain.machine.record(at: StateKeys.lease(lease)))
  }

  /// 80,000 bytes at one credit a GiB and hour.
  private static let perSecond: UInt128 =
    80_000 * 1_000 * Credits.baseUnitsPerWhole / ((1 << 30) * 3_600_000)

  @Test(
    "a dry lease is kept through the grace, then ends with its reason"
  )
  func runsDry() throws {
    var chain = try Self.started(stream: Self.perSecond * 40)
    let first = try #require(try Self.commit(&chain))
    // The lock-up of a second bundle as large is not covered beside the first one's.
    #expect(try Self.commit(&chain, bytes: 30_000) == nil)
    #expect(chain.failures.last?.code == RejectionCode.escrowTooSmall.number)
    while chain.kinds("storage.lease-dry").isEmpty { try chain.block() }
    #expect(try Self.record(chain).escrow.stream == .zero)
    let dry = chain.machine.time
    let kept: BundleRecord? = chain.machine.record(at: StorageKeys.bundle(first))
    #expect(kept?.isReleased == false)
    chain.send(
      .renewBundle(RenewBundle(bundle: first, end: dry.advanced(milliseconds: 7_200_000))),
      from: chain.played.customer)
    try chain.block()
    #expect(chain.failures.last?.code == RejectionCode.escrowTooSmall.number)
    while chain.kinds("storage.bundle-released").isEmpty { try chain.block() }
    #expect(chain.machine.time.milliseconds(since: dry) >= 20_000)
    for _ in 0..<90 where try Self.record(chain).isOpen { try chain.block() }
    let reason = try #require(try Self.record(chain).state.endReason)
    #expect(reason.contains("escrow-exhausted"), "\(reason)")
    #expect(chain.kinds("service.failed") == [])
    // Everything that the bucket held went to providers, and they are told what it lacked.
    #expect(try Self.record(chain).spent.stream == Credits(baseUnits: Self.perSecond * 40))
    let lines = try (0..<chain.machine.clock.epoch).flatMap { epoch in
      try chain.played.providers.flatMap { provider in
        try chain.machine.rows(in: StateKeys.payouts(epoch: epoch, provider: provider.id))
          .map { try PayoutLine(canonicalBytes: $0.value) }
      }
    }
    #expect(lines.contains { $0.causes.kept.contains { $0.kind == "escrow-short" } })
  }

  /// A lease that ran dry is topped up within the grace.
  private static func refilled(
    without missing: WeakenedStorageModule.Mechanism? = nil
  ) throws -> (chain: LedgerMachineTests.Chain, isKept: Bool) {
    var chain = try started(stream: perSecond * 40, without: missing)
    let first = try #require(try commit(&chain))
    while chain.kinds("storage.lease-dry").isEmpty { try chain.block() }
    for _ in 0..<6 { try chain.block() }
    #expect(try record(chain).owed.stream > .zero)
    chain.send(
      .topUpLease(
        lease: lease, bucket: .stream, credits: Credits(baseUnits: perSecond * 4_000)),
      from: chain.played.customer)
    for _ in 0..<60 { try chain.block() }
    let bundle: BundleRecord? = chain.machine.record(at: StorageKeys.bundle(first))
    return (chain, bundle?.isReleased == false)
  }

  @Test("a top-up within the grace restores everything, what was due included")
  func topUpRestores() throws {
    var (chain, isKept) = try Self.refilled()
    #expect(isKept)
    #expect(chain.kinds("storage.lease-refilled").count == 1)
    #expect(try Self.record(chain).owed.stream == .zero)
    #expect(try Self.record(chain).isOpen)
    #expect(try Self.commit(&chain) != nil)
    #expect(chain.kinds("storage.bundle-released") == [])
  }

  @Test("without the grace a top-up comes too late: what was stored is gone")
  func withoutGrace() throws {
    #expect(try !Self.refilled(without: .grace).isKept)
  }

  /// A customer commits as long as it is let, and never pays again. What the lease's bucket lacked
  /// for the lock-up when the last bundle was taken, and for how many milliseconds of the shortest
  /// kept bundle's lock-up nobody was paid.
  private static func overcommitted(
    without missing: WeakenedStorageModule.Mechanism? = nil
  ) throws -> (taken: Int, uncovered: Credits, unpaidMilliseconds: UInt64) {
    var chain = try started(stream: perSecond * 70, without: missing)
    var uncovered = Credits.zero
    var taken = 0
    var last: (id: BundleID, bytes: UInt64)?
    for _ in 0..<12 {
      guard let id = try commit(&chain) else { continue }
      taken += 1
      let bundle: BundleRecord = try #require(chain.machine.record(at: StorageKeys.bundle(id)))
      last = (id, bundle.slots.reduce(0) { $0 + $1.byteCount })
      let record = try record(chain)
      let runway = try LeaseRunway(
        held: record.escrow.stream, owed: record.owed.stream,
        total: chain.machine.record(at: StorageKeys.leaseTotal(lease)), prices: record.prices,
        lockUpMilliseconds: UInt64(lockUp), now: chain.machine.time)
      uncovered = max(uncovered, try runway.needed())
    }
    _ = try #require(last)
    let bytes = UInt128(taken) * 80_000
    for _ in 0..<80 where try record(chain).isOpen { try chain.block() }
    // All bundles are equal: what was credited, over their bytes, is how long each was paid.
    let credited = try record(chain).spent.stream.baseUnits
    let wanted = try record(chain).prices.cost(of: bytes * lockUp, .storedByteMilliseconds)
    let short = wanted.baseUnits.subtractingSaturated(credited)
    return (taken, uncovered, UInt64(short / (perSecond * UInt128(taken) / 1_000)))
  }

  @Test("each bundle that is taken is covered, and paid, for its lock-up; without the rule not")
  func lockUpIsCovered() throws {
    let whole = try Self.overcommitted()
    #expect((2...3).contains(whole.taken))
    #expect(whole.uncovered == .zero)
    #expect(whole.unpaidMilliseconds == 0)
    let weak = try Self.overcommitted(without: .lockUp)
    #expect(weak.taken == 12)
    #expect(weak.uncovered > .zero)
    #expect(weak.unpaidMilliseconds > 10_000, "\(weak)")
  }

  @Test("a customer that vanishes leaves its providers proven time, staging and vouchers")
  func customerVanishes() throws {
    var chain = try Self.started(stream: Self.perSecond * 4_000)
    _ = try #require(try Self.commit(&chain))
    let group: PlacementGroupRecord = try #require(
      chain.machine.record(at: StorageKeys.group(PlacementGroupID(number: 1))))
    let provider = chain.played.provider(group.providers[0])
    // What came after the bundle, and will never be in one.
    let staged = StoragePayload.claimStaging(
      ClaimStaging(orders: [
        Signed(
          AppendOrder(
            chain: chain.machine.chain, lease: Self.lease, group: group.id, segment: 77, slot: 0,
            fencingEpoch: 1, offset: 0, length: 1 << 20, runningRoot: .zero),
          by: chain.played.customer)
      ]))
    // The last thing that was heard of it.
    let voucher = SignedVoucher.sign(
      Voucher(
        chain: chain.machine.chain, lease: Self.lease, lane: 0, provider: provider.id,
        cumulative: .whole(3)), with: chain.played.customer)
    chain.send(staged, from: provider.key)
    for _ in 0..<10 { try chain.block() }
    chain.send(.claimVoucher(voucher), from: provider.key)
    for _ in 0..<12 { try chain.block() }
    chain.send(staged, from: provider.key)
    for _ in 0..<28 { try chain.block() }
    #expect(chain.failures == [])
    let lines = try chain.machine.rows(in: StateKeys.payouts(epoch: 0, provider: provider.id))
      .map { try PayoutLine(canonicalBytes: $0.value) }
    let staging = lines.first { $0.source == .metered(.stagedByteMilliseconds) }
    #expect(staging?.quantity == 22_000 << 20 && staging?.tokens ?? .zero > .zero)
    #expect(staging?.causes.kept.map(\.kind) == ["staging-claimed"])
    #expect(lines.contains { $0.source == .voucher && $0.credits == .whole(3) })
    #expect(lines.contains { $0.source == .metered(.storedByteMilliseconds) && $0.tokens > .zero })
    // The same voucher again pays nothing.
    chain.send(.claimVoucher(voucher), from: provider.key)
    try chain.block()
    #expect(chain.failures.count == 1)
  }

  /// The bytes × milliseconds that were credited so far.
  private static func accrued(_ chain: LedgerMachineTests.Chain) throws -> UInt128 {
    try chain.machine.rows(in: StateKeys.accruals(lease))
      .filter { $0.key.bytes.last == PriceDimension.storedByteMilliseconds.rawValue }
      .reduce(0) { $0 + (try AccrualRecord(canonicalBytes: $1.value)).quantity }
  }

  /// What a random customer's bundles came to.
  private struct Outcome {
    var bundles = 0
    var refused = 0
    /// Bytes × milliseconds that were credited, and that were there to be paid.
    var accrued: UInt128 = 0
    var owed: UInt128 = 0
  }

  /// Random customers: bundles begin, are renewed, released and end, money comes late or never.
  private static func play(
    seed: UInt64, without missing: WeakenedStorageModule.Mechanism? = nil
  ) throws -> Outcome {
    var random = SeededGenerator.fromEnvironment(default: seed)
    var chain = try started(stream: perSecond * 50, without: missing)
    var held: [BundleID: (bytes: UInt64, since: LedgerTime, end: LedgerTime)] = [:]
    var outcome = Outcome()
    // A closed lease's accruals are forgotten.
    func look(_ chain: LedgerMachineTests.Chain) throws {
      outcome.accrued = max(outcome.accrued, try accrued(chain))
      for id in held.keys.sorted(by: { $0.number < $1.number }) {
        guard let bundle: BundleRecord = chain.machine.record(at: StorageKeys.bundle(id)) else {
          continue
        }
        held[id]?.end = bundle.end
      }
    }
    for _ in 0..<70 {
      let customer = chain.played.customer
      let known = held.keys.sorted { $0.number < $1.number }
      switch Int.random(in: 0..<10, using: &random) {
      case 0...2:
        let bytes = Int.random(in: 300...20_000, using: &random)
        let term = UInt64.random(in: 5_000...90_000, using: &random)
        if let id = try commit(&chain, bytes: bytes, milliseconds: term) {
          let bundle: BundleRecord = try #require(chain.machine.record(at: StorageKeys.bundle(id)))
          held[id] = (
            bundle.slots.reduce(0) { $0 + $1.byteCount }, bundle.committedAt, bundle.end
          )
        } else {
          outcome.refused += 1
        }
      case 3:
        if let id = known.randomElement(using: &random) {
          chain.send(.releaseBundle(ReleaseBundle(bundle: id)), from: customer)
        }
      case 4:
        if let id = known.randomElement(using: &random) {
          let end = chain.machine.time.advanced(
            milliseconds: UInt64.random(in: 1_000...120_000, using: &random))
          chain.send(.renewBundle(RenewBundle(bundle: id, end: end)), from: customer)
        }
      case 5:
        chain.send(
          .topUpLease(
            lease: lease, bucket: .stream,
            credits: Credits(baseUnits: UInt128.random(in: 1...perSecond * 30, using: &random))),
          from: customer)
      default: break
      }
      try chain.block(after: UInt64.random(in: 200...4_000, using: &random))
      try look(chain)
    }
    for id in held.keys.sorted(by: { $0.number < $1.number }) {
      chain.send(.releaseBundle(ReleaseBundle(bundle: id)), from: chain.played.customer)
    }
    for _ in 0..<50 {
      try chain.block()
      try look(chain)
    }
    if missing == nil {
      #expect(chain.kinds("service.failed") == [])
      #expect(chain.kinds("storage.challenge-failed") == [])
      let range = StorageKeys.bundles(of: lease)
      #expect(
        chain.played.context.rows(from: range.from, to: range.to, limit: .max).isEmpty,
        "all bundles are over")
    }
    outcome.bundles = held.count
    outcome.owed = held.values.reduce(UInt128(0)) {
      $0 + UInt128($1.bytes) * UInt128($1.end.milliseconds(since: $1.since))
    }
    return outcome
  }

  @Test(
    "whatever a customer does, each byte is paid for each millisecond once, and no token is lost",
    arguments: [31, 32])
  func property(seed: UInt64) throws {
    let outcome = try Self.play(seed: seed)
    #expect(outcome.accrued == outcome.owed, "seed \(seed): \(outcome)")
    #expect(outcome.bundles > 5)
  }

  @Test("where a verdict takes nothing out of the stream, the sums say that bytes were paid twice")
  func withoutSettlement() throws {
    let outcome = try Self.play(seed: 31, without: .settlement)
    #expect(outcome.accrued > outcome.owed, "\(outcome)")
  }
}
