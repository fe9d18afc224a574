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

  /// The customer has the same shards countersigned for two bundles, commits both and ends one.
  @Test func aShardOfTwoStatementsOutlivesEither() async throws {
    let fixture = try await ColumnFixture(seed: 22)
    try await fixture.sendManifest(to: 1)
    let store = fixture.providers[1].service.store
    let first = fixture.statement(1)
    try store.seal(fixture.manifest, statement: first, time: .genesis)
    let entry = try #require(fixture.manifest.segments.first)
    let second = try #require(
      BundleManifest(
        lease: fixture.manifest.lease, group: fixture.manifest.group,
        codeClass: fixture.manifest.codeClass, segments: [entry]))
    let statement = SlotStatement(
      chain: first.chain, lease: first.lease, group: first.group, bundleKey: second.hash, slot: 1,
      columnRoot: second.columnTree(slot: 1).root, leafCount: second.columnLeafCount,
      byteCount: second.columnByteCount, stagedByteMilliseconds: 0, end: first.end)
    let bytes = second.canonicalBytes()
    try store.index.saveManifest(second.hash, of: second.lease, bytes: bytes, total: bytes.count)
    try store.seal(second, statement: statement, stale: [first.bundleKey], time: .genesis)
    let key = ShardKey(segment: entry.segment, slot: 1)
    #expect(store.row(key)?.bundleKey == second.hash)
    try store.dropBundle(second.hash)
    #expect(store.row(key)?.bundleKey == first.bundleKey)
    try store.dropBundle(first.bundleKey)
    #expect(store.row(key) == nil)
  }
}
