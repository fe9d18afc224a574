import Cryptography
import Primitives
import ServiceKit

/// Why a chunk is not taken.
package enum SnapshotFault: Error, Hashable, Sendable, CustomStringConvertible {
  case unreadable(CodecError)
  /// Another chunk is due.
  case outOfOrder(expected: UInt32, given: UInt32)
  /// Its rows do not follow on the chunk before under the state root.
  case unproven(index: UInt32)
  /// It ends the tree although chunks are left, or does not although none is.
  case wrongCount(index: UInt32, count: UInt32)

  package var description: String {
    switch self {
    case .unreadable(let error): "the chunk cannot be read: \(error)"
    case .outOfOrder(let expected, let given):
      "chunk \(given) came where \(expected) is due"
    case .unproven(let index):
      "chunk \(index) does not prove its rows against the state root"
    case .wrongCount(let index, let count):
      "the state does not end with chunk \(index) of \(count) as the snapshot says"
    }
  }
}

/// Takes a snapshot's chunks in order and keeps only what is proven against the state root.
///
/// How many chunks there are is the word of whoever offers the snapshot; that the last row is in is
/// what the last chunk's proof says.
package struct SnapshotReader: Sendable {
  /// The state root that the whole must have.
  package let root: Digest
  private let chunkCount: UInt32
  private var lastKey: Bytes32?
  private var rows: [(key: StateKey, value: [UInt8])] = []
  /// The chunk that is due.
  package private(set) var nextIndex: UInt32 = 0

  package init(root: Digest, chunkCount: UInt32) {
    self.root = root
    self.chunkCount = chunkCount
  }

  /// Whether the tree's last row is in.
  package private(set) var isComplete = false

  /// Checks a chunk and keeps its rows. A fault changes nothing.
  /// - Throws: ``SnapshotFault``.
  package mutating func take(_ bytes: [UInt8], index: UInt32) throws(SnapshotFault) {
    guard index == nextIndex, !isComplete else {
      throw .outOfOrder(expected: nextIndex, given: index)
    }
    let chunk: SnapshotChunk
    do throws(CodecError) {
      chunk = try SnapshotChunk(canonicalBytes: bytes)
    } catch {
      throw .unreadable(error)
    }
    let leaves = chunk.rows.map {
      StateProof.Leaf(key: $0.key.treeKey, value: Digest.sha256($0.value))
    }
    guard chunk.proof.predecessor?.key == lastKey,
      let coverage = chunk.proof.verify(leaves: leaves, root: root)
    else { throw .unproven(index: index) }
    guard coverage.endsTree == (index + 1 == chunkCount) else {
      throw .wrongCount(index: index, count: chunkCount)
    }
    rows += chunk.rows
    lastKey = leaves.last?.key
    nextIndex += 1
    isComplete = coverage.endsTree
  }

  /// Hands all rows over; none until ``isComplete``. They are sorted where they are: a million rows
  /// are not held twice for that.
  package mutating func takeRows() -> StateRows {
    guard isComplete else { return StateRows() }
    var taken: [(key: StateKey, value: [UInt8])] = []
    swap(&taken, &rows)
    taken.sort { $0.key < $1.key }
    return StateRows(taken)
  }
}
