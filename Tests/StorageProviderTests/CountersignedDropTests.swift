import Primitives
import ServiceKit
import StorageService
import Testing

@testable import StorageProvider

/// What was countersigned can be committed until the statement ends; whoever had it dropped before
/// could have an honest provider slashed.
@Suite struct CountersignedDropTests {
  @Test func aCountersignedShardIsNotDroppedBeforeItsCommitment() async throws {
    let fixture = try await ColumnFixture(seed: 21)
    try await fixture.sendManifest(to: 1)
    let provider = fixture.providers[1]
    let sign = provider.control(.countersign(statement: fixture.statement(1)))
    guard case .countersigned = try await provider.ask(sign).0 else {
      Issue.record("not countersigned")
      return
    }
    let drop = provider.control(.dropStaged(segment: 1, slot: 1))
    #expect(try await provider.refusal(drop)?.code == .sealed)
    let key = ShardKey(
      segment: SegmentID(lease: ProviderFixture.lease, number: 1), slot: 1)
    #expect(provider.service.store.row(key) != nil)
  }
}
