import Cryptography
import Primitives
import ServiceKit

/// What shows, against a state root, that a key has a value or that it has none.
///
/// A lookup follows the key's bits at each branch's position and ends at one leaf. If the key were
/// in the tree it would be that leaf; so the leaf of another key shows absence.
package struct StateProof: Hashable, Sendable, CanonicalCodable {
  /// A branch on the way, from the root down.
  package struct Step: Hashable, Sendable, CanonicalCodable {
    /// Which bit of the hashed key decides the side.
    package let bit: UInt8
    /// The hash of the other side.
    package let sibling: Digest
    package init(bit: UInt8, sibling: Digest) {
      self.bit = bit
      self.sibling = sibling
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(bit)
      encoder.encode(sibling)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      bit = try decoder.decodeUInt8()
      sibling = try decoder.decode()
    }
  }

  /// The leaf at the end.
  package struct Leaf: Hashable, Sendable, CanonicalCodable {
    /// SHA-256 of the row's key.
    package let key: Bytes32
    /// SHA-256 of the row's value.
    package let value: Digest
    package init(key: Bytes32, value: Digest) {
      self.key = key
      self.value = value
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(key)
      encoder.encode(value)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      key = try decoder.decode()
      value = try decoder.decode()
    }
  }

  package let steps: [Step]
  /// Nil for the empty tree.
  package let leaf: Leaf?

  package init(steps: [Step], leaf: Leaf?) {
    self.steps = steps
    self.leaf = leaf
  }

  /// Whether this shows that `key` has `value` (nil: that it has none) under `root`.
  package func verify(root: Digest, key: StateKey, value: [UInt8]?) -> Bool {
    guard let leaf else { return steps.isEmpty && value == nil && root == .zero }
    let wanted = key.treeKey
    if let value {
      guard leaf.key == wanted, leaf.value == Digest.sha256(value) else { return false }
    } else if leaf.key == wanted {
      return false
    }
    return computedRoot(leaf, following: wanted) == root
  }

  /// The root that the path leads to; nil when it is no path for the key.
  private func computedRoot(_ leaf: Leaf, following key: Bytes32) -> Digest? {
    for (upper, lower) in zip(steps, steps.dropFirst()) where upper.bit >= lower.bit { return nil }
    var hash = StateTreeHash.leaf(key: leaf.key, value: leaf.value)
    for step in steps.reversed() {
      let goesRight = key.bit(at: Int(step.bit))
      guard leaf.key.bit(at: Int(step.bit)) == goesRight else { return nil }
      hash =
        goesRight
        ? StateTreeHash.branch(bit: step.bit, left: step.sibling, right: hash)
        : StateTreeHash.branch(bit: step.bit, left: hash, right: step.sibling)
    }
    return hash
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(steps)
    encoder.encode(leaf)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    steps = try decoder.decodeArray(limit: 256)
    leaf = try decoder.decodeOptional()
  }
}

extension StateKey {
  /// Where the key's leaf hangs in the state tree: SHA-256 of its bytes.
  package var treeKey: Bytes32 { withUnsafeBytes { Digest.sha256($0) }.value }
}
