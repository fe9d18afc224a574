import Cryptography
import Primitives
import ServiceKit

/// Where a provider's walk reads from.
package protocol PossessionSource {
  /// The sum tree of the column that the provider keeps of a bundle, with its entries.
  /// - Throws: whatever keeps the column from being read.
  func column(of bundle: BundleID) throws -> PossessionColumn

  /// The bytes of a leaf of a segment's shard.
  /// - Throws: whatever keeps the leaf from being read.
  func leaf(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) throws -> [UInt8]

  /// The path from a leaf to its shard's root.
  /// - Throws: whatever keeps the path from being computed.
  func leafPath(bundle: BundleID, segmentIndex: Int, leafIndex: UInt64) throws -> [Digest]
}

/// A column as the walk sees it.
package struct PossessionColumn: Sendable {
  /// The sum tree over the shards.
  package let tree: MerkleSumTree
  /// (shard root, leaf count) in the order of the segments.
  package let shards: [(root: Digest, leafCount: UInt64)]

  package init(tree: MerkleSumTree, shards: [(root: Digest, leafCount: UInt64)]) {
    self.tree = tree
    self.shards = shards
  }

  /// A manifest's column. - Precondition: `slot` is below n.
  package init(_ manifest: BundleManifest, slot: Int) {
    self.init(
      tree: manifest.columnTree(slot: slot),
      shards: manifest.segments.map {
        ($0.shardRoots[slot], manifest.codeClass.leafCount(shardBytes: $0.shardBytes))
      })
  }
}

/// Why a walk cannot be made.
package enum PossessionError: Error, Hashable, Sendable {
  /// The provider's list is not the one that the ledger froze.
  case listDiffers(expected: Digest, actual: Digest)
  /// The list is empty: there is nothing to walk over.
  case nothingToProve
  /// A column's tree does not have the root that the provider countersigned.
  case columnDiffers(bundle: BundleID)
  /// There is no such step.
  case noSuchStep(UInt32)
}

/// A provider's walk: T reads, each of which says what to read next, and the commitment to them.
package struct PossessionWalk {
  /// The challenge that was walked.
  package let challenge: WalkChallenge
  /// s[0] … s[T].
  package let states: [Digest]
  private let obligations: [ObligationRecord]
  private let list: MerkleSumTree
  private let transcript: MerkleLevels

  /// Makes the walk. `obligations` are the provider's rows of ``StorageKeys/obligations(of:)``.
  /// - Throws: ``PossessionError`` or what `source` threw.
  package init(
    challenge: WalkChallenge, obligations rows: [ObligationRecord], frozenHeight: UInt64,
    source: some PossessionSource
  ) throws {
    obligations = rows.filter { $0.sinceHeight < frozenHeight }
    list = try ObligationRecord.frozenTree(rows, frozenHeight: frozenHeight)
    guard list.root == challenge.obligationRoot, list.total == challenge.leafCount else {
      throw PossessionError.listDiffers(expected: challenge.obligationRoot, actual: list.root)
    }
    guard list.total > 0 else { throw PossessionError.nothingToProve }
    self.challenge = challenge
    var states = [challenge.firstState]
    states.reserveCapacity(Int(challenge.steps) + 1)
    var columns: [UInt64: PossessionColumn] = [:]
    for step in 0..<challenge.steps {
      let state = states[Int(step)]
      let index = challenge.leafIndex(step: step, first: states[0], state: state)
      let place = try Self.place(of: index, in: list, obligations, &columns, source)
      let leaf = try source.leaf(
        bundle: obligations[place.obligation].bundle, segmentIndex: place.segment,
        leafIndex: place.leaf)
      states.append(
        WalkChallenge.nextState(first: states[0], step: step, state: state, leaf: leaf))
    }
    self.states = states
    transcript = MerkleLevels(leafHashes: Array(states.dropFirst()))
  }

  /// What the provider commits to: the Merkle root over s[1] … s[T], which are the leaves' hashes
  /// themselves (the tree's shape is fixed by T, so no state passes for a node).
  package var transcriptRoot: Digest { transcript.root }

  /// Opens steps, in the order given, reading their leaves again.
  /// - Throws: ``PossessionError`` or what `source` threw.
  package func openings(
    of steps: [UInt32], source: some PossessionSource
  ) throws -> [StepOpening] {
    var columns: [UInt64: PossessionColumn] = [:]
    return try steps.map { try opening(of: $0, &columns, source) }
  }

  private func opening(
    of step: UInt32, _ columns: inout [UInt64: PossessionColumn], _ source: some PossessionSource
  ) throws -> StepOpening {
    guard step < challenge.steps else { throw PossessionError.noSuchStep(step) }
    let index = challenge.leafIndex(step: step, first: states[0], state: states[Int(step)])
    let place = try Self.place(of: index, in: list, obligations, &columns, source)
    let row = obligations[place.obligation]
    let shard = place.column.shards[place.segment]
    let last = UInt64(step)
    return StepOpening(
      step: step, stateBefore: states[Int(step)], stateAfter: states[Int(step) + 1],
      transcriptProof: transcript.rangeProof((step == 0 ? 0 : last - 1)..<(last + 1)),
      bundle: row.bundle, slot: row.slot, columnRoot: row.columnRoot,
      columnLeafCount: row.leafCount, obligationPath: list.path(to: place.obligation),
      shardRoot: shard.root, shardLeafCount: shard.leafCount,
      columnPath: place.column.tree.path(to: place.segment),
      leafPath: try source.leafPath(
        bundle: row.bundle, segmentIndex: place.segment, leafIndex: place.leaf),
      leaf: try source.leaf(
        bundle: row.bundle, segmentIndex: place.segment, leafIndex: place.leaf))
  }

  /// Where a leaf of the list lies.
  private struct Place {
    let obligation: Int
    let column: PossessionColumn
    let segment: Int
    let leaf: UInt64
  }

  private static func place(
    of index: UInt64, in list: MerkleSumTree, _ obligations: [ObligationRecord],
    _ columns: inout [UInt64: PossessionColumn], _ source: some PossessionSource
  ) throws -> Place {
    guard let found = list.locate(index) else { throw PossessionError.nothingToProve }
    let row = obligations[found.entry]
    let column = try columns[row.bundle.number] ?? source.column(of: row.bundle)
    columns[row.bundle.number] = column
    guard column.tree.root == row.columnRoot, column.tree.total == row.leafCount,
      let inner = column.tree.locate(found.offset)
    else { throw PossessionError.columnDiffers(bundle: row.bundle) }
    return Place(
      obligation: found.entry, column: column, segment: inner.entry, leaf: inner.offset)
  }
}
