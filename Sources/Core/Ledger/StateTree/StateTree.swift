import Cryptography
import Primitives

/// How the state tree hashes. Leaf: SHA-256(0x00 ‖ SHA-256(key) ‖ SHA-256(value)). Branch:
/// SHA-256(0x01 ‖ bit ‖ left ‖ right), `bit` being where its sides first differ. The empty tree's
/// root is all zero.
package enum StateTreeHash {
  /// The hash of a leaf.
  package static func leaf(key: Bytes32, value: Digest) -> Digest {
    withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { raw in
      raw[0] = 0
      copy(key, to: raw, at: 1)
      copy(value.value, to: raw, at: 33)
      return Digest.sha256(UnsafeRawBufferPointer(raw))
    }
  }

  /// The hash of a branch.
  package static func branch(bit: UInt8, left: Digest, right: Digest) -> Digest {
    withUnsafeTemporaryAllocation(byteCount: 66, alignment: 8) { raw in
      raw[0] = 1
      raw[1] = bit
      copy(left.value, to: raw, at: 2)
      copy(right.value, to: raw, at: 34)
      return Digest.sha256(UnsafeRawBufferPointer(raw))
    }
  }

  private static func copy(_ bytes: Bytes32, to raw: UnsafeMutableRawBufferPointer, at offset: Int)
  {
    let (a, b, c, d) = bytes.words
    raw.storeBytes(of: a.bigEndian, toByteOffset: offset, as: UInt64.self)
    raw.storeBytes(of: b.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
    raw.storeBytes(of: c.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
    raw.storeBytes(of: d.bigEndian, toByteOffset: offset + 24, as: UInt64.self)
  }
}

/// A compact binary sparse Merkle tree over hashed keys, in memory.
///
/// A branch exists exactly where the keys below it first differ, so a set of keys has one shape,
/// whatever the order in which it came about; n leaves have n − 1 branches. A block's changes are
/// applied in one batch: shared branches are hashed once.
package struct StateTree: Sendable {
  /// A row that changed.
  package struct Change: Sendable {
    /// SHA-256 of the row's key.
    let key: Bytes32
    /// SHA-256 of the row's new value; nil when the row is gone.
    let value: Digest?
    package init(key: Bytes32, value: Digest?) {
      self.key = key
      self.value = value
    }
  }

  private struct Leaf {
    var key: Bytes32
    var value: Digest
    var hash: Digest
  }

  private struct Branch {
    /// A key that agrees with all keys below on the first `bit` bits.
    var prefix: Bytes32
    var bit: UInt8
    var left: Node
    var right: Node
    var hash: Digest
  }

  /// A leaf or a branch by its place in the pool; leaves are negative.
  private struct Node {
    let index: Int32
    static func leaf(_ index: Int) -> Node { Node(index: ~Int32(truncatingIfNeeded: index)) }
    static func branch(_ index: Int) -> Node { Node(index: Int32(truncatingIfNeeded: index)) }
    var isLeaf: Bool { index < 0 }
    var place: Int { Int(index < 0 ? ~index : index) }
  }

  private var leaves = PagedArray<Leaf>()
  private var branches = PagedArray<Branch>()
  private var freeLeaves: [Int32] = []
  private var freeBranches: [Int32] = []
  private var top: Node?

  package init() {}

  /// The root's hash; zero for the empty tree.
  package var root: Digest { top.map(hash) ?? .zero }

  /// How many rows the tree holds.
  package var count: Int { leaves.count - freeLeaves.count }

  /// Applies a block's changes.
  /// - Parameter changes: in any order, each key once. Sorted where they are: those of a whole
  ///   state are not held twice.
  package mutating func update(_ changes: consuming [Change]) {
    var sorted = consume changes
    sorted.sort { $0.key < $1.key }
    if let top {
      self.top = sorted.isEmpty ? top : apply(sorted[...], to: top)
    } else {
      top = build(sorted[...])
    }
  }

  private func hash(_ node: Node) -> Digest {
    node.isLeaf ? leaves[node.place].hash : branches[node.place].hash
  }

  /// How many leading bits two keys share, 256 when they are equal.
  private static func sharedBits(_ one: Bytes32, _ two: Bytes32) -> Int {
    let (a, b, c, d) = one.words
    let (e, f, g, h) = two.words
    if a != e { return (a ^ e).leadingZeroBitCount }
    if b != f { return 64 + (b ^ f).leadingZeroBitCount }
    if c != g { return 128 + (c ^ g).leadingZeroBitCount }
    return 192 + (d ^ h).leadingZeroBitCount
  }

  /// Where the changes whose bit is set begin; the changes share all bits before it.
  private static func split(_ changes: ArraySlice<Change>, at bit: Int) -> Int {
    changes.partitioningIndex { $0.key.bit(at: bit) }
  }

  /// A new subtree of the changes that set something.
  private mutating func build(_ changes: ArraySlice<Change>) -> Node? {
    guard let first = changes.first, let last = changes.last else { return nil }
    if changes.count == 1 {
      return first.value.map { makeLeaf(first.key, $0) }
    }
    let bit = Self.sharedBits(first.key, last.key)
    let middle = Self.split(changes, at: bit)
    let left = build(changes[changes.startIndex..<middle])
    let right = build(changes[middle..<changes.endIndex])
    return join(left, right, bit: bit, prefix: first.key)
  }

  /// The subtree `node` after the changes, which are not empty.
  private mutating func apply(_ changes: ArraySlice<Change>, to node: Node) -> Node? {
    let prefix = node.isLeaf ? leaves[node.place].key : branches[node.place].prefix
    let depth = node.isLeaf ? 256 : Int(branches[node.place].bit)
    let first = changes[changes.startIndex]
    let last = changes[changes.endIndex - 1]
    let shared = min(Self.sharedBits(prefix, first.key), Self.sharedBits(prefix, last.key))
    if shared < depth {
      return applyBeside(changes, to: node, at: shared, prefix: prefix)
    }
    return node.isLeaf ? replaceLeaf(node, with: first) : applyBelow(changes, branch: node.place)
  }

  /// Some changes lie outside `node`: they part from it at `bit`.
  private mutating func applyBeside(
    _ changes: ArraySlice<Change>, to node: Node, at bit: Int, prefix: Bytes32
  ) -> Node? {
    let middle = Self.split(changes, at: bit)
    let lower = changes[changes.startIndex..<middle]
    let upper = changes[middle..<changes.endIndex]
    if prefix.bit(at: bit) {
      let left = build(lower)
      let right = upper.isEmpty ? node : apply(upper, to: node)
      return join(left, right, bit: bit, prefix: prefix)
    }
    let left = lower.isEmpty ? node : apply(lower, to: node)
    let right = build(upper)
    return join(left, right, bit: bit, prefix: prefix)
  }

  /// All changes lie below a branch.
  private mutating func applyBelow(_ changes: ArraySlice<Change>, branch place: Int) -> Node? {
    let bit = Int(branches[place].bit)
    let middle = Self.split(changes, at: bit)
    let lower = changes[changes.startIndex..<middle]
    let upper = changes[middle..<changes.endIndex]
    let oldLeft = branches[place].left
    let oldRight = branches[place].right
    let left = lower.isEmpty ? oldLeft : apply(lower, to: oldLeft)
    let right = upper.isEmpty ? oldRight : apply(upper, to: oldRight)
    guard let left, let right else {
      freeBranches.append(Int32(truncatingIfNeeded: place))
      return left ?? right
    }
    branches[place].left = left
    branches[place].right = right
    branches[place].hash = StateTreeHash.branch(
      bit: UInt8(bit), left: hash(left), right: hash(right))
    return .branch(place)
  }

  private mutating func replaceLeaf(_ node: Node, with change: Change) -> Node? {
    guard let value = change.value else {
      freeLeaves.append(Int32(truncatingIfNeeded: node.place))
      return nil
    }
    leaves[node.place].value = value
    leaves[node.place].hash = StateTreeHash.leaf(key: change.key, value: value)
    return node
  }

  private mutating func makeLeaf(_ key: Bytes32, _ value: Digest) -> Node {
    let leaf = Leaf(key: key, value: value, hash: StateTreeHash.leaf(key: key, value: value))
    if let free = freeLeaves.popLast() {
      leaves[Int(free)] = leaf
      return .leaf(Int(free))
    }
    leaves.append(leaf)
    return .leaf(leaves.count - 1)
  }

  private mutating func join(_ left: Node?, _ right: Node?, bit: Int, prefix: Bytes32) -> Node? {
    guard let left, let right else { return left ?? right }
    let branch = Branch(
      prefix: prefix, bit: UInt8(bit), left: left, right: right,
      hash: StateTreeHash.branch(bit: UInt8(bit), left: hash(left), right: hash(right)))
    if let free = freeBranches.popLast() {
      branches[Int(free)] = branch
      return .branch(Int(free))
    }
    branches.append(branch)
    return .branch(branches.count - 1)
  }

  /// What shows that a key is in the tree, or that it is not.
  /// - Parameter key: SHA-256 of the row's key.
  package func proof(for key: Bytes32) -> StateProof {
    guard var node = top else { return StateProof(steps: [], leaf: nil) }
    var steps: [StateProof.Step] = []
    while !node.isLeaf {
      let branch = branches[node.place]
      let goesRight = key.bit(at: Int(branch.bit))
      steps.append(
        StateProof.Step(
          bit: branch.bit, sibling: hash(goesRight ? branch.left : branch.right)))
      node = goesRight ? branch.right : branch.left
    }
    let leaf = leaves[node.place]
    return StateProof(steps: steps, leaf: StateProof.Leaf(key: leaf.key, value: leaf.value))
  }

  // MARK: Ranges

  /// What shows that `keys` are a run of leaves without a gap.
  /// - Parameters:
  ///   - keys: hashed keys that are in the tree, strictly ascending, none left out, not empty.
  ///   - hasPredecessor: whether the first of them is the leaf *before* the run that is proven.
  package func rangeProof(keys: [Bytes32], hasPredecessor: Bool) -> StateRangeProof {
    var nodes: [StateRangeProof.Node] = []
    if let top { cut(top, keys: keys[...], into: &nodes) }
    let predecessor = hasPredecessor ? keys.first.flatMap { proof(for: $0).leaf } : nil
    return StateRangeProof(predecessor: predecessor, nodes: nodes)
  }

  /// Appends a subtree; `keys` are those of the run that lie in it.
  private func cut(
    _ node: Node, keys: ArraySlice<Bytes32>, into nodes: inout [StateRangeProof.Node]
  ) {
    if keys.isEmpty { return nodes.append(.outside(hash(node))) }
    if node.isLeaf { return nodes.append(.run(count: 1)) }
    let branch = branches[node.place]
    if keys.count > 1, edge(node, right: false) == keys.first, edge(node, right: true) == keys.last
    {
      return nodes.append(.run(count: UInt32(truncatingIfNeeded: keys.count)))
    }
    let middle = keys.partitioningIndex { $0.bit(at: Int(branch.bit)) }
    nodes.append(.branch(bit: branch.bit))
    cut(branch.left, keys: keys[..<middle], into: &nodes)
    cut(branch.right, keys: keys[middle...], into: &nodes)
  }

  /// The first or the last key below a node.
  private func edge(_ node: Node, right: Bool) -> Bytes32 {
    var node = node
    while !node.isLeaf {
      node = right ? branches[node.place].right : branches[node.place].left
    }
    return leaves[node.place].key
  }

  /// The hash of the tree that exactly these leaves make.
  /// - Parameter leaves: strictly ascending by key, not empty.
  static func hash(ofSorted leaves: ArraySlice<StateProof.Leaf>) -> Digest {
    let first = leaves[leaves.startIndex]
    let last = leaves[leaves.endIndex - 1]
    if leaves.count == 1 { return StateTreeHash.leaf(key: first.key, value: first.value) }
    let bit = sharedBits(first.key, last.key)
    let middle = leaves.partitioningIndex { $0.key.bit(at: bit) }
    return StateTreeHash.branch(
      bit: UInt8(bit), left: hash(ofSorted: leaves[..<middle]),
      right: hash(ofSorted: leaves[middle...]))
  }
}

extension ArraySlice {
  /// Where the elements begin for which `belongsAbove` holds; it holds for none before.
  fileprivate func partitioningIndex(_ belongsAbove: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if belongsAbove(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
