import Cryptography
import Primitives

/// What shows that a run of leaves, in the order of their hashed keys, is in the tree and that
/// nothing is between them.
///
/// It is the tree with all that lies left and right of the run cut down to hashes. The run begins
/// right behind ``predecessor``, so that the parts of a snapshot are seen to follow on each other
/// without a gap.
package struct StateRangeProof: Hashable, Sendable, CanonicalCodable {
  /// A node on the way from the root to the run, in pre-order.
  package enum Node: Hashable, Sendable, CanonicalCodable {
    /// A branch: its two sides follow.
    case branch(bit: UInt8)
    /// A subtree that the run has no part in.
    case outside(Digest)
    /// A subtree of so many leaves of the run, the next ones.
    case run(count: UInt32)

    package func encode(into encoder: inout CanonicalEncoder) {
      switch self {
      case .branch(let bit):
        encoder.encode(UInt8(0))
        encoder.encode(bit)
      case .outside(let hash):
        encoder.encode(UInt8(1))
        encoder.encode(hash)
      case .run(let count):
        encoder.encode(UInt8(2))
        encoder.encode(count)
      }
    }

    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      let kind = try decoder.decodeUInt8()
      switch kind {
      case 0: self = .branch(bit: try decoder.decodeUInt8())
      case 1: self = .outside(try decoder.decode())
      case 2: self = .run(count: try decoder.decodeUInt32())
      default: throw .unknownCase(type: "StateRangeProof.Node", byte: kind)
      }
    }
  }

  /// Two boundary paths of at most 256 branches, each with a side cut off or a run beside it.
  private static let nodeLimit = 2048

  /// The leaf before the run; nil when the run begins the tree. It counts as the run's first.
  package let predecessor: StateProof.Leaf?
  package let nodes: [Node]

  package init(predecessor: StateProof.Leaf?, nodes: [Node]) {
    self.predecessor = predecessor
    self.nodes = nodes
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(predecessor)
    encoder.encode(nodes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    predecessor = try decoder.decodeOptional()
    nodes = try decoder.decodeArray(limit: Self.nodeLimit)
  }

  /// What a run that is proven is.
  package struct Coverage: Hashable, Sendable {
    /// Nothing is left of it.
    package let beginsTree: Bool
    /// Nothing is right of it.
    package let endsTree: Bool
  }

  /// Checks that `leaves` are in the tree with this root, all that it has behind the predecessor
  /// and up to the last of them.
  /// - Parameter leaves: strictly ascending by key, not empty.
  /// - Returns: nil when this proves nothing of the kind.
  package func verify(leaves: [StateProof.Leaf], root: Digest) -> Coverage? {
    let run = (predecessor.map { [$0] } ?? []) + leaves
    guard !leaves.isEmpty, zip(run, run.dropFirst()).allSatisfy({ $0.key < $1.key }) else {
      return nil
    }
    var walk = Walk(nodes: nodes[...], run: run[...])
    guard walk.hash(below: -1) == root, walk.nodes.isEmpty, walk.run.isEmpty else { return nil }
    if predecessor == nil, walk.hasLeft { return nil }
    return Coverage(beginsTree: predecessor == nil, endsTree: !walk.hasRight)
  }

  /// Recomputes the root from what is left of the nodes and of the run.
  private struct Walk {
    var nodes: ArraySlice<Node>
    var run: ArraySlice<StateProof.Leaf>
    var hasBegun = false
    var hasLeft = false
    var hasRight = false

    /// The next subtree's hash; its branches' bits lie beyond `bit`, which bounds the depth.
    mutating func hash(below bit: Int) -> Digest? {
      switch nodes.popFirst() {
      case .none: return nil
      case .outside(let hash):
        if !hasBegun { hasLeft = true } else if run.isEmpty { hasRight = true } else { return nil }
        return hash
      case .run(let count):
        guard count > 0, run.count >= Int(count) else { return nil }
        hasBegun = true
        let part = run.prefix(Int(count))
        run = run.dropFirst(Int(count))
        return StateTree.hash(ofSorted: part)
      case .branch(let own):
        guard Int(own) > bit, let left = hash(below: Int(own)), let right = hash(below: Int(own))
        else { return nil }
        return StateTreeHash.branch(bit: own, left: left, right: right)
      }
    }
  }
}
