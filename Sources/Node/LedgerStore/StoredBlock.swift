import Cryptography
import Primitives

/// What identifies a block and binds it to the chain before it.
package struct BlockHeader: Hashable, Sendable, CanonicalCodable {
  /// The height; the first block is 1.
  package let height: UInt64
  /// When the proposer made it, in milliseconds since 1970; later than the block before.
  package let timeMilliseconds: UInt64
  /// The chain's identity.
  package let chain: Digest
  /// The hash of the header before; zero in the first block.
  package let previousBlockHash: Digest
  /// The Merkle root over the items: see ``StoredBlock/itemsHash(of:)``.
  package let itemsHash: Digest
  /// The state root after the block before (as in CometBFT, a block cannot name its own).
  package let appHash: Digest
  /// The validator that made the block.
  package let proposer: AccountID

  package init(
    height: UInt64, timeMilliseconds: UInt64, chain: Digest, previousBlockHash: Digest,
    itemsHash: Digest, appHash: Digest, proposer: AccountID
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.chain = chain
    self.previousBlockHash = previousBlockHash
    self.itemsHash = itemsHash
    self.appHash = appHash
    self.proposer = proposer
  }

  /// The block's hash.
  package var hash: Digest { Digest.sha256(domain: "block-header", canonicalBytes()) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(height)
    encoder.encode(timeMilliseconds)
    encoder.encode(chain)
    encoder.encode(previousBlockHash)
    encoder.encode(itemsHash)
    encoder.encode(appHash)
    encoder.encode(proposer)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    height = try decoder.decodeUInt64()
    timeMilliseconds = try decoder.decodeUInt64()
    chain = try decoder.decode()
    previousBlockHash = try decoder.decode()
    itemsHash = try decoder.decode()
    appHash = try decoder.decode()
    proposer = try decoder.decode()
  }
}

/// A block as it is kept: header, proposer's signature, and the items as they were executed.
package struct StoredBlock: Hashable, Sendable, CanonicalCodable {
  /// The domain of the proposer's signature, which is over the header's hash.
  package static let signatureDomain = "block"
  /// The most items of a block.
  package static let itemLimit = 100_000
  /// The most bytes of one item.
  package static let itemByteLimit = 4 << 20

  package let header: BlockHeader
  /// The proposer's signature over the header's hash.
  package let signature: Signature
  /// The items, the beacon first.
  package let items: [[UInt8]]

  package init(header: BlockHeader, signature: Signature, items: [[UInt8]]) {
    self.header = header
    self.signature = signature
    self.items = items
  }

  /// The root over the items as CometBFT's `data_hash`: leaves are the items' SHA-256.
  package static func itemsHash(of items: [[UInt8]]) -> Digest {
    MerkleTree.root(ofLeafHashes: itemLeaves(of: items))
  }

  /// The leaf hashes under ``itemsHash(of:)``.
  package static func itemLeaves(of items: [[UInt8]]) -> [Digest] {
    items.map { item in
      Digest.sha256(item).value.withUnsafeBytes { MerkleTree.leafHash($0) }
    }
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(header)
    encoder.encode(signature)
    encoder.encode(UInt32(items.count))
    for item in items { encoder.encode(item) }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    header = try decoder.decode()
    signature = try decoder.decode()
    let count = try decoder.decodeCount(limit: Self.itemLimit, minimumElementSize: 4)
    var items: [[UInt8]] = []
    items.reserveCapacity(count)
    for _ in 0..<count { items.append(try decoder.decodeBytes(limit: Self.itemByteLimit)) }
    self.items = items
  }
}
