import Cryptography
import Primitives
import StorageService
import TestSupport
import Testing

@testable import StorageProvider

/// Manifests that nobody had countersigned do not fill a provider's disk.
@Suite struct UnsignedManifestTests {
  private static func entry(_ number: UInt8, bytes: Int, at time: UInt64) -> UnsignedManifests.Entry
  {
    (Digest.sha256([number]), bytes, LedgerTime(milliseconds: time))
  }

  @Test func theOldestGoWhenThereAreTooMany() {
    let half = UnsignedManifests.byteLimit / 2
    let entries = (1...4).map { Self.entry(UInt8($0), bytes: half, at: UInt64($0)) }
    #expect(UnsignedManifests.surplus(entries) == entries.prefix(2).map(\.key))
    #expect(UnsignedManifests.surplus(Array(entries.suffix(2))) == [])
    let old = UnsignedManifests.keptMilliseconds
    #expect(
      UnsignedManifests.expired(entries, at: LedgerTime(milliseconds: old + 2))
        == entries.prefix(2).map(\.key))
  }

  @Test func whatWasNotCountersignedGoesAfterAWhileAndTheRestStays() async throws {
    let fixture = try await ColumnFixture(seed: 8)
    try await fixture.commit()
    let service = fixture.providers[0].service
    let index = service.store.index
    let signed = fixture.manifest.hash
    #expect(try index.manifest(signed) != nil)
    #expect(try index.unsignedManifests().map(\.key) == [])
    let stray = Digest.sha256([1])
    try index.saveManifest(stray, bytes: [1, 2, 3], total: 3, at: LedgerTime(milliseconds: 2_000))
    #expect(try index.unsignedManifests().map(\.key) == [stray])
    try await service.refreshClock()
    try await service.upkeep.collect()
    #expect(try index.manifest(stray) != nil)
    fixture.ledger.setTime(2_000 + UnsignedManifests.keptMilliseconds, height: 9)
    try await service.refreshClock()
    try await service.upkeep.collect()
    #expect(try index.manifest(stray) == nil)
    #expect(try index.manifest(signed) != nil)
  }
}
