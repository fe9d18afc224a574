import Cryptography
import Primitives
import ServiceKit
import TestSupport

@testable import StorageService

/// A provider with two bundles of a few segments and its challenge.
struct LedgerWalkFixture {
  let provider = LedgerTestProvider(number: 1)
  let challenge: WalkChallenge
  let rows: [ObligationRecord]

  init(seed: UInt64 = 1, segments: Int = 3, leaves: Int = 64) throws {
    var random = SeededGenerator(seed: seed)
    let codeClass = CodeClass(dataShards: 1, totalShards: 2, leafBytes: 256)!
    var rows: [ObligationRecord] = []
    for bundle in 1...2 {
      var entries: [SegmentEntry] = []
      var shards: [[UInt8]] = []
      for number in 1...segments {
        let shard = random.bytes(leaves * 256 - number)
        var tree = ShardTree(leafBytes: 256)
        tree.append(shard)
        shards.append(shard)
        entries.append(
          SegmentEntry(
            segment: SegmentID(lease: LeaseID(number: 1), number: UInt64(number)),
            stripePayloadLengths: [UInt32(shard.count)], shardBytes: UInt64(shard.count),
            shardRoots: [tree.root, tree.root]))
      }
      let manifest = BundleManifest(
        lease: LeaseID(number: 1), group: PlacementGroupID(number: 1), codeClass: codeClass,
        segments: entries)!
      let id = BundleID(number: UInt64(bundle))
      provider.columns[id] = LedgerTestColumn(manifest: manifest, slot: 0, shards: shards)
      rows.append(
        ObligationRecord(
          provider: provider.id, bundle: id, slot: 0, lease: manifest.lease,
          columnRoot: manifest.columnTree(slot: 0).root, leafCount: manifest.columnLeafCount,
          byteCount: manifest.columnByteCount, since: .genesis, sinceHeight: 1,
          end: LedgerTime(milliseconds: 1_000_000)))
    }
    self.rows = rows
    let tree = try ObligationRecord.frozenTree(rows, frozenHeight: 2)
    challenge = WalkChallenge(
      round: RoundID(number: 1), attempt: 1, provider: provider.id,
      seed: Digest.sha256([UInt8(seed & 255)]), obligationRoot: tree.root,
      leafCount: tree.total, steps: 256)
  }

  func walk(_ challenge: WalkChallenge? = nil) throws -> PossessionWalk {
    try PossessionWalk(
      challenge: challenge ?? self.challenge, obligations: rows, frozenHeight: 2,
      source: provider)
  }
}

/// Openings of a transcript whose states are made up or not, all of whose paths are right.
/// - Parameter states: s[1] … s[T].
func forgedOpenings(
  _ named: [UInt32], states: [Digest], of demand: WalkChallenge, rows: [ObligationRecord],
  frozenHeight: UInt64, source: LedgerTestProvider
) throws -> [StepOpening] {
  let list = try ObligationRecord.frozenTree(rows, frozenHeight: frozenHeight)
  let levels = MerkleLevels(leafHashes: states)
  return try named.map { step in
    let before = step == 0 ? demand.firstState : states[Int(step) - 1]
    let index = demand.leafIndex(step: step, first: demand.firstState, state: before)
    let found = list.locate(index)!
    let row = rows[found.entry]
    let column = try source.column(of: row.bundle)
    let inner = column.tree.locate(found.offset)!
    return StepOpening(
      step: step, stateBefore: before, stateAfter: states[Int(step)],
      transcriptProof: levels.rangeProof(UInt64(step == 0 ? 0 : step - 1)..<UInt64(step) + 1),
      bundle: row.bundle, slot: row.slot, columnRoot: row.columnRoot,
      columnLeafCount: row.leafCount, obligationPath: list.path(to: found.entry),
      shardRoot: column.shards[inner.entry].root,
      shardLeafCount: column.shards[inner.entry].leafCount,
      columnPath: column.tree.path(to: inner.entry),
      leafPath: try source.leafPath(
        bundle: row.bundle, segmentIndex: inner.entry, leafIndex: inner.offset),
      leaf: try source.leaf(
        bundle: row.bundle, segmentIndex: inner.entry, leafIndex: inner.offset))
  }
}
