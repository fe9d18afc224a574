import Cryptography
import ErasureCoding
import Metrics
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// What a replacement does when k good columns do not give the committed one.
///
/// That is the customer's fault. Where k + 1 holders have leaves of one place that do not belong
/// together, the ledger is shown them and the bundle ends. Where all that is held belongs together,
/// only the lost column was wrong and nothing can be shown: the assignment is given back.
extension StorageRepairer {
  func report(
    _ manifest: BundleManifest, segmentIndex: Int, helpers: Helpers
  ) async throws {
    let bundle = helpers.bundle.id
    let found = try await accusation(manifest, segmentIndex: segmentIndex, helpers: helpers)
    let payload =
      found.map { StoragePayload.accuseCodeword($0) }
      ?? .declineRepair(DeclineRepair(bundle: bundle, slot: UInt8(helpers.slot)))
    try await access.submit(payload, lane: ProviderLane.repairs)
    // The column's other shards that were rebuilt before are of no use.
    let keys = manifest.segments.map { ShardKey(segment: $0.segment, slot: UInt8(helpers.slot)) }
    try await threads.runIfActive { [store] in
      for key in keys where store.row(key) != nil { try store.drop(key) }
    }
    Counter(label: "storage_repairs_not_a_codeword").increment()
    logger.notice(
      found == nil
        ? "Gave a repair back: the committed column does not belong to the others."
        : "Showed the ledger that a bundle is no codeword.",
      metadata: ["bundle": "\(bundle)", "slot": "\(helpers.slot)"])
  }

  /// Looks for a leaf among the holders' that does not follow from k others: nil when all do.
  private func accusation(
    _ manifest: BundleManifest, segmentIndex: Int, helpers plan: Helpers
  ) async throws -> AccuseCodeword? {
    var helpers = plan
    let segment = manifest.segments[segmentIndex]
    let code = try ReedSolomon(
      dataShards: Int(manifest.codeClass.dataShards),
      totalShards: Int(manifest.codeClass.totalShards))
    var offset: UInt64 = 0
    while offset < segment.shardBytes {
      try Task.checkCancellation()
      let range = offset..<min(offset + Self.windowBytes, segment.shardBytes)
      let chunks = try await window(range, of: segment, manifest: manifest, helpers: &helpers)
      for other in helpers.candidates where chunks[other] == nil {
        let read = try await read(
          range, of: segment, from: [other], bundle: helpers.bundle, slot: helpers.slot)
        guard let bytes = read[other] else { continue }
        let differs = try await threads.runIfActive {
          try code.reconstruct(chunks: chunks, wanted: [other])[other].flatMap { expected in
            zip(expected, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
          }
        }
        guard let differs else { continue }
        let leaf = (offset + UInt64(differs)) / UInt64(manifest.codeClass.leafBytes)
        return try await accusation(
          manifest, segmentIndex: segmentIndex, leaf: leaf, slots: chunks.keys.sorted() + [other],
          helpers: helpers)
      }
      offset = range.upperBound
    }
    return nil
  }

  private func accusation(
    _ manifest: BundleManifest, segmentIndex: Int, leaf: UInt64, slots: [Int], helpers: Helpers
  ) async throws -> AccuseCodeword {
    var leaves: [(slot: Int, leaf: [UInt8], proof: [Digest])] = []
    for slot in slots {
      let shown = try await readLeaf(
        leaf, of: manifest.segments[segmentIndex], from: slot, helpers: helpers)
      leaves.append((slot, shown.bytes, shown.proof))
    }
    return AccuseCodeword(
      bundle: helpers.bundle.id, manifest: manifest, segmentIndex: segmentIndex, leafIndex: leaf,
      leaves: leaves)
  }

  /// One leaf of another holder's shard, with its proof.
  private func readLeaf(
    _ leaf: UInt64, of segment: SegmentEntry, from source: Int, helpers: Helpers
  ) async throws -> (bytes: [UInt8], proof: [Digest]) {
    let leafBytes = UInt64(helpers.bundle.codeClass.leafBytes)
    let range = leaf * leafBytes..<min((leaf + 1) * leafBytes, segment.shardBytes)
    let answer = try await ask(range, of: segment, from: source, helpers: helpers)
    guard case .range(let proof) = answer.response,
      let bytes = Self.open(
        answer, range: range, root: segment.shardRoots[source], segment: segment,
        leafBytes: Int(leafBytes))
    else { throw Failure.tooFewHelpers(needed: 1, found: 0) }
    return (bytes, proof.path)
  }

  private func ask(
    _ range: Range<UInt64>, of segment: SegmentEntry, from source: Int, helpers: Helpers
  ) async throws -> (response: StorageResponse, tail: ByteBuffer) {
    guard let holder = helpers.bundle.slots[source].provider else {
      throw Failure.tooFewHelpers(needed: 1, found: 0)
    }
    let order = ReadOrder(
      chain: try await ledger.chain(), lease: helpers.bundle.lease, provider: holder,
      reader: provider, authority: .repair(bundle: helpers.bundle.id, slot: UInt8(helpers.slot)),
      segment: segment.segment.number, slot: UInt8(source), shardBytes: segment.shardBytes,
      offset: range.lowerBound, length: UInt32(range.upperBound - range.lowerBound),
      expiry: await ledger.time.advanced(milliseconds: Self.orderMilliseconds))
    return try await peers.call(.read(Signed(order, by: key)), of: holder)
  }
}
