import Cryptography
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@testable import StorageProvider

/// Manifests that nobody had countersigned do not fill a provider's disk.
@Suite struct UnsignedManifestTests {
  private static func entry(
    _ number: UInt8, bytes: Int, at time: UInt64, lease: UInt64 = 1
  ) -> UnsignedManifests.Entry {
    (
      Digest.sha256([number]), LeaseID(number: lease), bytes, LedgerTime(milliseconds: time)
    )
  }

  @Test func whoFloodsDrivesOutItsOwn() {
    // Another customer's, the oldest of all, waits while one sends eight.
    let honest = Self.entry(0, bytes: 3_000, at: 1, lease: 2)
    let flood = (1...8).map { Self.entry(UInt8($0), bytes: 2_000, at: 1 + UInt64($0)) }
    let gone = UnsignedManifests.surplus([honest] + flood, byteLimit: 8_000)
    #expect(gone == flood.prefix(6).map(\.key))
    // However it is divided, no more is left than is allowed.
    var generator = SeededGenerator.fromEnvironment(default: 17)
    for _ in 0..<50 {
      let entries = (0..<40).map { number in
        Self.entry(
          number, bytes: Int.random(in: 1...900, using: &generator), at: UInt64(number),
          lease: UInt64.random(in: 1...5, using: &generator))
      }
      let gone = Set(UnsignedManifests.surplus(entries, byteLimit: 5_000))
      let left = entries.filter { !gone.contains($0.key) }
      #expect(left.reduce(0) { $0 + $1.bytes } <= 5_000)
      // And not less than the last one that went would have been too much.
      #expect(left.reduce(0) { $0 + $1.bytes } > 5_000 - 900 || gone.isEmpty)
    }
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
    try index.saveManifest(
      stray, of: ProviderFixture.lease, bytes: [1, 2, 3], total: 3,
      at: LedgerTime(milliseconds: 2_000))
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
