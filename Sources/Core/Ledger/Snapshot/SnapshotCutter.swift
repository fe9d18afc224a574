import Cryptography
import Primitives
import ServiceKit

extension LedgerMachine {
  /// Cuts the state into a snapshot's chunks: the same bytes on every node.
  /// - Parameter body: takes each chunk's canonical bytes, in order.
  package func forEachSnapshotChunk<E: Error>(
    rowByteLimit: Int = SnapshotChunk.rowByteLimit, _ body: ([UInt8]) throws(E) -> Void
  ) throws(E) {
    var cutter = SnapshotCutter(rows: snapshotRows, tree: snapshotTree, limit: rowByteLimit)
    while let chunk = cutter.next() { try body(chunk.canonicalBytes()) }
  }
}

/// Walks the rows in the order of their hashed keys.
struct SnapshotCutter {
  /// A row's place, with the first eight bytes of its hashed key to sort by.
  private struct Entry {
    let prefix: UInt64
    let place: StateRows.Place
  }

  private let rows: StateRows
  private let tree: StateTree
  private let limit: Int
  private let order: [Entry]
  private var position = 0
  private var predecessor: Bytes32?

  init(rows: StateRows, tree: StateTree, limit: Int) {
    self.rows = rows
    self.tree = tree
    self.limit = limit
    var order: [Entry] = []
    order.reserveCapacity(rows.count)
    rows.visitPlaces { place, key in
      order.append(Entry(prefix: key.treeKey.words.0, place: place))
    }
    order.sort { one, two in
      if one.prefix != two.prefix { return one.prefix < two.prefix }
      return rows.row(at: one.place).key.treeKey < rows.row(at: two.place).key.treeKey
    }
    self.order = order
  }

  /// The next chunk; nil at the end.
  mutating func next() -> SnapshotChunk? {
    var part: [(key: StateKey, value: [UInt8])] = []
    var keys = predecessor.map { [$0] } ?? []
    var bytes = 0
    while position < order.count {
      let row = rows.row(at: order[position].place)
      let size = SnapshotChunk.byteCount(row.key, row.value)
      if !part.isEmpty, bytes + size > limit { break }
      bytes += size
      part.append(row)
      keys.append(row.key.treeKey)
      position += 1
    }
    guard !part.isEmpty else { return nil }
    let proof = tree.rangeProof(keys: keys, hasPredecessor: predecessor != nil)
    predecessor = keys.last
    return SnapshotChunk(proof: proof, rows: part)
  }
}
