import Cryptography
import Primitives
import ServiceKit

@testable import StorageService

/// A column's bytes, as a test provider keeps them: one shard a segment.
struct LedgerTestColumn {
  let manifest: BundleManifest
  let slot: Int
  /// Leaves of each shard; nil for a leaf that was lost or dropped.
  var leaves: [[[UInt8]?]]
  private let levels: [MerkleLevels]

  init(manifest: BundleManifest, slot: Int, shards: [[UInt8]]) {
    self.manifest = manifest
    self.slot = slot
    let size = Int(manifest.codeClass.leafBytes)
    leaves = shards.map { shard in
      stride(from: 0, to: shard.count, by: size).map {
        Array(shard[$0..<min(shard.count, $0 + size)])
      }
    }
    levels = leaves.map { shard in
      MerkleLevels(leafHashes: shard.map { MerkleTree.leafHash($0 ?? []) })
    }
  }

  func proof(_ segment: Int, _ leaf: UInt64) -> [Digest] {
    levels[segment].rangeProof(leaf..<leaf + 1)
  }
  func path(_ segment: Int, _ leaf: UInt64) -> [Digest] { levels[segment].path(to: Int(leaf)) }
}

/// A provider in tests: honest unless told otherwise.
final class LedgerTestProvider: PossessionSource {
  struct Missing: Error {}

  /// What it does with leaves that it does not have.
  enum Loss { case withhold, guess }

  let key: SigningKey
  var columns: [BundleID: LedgerTestColumn] = [:]
  var loss = Loss.withhold
  /// Whether it answers at all.
  var isAlive = true
  /// Whether it opens steps that somebody demanded.
  var answersDemands = true
  var walk: PossessionWalk?
  var id: ProviderID { key.accountID }

  init(number: Int) {
    key = SigningKey(seed: Digest.sha256(domain: "test-provider", [UInt8(number)]).value)
  }

  func column(of bundle: BundleID) throws -> PossessionColumn {
    guard let column = columns[bundle] else { throw Missing() }
    return PossessionColumn(column.manifest, slot: column.slot)
  }

  func leaf(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) throws -> [UInt8] {
    guard let column = columns[bundle] else { throw Missing() }
    if let leaf = column.leaves[segmentIndex][Int(leafIndex)] { return leaf }
    if loss == .guess { return [0] }
    throw Missing()
  }

  func leafPath(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) throws -> [Digest] {
    guard let column = columns[bundle] else { throw Missing() }
    return column.path(segmentIndex, leafIndex)
  }
}
