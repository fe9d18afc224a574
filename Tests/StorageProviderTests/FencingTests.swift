import NIOCore
import Primitives
import StorageProvider
import StorageService
import Testing

@Suite struct FencingTests {
  let chunk = [UInt8](repeating: 7, count: 3_000)

  @Test func anOrderOfAnEpochThatTheLedgerHasLeftIsFenced() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    fixture.setWriter(epoch: 3)
    let old = fixture.appendOrder(chunk, fence: 2)
    let refusal = try await fixture.refusal(old, tail: chunk)
    #expect(refusal?.code == .fenced)
    #expect(refusal?.number == 3)
    #expect(try await fixture.refusal(fixture.appendOrder(chunk, fence: 3), tail: chunk) == nil)
  }

  @Test func anEpochThatTheLedgerDoesNotShowWritesNothing() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    let early = fixture.appendOrder(chunk, fence: 2)
    #expect(try await fixture.refusal(early, tail: chunk)?.code == .notReady)
    // It was no reason to fence the present writer.
    #expect(try await fixture.refusal(fixture.appendOrder(chunk, fence: 1), tail: chunk) == nil)
    // A higher epoch is looked up at once, however fresh what is known is.
    fixture.setWriter(epoch: 2)
    let next = fixture.appendOrder(chunk, after: chunk, fence: 2)
    #expect(try await fixture.refusal(next, tail: chunk) == nil)
    let late = fixture.appendOrder(chunk, segment: 2, fence: 1)
    #expect(try await fixture.refusal(late, tail: chunk)?.code == .fenced)
  }

  @Test func aFenceHoldsAcrossARestartWithoutTheLedger() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    #expect(try await fixture.ask(fixture.control(.raiseFence(epoch: 5))).0 == .done)
    // The ledger still shows epoch 1 here, as a provider that lags behind would see it.
    let late = fixture.appendOrder(chunk, fence: 1)
    #expect(try await fixture.refusal(late, tail: chunk)?.code == .fenced)
  }

  @Test func anOvertakenGatewayHasNothingDropped() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    _ = try await fixture.ask(fixture.appendOrder(chunk), tail: chunk)
    fixture.setWriter(epoch: 2)
    // A successor's first word makes this provider look again, however fresh what it knows is.
    let next = fixture.appendOrder(chunk, segment: 2, fence: 2)
    #expect(try await fixture.refusal(next, tail: chunk) == nil)
    let drop = ControlOrder.Action.dropStaged(segment: 1, slot: 0)
    let late = try await fixture.refusal(fixture.control(drop, fence: 1))
    #expect(late?.code == .fenced && late?.number == 2)
    #expect(try await fixture.refusal(fixture.control(drop, fence: 0))?.code == .fenced)
    #expect(try await fixture.refusal(fixture.control(drop, fence: 3))?.code == .notReady)
    #expect(fixture.service.store.shardCount == 2)
    // To look does no harm.
    #expect(try await fixture.refusal(fixture.control(.listHeld(after: 0), fence: 1)) == nil)
    #expect(try await fixture.ask(fixture.control(drop, fence: 2)).0 == .done)
    #expect(fixture.service.store.shardCount == 1)
  }

  @Test func anOvertakenGatewayObligesNobody() async throws {
    let fixture = try await ColumnFixture(seed: 23)
    try await fixture.sendManifest(to: 1)
    let provider = fixture.providers[1]
    #expect(try await provider.ask(provider.control(.raiseFence(epoch: 2))).0 == .done)
    // The ledger may lag here: the fence alone holds.
    let sign = ControlOrder.Action.countersign(statement: fixture.statement(1))
    #expect(try await provider.refusal(provider.control(sign, fence: 1))?.code == .fenced)
    provider.setWriter(epoch: 2)
    guard case .countersigned = try await provider.ask(provider.control(sign, fence: 2)).0 else {
      Issue.record("the writer's order was not done")
      return
    }
  }

  @Test func allHeldShardsAreListedSealedOrNot() async throws {
    let fixture = try ProviderFixture()
    try await fixture.openGroup()
    _ = try await fixture.ask(fixture.appendOrder(chunk), tail: chunk)
    _ = try await fixture.ask(fixture.appendOrder(chunk, segment: 2), tail: chunk)
    guard
      case .staged(let shards, true) = try await fixture.ask(fixture.control(.listHeld(after: 0))).0
    else {
      Issue.record("no list")
      return
    }
    #expect(shards.map(\.segment) == [1, 2])
    let stranger = fixture.control(.listHeld(after: 0), by: fixture.key)
    #expect(try await fixture.refusal(stranger)?.code == .notAuthorized)
  }
}
