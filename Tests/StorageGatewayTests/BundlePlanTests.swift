import Cryptography
import Primitives
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

/// What was submitted to the ledger together stays together, whatever is sealed beside it later:
/// only the same segments make the manifest that the ledger may know already.
@Suite struct BundlePlanTests {
  @Test("a plan outlives a crash and is not mixed with later segments")
  func planOutlivesCrash() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("segments.sqlite")
    let codeClass = try #require(CodeClass(dataShards: 2, totalShards: 4))
    let segments = (1...4).map {
      SegmentRecord(
        number: UInt64($0), group: 1, codeClass: codeClass, slots: [], state: .sealed,
        stripeLengths: [1000])
    }
    let manifest = Digest.sha256(domain: "test-manifest", [])
    let before = try SegmentCatalog(path: path)
    try await before.save(Array(segments.prefix(3)))
    try await before.savePlan(manifest: manifest, of: [segments[0], segments[2]])

    let catalog = try SegmentCatalog(path: path)
    try await catalog.save(segments[3])
    let plans = try await catalog.plans()
    #expect(plans == [1: manifest, 3: manifest])
    let sealed = try await catalog.segments(in: .sealed)
    let batches = Bundler.batches(sealed, plans: plans).map { $0.map(\.number) }
    #expect(batches == [[1, 3], [2, 4]])

    var bundled = segments[0]
    bundled.state = .bundled
    try await catalog.save(bundled)
    #expect(try await catalog.plans() == [3: manifest])
  }
}
