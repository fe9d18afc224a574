import Primitives
import TestSupport
import Testing

@testable import Cryptography

/// What peers send is decoded without a trap, and whatever decodes has one encoding.
@Suite struct DecoderFuzzTests {
  private func fuzz<T: CanonicalCodable>(
    _ examples: [T], _ use: (T) -> Void = { _ in }
  ) throws {
    var random = SeededGenerator.fromEnvironment(default: 51, "\(T.self)")
    for example in examples {
      let bytes = example.canonicalBytes()
      for length in bytes.indices {
        #expect(throws: CodecError.self) { try T(canonicalBytes: Array(bytes[..<length])) }
      }
      for _ in 0..<2_000 {
        var changed = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          changed[Int.random(in: 0..<min(changed.count, 48), using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        }
        if let value = try? T(canonicalBytes: changed) {
          #expect(value.canonicalBytes() == changed, "seed \(random.seed)")
          use(value)
        }
      }
    }
    for _ in 0..<2_000 {
      let bytes = random.bytes(Int.random(in: 0...200, using: &random))
      if let value = try? T(canonicalBytes: bytes) {
        #expect(value.canonicalBytes() == bytes, "seed \(random.seed)")
        use(value)
      }
    }
  }

  @Test func frontiers() throws {
    var frontier = MerkleFrontier()
    for byte in UInt8(0)..<7 { frontier.append(leafHash: MerkleTree.leafHash([byte])) }
    try fuzz([frontier, MerkleFrontier()]) { decoded in
      var grown = decoded
      grown.append(leafHash: .zero)
      #expect(grown.count == decoded.count + 1)
      _ = grown.root
    }
  }

  @Test func aFrontierThatIsFullIsRefused() {
    var encoder = CanonicalEncoder()
    encoder.encode(UInt64.max)
    for _ in 0..<64 { encoder.encode(Digest.zero) }
    #expect(throws: CodecError.self) { try MerkleFrontier(canonicalBytes: encoder.bytes) }
  }

  @Test func shardTrees() throws {
    var tree = ShardTree(leafBytes: 16)
    tree.append(Array(UInt8(0)..<100))
    try fuzz([tree]) { decoded in
      var grown = decoded
      grown.append([UInt8](repeating: 1, count: 40))
      #expect(grown.byteLength == decoded.byteLength + 40)
      _ = grown.root
    }
  }

  @Test func sumPaths() throws {
    let tree = try MerkleSumTree(entries: (0..<9).map { (Digest.sha256([$0]), UInt64($0)) })
    try fuzz([tree.path(to: 4), tree.path(to: 8)]) { path in
      _ = path.verify(item: Digest.sha256([4]), count: 4, root: tree.root, total: tree.total)
    }
  }

  @Test func verifiableRandomProofs() throws {
    try fuzz([VerifiableRandomKey(seed: .zero).prove([])])
  }
}
