import Consensus
import Cryptography
import Primitives
import TestSupport
import Testing

/// What a snapshot's directory says of it, and how it is advertised.
@Suite struct SnapshotListTests {
  private let list = SnapshotList(
    chain: Digest.sha256([1]), height: 7000, root: Digest.sha256([2]),
    hashes: (3..<6).map { Digest.sha256([$0]) })

  @Test func theFormatIsWhatItWas() throws {
    let (hash, description) = (Digest.sha256(list.canonicalBytes()), list.description)
    try Golden("ledger").check("snapshot/list", "\(hash.hex) \(description.hash.hex)")
    #expect(description.chunkCount == 3 && description.height == 7000)
    #expect(description.metadata == Digest.sha256([1]).bytes)
    #expect(try SnapshotList(canonicalBytes: list.canonicalBytes()) == list)
  }

  /// An offer is not believed: neither no chunks, nor more than an engine asks for, nor those of
  /// another chain.
  @Test func offersThatCannotBeAreRefused() async throws {
    let genesis = TestGenesis()
    let node = try genesis.node()
    func offer(_ count: UInt32, _ chain: Digest, height: UInt64 = 5) async -> SnapshotOfferVerdict {
      await node.offerSnapshot(
        SnapshotDescription(
          height: height, format: 1, chunkCount: count, hash: [], metadata: chain.bytes),
        stateRoot: Digest.sha256([2]))
    }
    let own = genesis.genesis.chain
    #expect(await offer(1, own) == .accept)
    #expect(await offer(100_000, own) == .accept)
    #expect(await offer(0, own) == .reject)
    #expect(await offer(100_001, own) == .reject)
    #expect(await offer(1, Digest.sha256([9])) == .reject)
    #expect(await offer(1, own, height: 0) == .reject)
  }
}
