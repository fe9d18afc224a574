import Cryptography
import Ledger
import Locks
import NIOCore
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport
import Testing

@Suite struct LinkHandlerTests {
  private let chunk = [UInt8](repeating: 6, count: 5_000)

  @Test func anAppendIsAcknowledgedWithASignature() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    let (response, _) = try await fixture.ask(fixture.appendOrder(chunk), tail: chunk)
    guard case .appended(let signed) = response else {
      Issue.record("\(response)")
      return
    }
    #expect(signed.isSigned(by: fixture.key.accountID))
    #expect(signed.message.provider == fixture.key.accountID)
    #expect(signed.message.order.runningRoot == ShardFixture.root(chunk))
    // Sent again after a lost answer: the same acknowledgement.
    let again = try await fixture.ask(fixture.appendOrder(chunk), tail: chunk).0
    #expect(again == response)
  }

  @Test func appendsAreRefusedWithTheirReason() async throws {
    let fixture = try ProviderFixture(quotaBytes: 12_000)
    let order = fixture.appendOrder(chunk)
    #expect(try await fixture.refusal(order, tail: chunk)?.code == .unknownLease)
    try await fixture.openGroup()
    func code(_ request: StorageRequest, _ tail: [UInt8]) async throws -> StorageRefusal.Code? {
      try await fixture.refusal(request, tail: tail)?.code
    }
    let stranger = ProviderFixture.key(50)
    #expect(
      try await code(fixture.appendOrder(chunk, by: stranger), chunk) == .notAuthorized)
    #expect(try await code(fixture.appendOrder(chunk, chain: .zero), chunk) == .misdirected)
    #expect(try await code(fixture.appendOrder(chunk, slot: 1), chunk) == .notThisSlot)
    #expect(try await code(fixture.appendOrder(chunk, slot: 9), chunk) == .notThisSlot)
    let other = PlacementGroupID(number: 99)
    #expect(try await code(fixture.appendOrder(chunk, group: other), chunk) == .notThisSlot)
    #expect(try await code(order, chunk + [1]) == .wrongLength)
    #expect(try await code(order, chunk.map { $0 + 1 }) == .wrongRoot)
    #expect(
      try await code(fixture.appendOrder(chunk, after: chunk), chunk) == .wrongOffset)
    #expect(try await code(order, chunk) == nil)
    fixture.setWriter(epoch: 3)
    #expect(try await code(fixture.appendOrder(chunk, segment: 2, fence: 3), chunk) == nil)
    #expect(
      try await code(fixture.appendOrder(chunk, segment: 3, fence: 2), chunk) == .fenced)
    #expect(
      try await code(fixture.appendOrder(chunk, segment: 3, fence: 3), chunk) == .diskQuota)
  }

  @Test func whoIsPausedTakesNoChunkOfAnyGroup() async throws {
    let pause = PauseFlag()
    let fixture = try ProviderFixture(isPaused: { pause.isOn })
    try await fixture.openGroup()
    try await fixture.service.upkeep.step()
    #expect(try await fixture.refusal(fixture.appendOrder(chunk), tail: chunk) == nil)
    pause.set(true)
    try await fixture.service.upkeep.step()
    let more = fixture.appendOrder(chunk, after: chunk)
    #expect(try await fixture.refusal(more, tail: chunk)?.code == .paused)
    // What it keeps it gives back, and it says on the ledger that it takes no more.
    let read = fixture.readOrder(0..<10, of: UInt64(chunk.count))
    #expect(try await fixture.refusal(read) == nil)
    guard case .setAvailability(let word)? = fixture.ledger.payloads.last else {
      Issue.record("the ledger was not told")
      return
    }
    #expect(!word.isAvailable)
    pause.set(false)
    try await fixture.service.upkeep.step()
    #expect(try await fixture.refusal(more, tail: chunk) == nil)
  }

  @Test func theStagingReserveIsTheCap() async throws {
    let fixture = try ProviderFixture()
    // Ten minutes of 5,000 bytes at one credit a GiB and hour, times four slots, and a bit.
    let enough = Credits(baseUnits: 4 * 777_000_000_000)
    try await fixture.openGroup(staging: enough)
    #expect(try await fixture.refusal(fixture.appendOrder(chunk), tail: chunk) == nil)
    let more = fixture.appendOrder(chunk, after: chunk)
    #expect(try await fixture.refusal(more, tail: chunk)?.code == .stagingReserve)
  }

  @Test func aLedgerThatIsDownIsNoReasonToCrash() async throws {
    let fixture = try ProviderFixture()
    fixture.ledger.setDown(true)
    let order = fixture.appendOrder(chunk)
    #expect(try await fixture.refusal(order, tail: chunk)?.code == .notReady)
    fixture.ledger.setDown(false)
    try await fixture.openGroup()
    #expect(try await fixture.refusal(order, tail: chunk) == nil)
    // What is known already goes on.
    fixture.ledger.setDown(true)
    let next = fixture.appendOrder(chunk, after: chunk)
    #expect(try await fixture.refusal(next, tail: chunk) == nil)
  }

  @Test func garbageIsRefused() async throws {
    let fixture = try ProviderFixture()
    for bytes in [[], [0], [0, 0, 0, 1, 99], [255, 255, 255, 255], [0, 0, 0, 0]] as [[UInt8]] {
      guard
        case .refused(let refusal) = try await fixture.service.handler.answer(
          ByteBuffer(bytes: bytes)
        ).0
      else {
        Issue.record("\(bytes) was not refused")
        continue
      }
      #expect(refusal.code == .malformed)
    }
  }

  @Test func onlyThePayerAndTheNamedRepairerRead() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    _ = try await fixture.ask(fixture.appendOrder(chunk), tail: chunk)
    let length = UInt64(chunk.count)
    let (response, tail) = try await fixture.ask(fixture.readOrder(10..<2_000, of: length))
    guard case .range(let proof) = response else {
      Issue.record("\(response)")
      return
    }
    let opened = tail.withUnsafeReadableBytes {
      proof.open(
        $0, range: 10..<2_000, root: ShardFixture.root(chunk), shardBytes: length,
        leafBytes: 1_024)
    }
    #expect(opened?.count == 1_990)

    let stranger = ProviderFixture.key(50)
    func code(_ request: StorageRequest) async throws -> StorageRefusal.Code? {
      try await fixture.refusal(request)?.code
    }
    #expect(
      try await code(fixture.readOrder(0..<10, of: length, reader: stranger)) == .notAuthorized)
    let repair = ReadAuthority.repair(bundle: BundleID(number: 3), slot: 1)
    let byRepairer = fixture.readOrder(
      0..<10, of: length, reader: stranger, authority: repair)
    #expect(try await code(byRepairer) == .notAuthorized)
    #expect(
      try await code(
        fixture.readOrder(0..<10, of: length, provider: stranger.accountID)) == .misdirected)
    #expect(try await code(fixture.readOrder(0..<10, of: length + 1)) == .unknownShard)
    fixture.ledger.setTime(20_000, height: 2)
    // The view of the clock follows the blocks.
    _ = try? await fixture.service.upkeep.step()
  }

  @Test func readingOnCreditEnds() throws {
    let index = try ShardIndex()
    let accounts = try RetrievalAccounts(index: index)
    let prices = try unwrapped(ProviderFixture.prices)
    let lease = ProviderFixture.lease
    let half = Int(RetrievalAccounts.firstBytes / 2)
    try accounts.charge(lease, bytes: half, prices: prices)
    try accounts.charge(lease, bytes: half, prices: prices)
    #expect(throws: StorageRefusal.self) { try accounts.charge(lease, bytes: 1, prices: prices) }
    // Paid for a GiB: as much again and a quarter of it on credit.
    let payer = SigningKey(seed: .zero)
    let voucher = SignedVoucher.sign(
      Voucher(
        chain: .zero, lease: lease, lane: 0, provider: .zero, cumulative: .whole(1)), with: payer)
    let result = try accounts.accept(voucher, prices: prices)
    #expect(result.cumulative == .whole(1))
    #expect(
      result.readable
        == (1 << 30) + RetrievalAccounts.firstBytes + (1 << 28) - RetrievalAccounts.firstBytes)
    // A smaller one later changes nothing.
    let smaller = SignedVoucher.sign(
      Voucher(
        chain: .zero, lease: lease, lane: 0, provider: .zero, cumulative: .zero), with: payer)
    #expect(try accounts.accept(smaller, prices: prices).cumulative == .whole(1))
    // All of it is there after a restart.
    try accounts.flush()
    let again = try RetrievalAccounts(index: index)
    #expect(again.unclaimed() == [voucher])
    try again.noteClaimed(voucher)
    #expect(again.unclaimed() == [])
  }

  @Test func vouchersAreChecked() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup(usage: .whole(2))
    func voucher(
      _ sum: Credits, by signer: SigningKey, provider: ProviderID? = nil
    ) -> StorageRequest {
      .voucher(
        SignedVoucher.sign(
          Voucher(
            chain: FakeLedger.chainID, lease: ProviderFixture.lease, lane: 0,
            provider: provider ?? fixture.key.accountID, cumulative: sum), with: signer
        ).canonicalBytes())
    }
    let customer = fixture.customer
    #expect(try await fixture.refusal(voucher(.whole(1), by: customer)) == nil)
    #expect(
      try await fixture.refusal(voucher(.whole(2), by: fixture.key))?.code == .badVoucher)
    #expect(try await fixture.refusal(voucher(.whole(3), by: customer))?.code == .badVoucher)
    #expect(
      try await fixture.refusal(voucher(.whole(1), by: customer, provider: .zero))?.code
        == .misdirected)
    #expect(try await fixture.refusal(.voucher([1]))?.code == .malformed)
  }

  @Test func stagedShardsAreListedDroppedAndFenced() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    _ = try await fixture.ask(fixture.appendOrder(chunk), tail: chunk)
    _ = try await fixture.ask(fixture.appendOrder(chunk, segment: 2), tail: chunk)
    let list = fixture.control(.listStaged(after: 1))
    guard case .staged(let shards, true) = try await fixture.ask(list).0 else {
      Issue.record("no list")
      return
    }
    #expect(shards.map(\.segment) == [2])
    #expect(shards[0].runningRoot == ShardFixture.root(chunk))
    let drop = ControlOrder.Action.dropStaged(segment: 2, slot: 0)
    #expect(
      try await fixture.refusal(fixture.control(drop, by: fixture.key))?.code
        == .notAuthorized)
    #expect(try await fixture.ask(fixture.control(drop)).0 == .done)
    #expect(fixture.service.store.shardCount == 1)
    #expect(try await fixture.ask(fixture.control(.raiseFence(epoch: 5))).0 == .done)
    fixture.setWriter(epoch: 4)
    let late = fixture.appendOrder(chunk, after: chunk, fence: 4)
    #expect(try await fixture.refusal(late, tail: chunk)?.code == .fenced)
  }

  @Test func appendsToAShardShareAnOrderingKey() async throws {
    let fixture = try ProviderFixture()
    let one = LinkBody.encode(fixture.appendOrder(chunk), tail: chunk)
    let next = LinkBody.encode(fixture.appendOrder(chunk, after: chunk), tail: chunk)
    let other = LinkBody.encode(fixture.appendOrder(chunk, segment: 2), tail: chunk)
    #expect(LinkBody.orderingKey(one) != nil)
    #expect(LinkBody.orderingKey(one) == LinkBody.orderingKey(next))
    #expect(LinkBody.orderingKey(one) != LinkBody.orderingKey(other))
    #expect(LinkBody.orderingKey(LinkBody.encode(StorageRequest.status)) == nil)
  }
}

/// What an owner said last.
private final class PauseFlag: Sendable {
  private let state = Locked(false)
  var isOn: Bool { state.withLock { $0 } }
  func set(_ isOn: Bool) { state.withLock { $0 = isOn } }
}
