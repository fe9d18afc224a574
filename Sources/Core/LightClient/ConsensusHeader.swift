import Cryptography
import Primitives

/// A CometBFT v0.38 block header: fourteen fields under one hash.
package struct ConsensusHeader: Hashable, Sendable {
  /// The version of the block protocol.
  package let blockVersion: UInt64
  /// The application's version.
  package let applicationVersion: UInt64
  /// The chain's name, at most 50 bytes.
  package let chainID: String
  /// From 1.
  package let height: UInt64
  /// The power-weighted median of the votes for the block before.
  package let time: ConsensusTime
  /// The block before.
  package let lastBlock: BlockIdentity
  /// The hashes, in the header's order.
  package let hashes: Hashes

  /// The header's nine byte fields. Each is 32 bytes or none, but for the application hash (any
  /// length) and the proposer's address (20 bytes).
  package struct Hashes: Hashable, Sendable {
    /// Over the votes for the block before.
    package let lastCommit: [UInt8]
    /// Over the block's transactions.
    package let data: [UInt8]
    /// Over the validators of this height.
    package let validators: [UInt8]
    /// Over the validators of the next height.
    package let nextValidators: [UInt8]
    /// Over the consensus parameters.
    package let consensus: [UInt8]
    /// The application's state *before* this block: the root after the block before.
    package let application: [UInt8]
    /// Over the results of the block before.
    package let lastResults: [UInt8]
    /// Over the evidence in the block.
    package let evidence: [UInt8]
    /// Who proposed the block.
    package let proposer: [UInt8]

    package init(
      lastCommit: [UInt8], data: [UInt8], validators: [UInt8], nextValidators: [UInt8],
      consensus: [UInt8], application: [UInt8], lastResults: [UInt8], evidence: [UInt8],
      proposer: [UInt8]
    ) {
      self.lastCommit = lastCommit
      self.data = data
      self.validators = validators
      self.nextValidators = nextValidators
      self.consensus = consensus
      self.application = application
      self.lastResults = lastResults
      self.evidence = evidence
      self.proposer = proposer
    }

    fileprivate var inOrder: [[UInt8]] {
      [
        lastCommit, data, validators, nextValidators, consensus, application, lastResults,
        evidence, proposer,
      ]
    }
  }

  package init(
    blockVersion: UInt64, applicationVersion: UInt64, chainID: String, height: UInt64,
    time: ConsensusTime, lastBlock: BlockIdentity, hashes: Hashes
  ) {
    self.blockVersion = blockVersion
    self.applicationVersion = applicationVersion
    self.chainID = chainID
    self.height = height
    self.time = time
    self.lastBlock = lastBlock
    self.hashes = hashes
  }

  /// The header's hash: the RFC 6962 root over its fourteen fields, each in the protobuf encoding
  /// of its own (scalars and byte strings as `StringValue`, `Int64Value`, `BytesValue`).
  ///
  /// Source: CometBFT v0.38 `spec/core/data_structures.md`, checked against recorded headers.
  package var hash: Digest { MerkleTree.root(ofLeafHashes: leaves.map { MerkleTree.leafHash($0) }) }

  /// The fourteen leaves.
  var leaves: [[UInt8]] {
    let version = ProtobufEncoder.message {
      $0.encode(Int64(bitPattern: blockVersion), field: 1)
      $0.encode(Int64(bitPattern: applicationVersion), field: 2)
    }
    let name = ProtobufEncoder.message { $0.encode(Array(chainID.utf8), field: 1) }
    let number = ProtobufEncoder.message { $0.encode(Int64(bitPattern: height), field: 1) }
    let wrapped = hashes.inOrder.map { bytes in
      ProtobufEncoder.message { $0.encode(bytes, field: 1) }
    }
    return [version, name, number, time.encoded, lastBlock.encoded] + wrapped
  }
}
