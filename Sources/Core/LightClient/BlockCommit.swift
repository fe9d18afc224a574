import Primitives

/// The precommits that decided a block, one place for each validator of its height.
package struct BlockCommit: Hashable, Sendable {
  /// What a validator's place holds. Numbers are CometBFT's `BlockIDFlag`.
  package enum Vote: UInt8, Sendable {
    /// It did not vote in time.
    case absent = 1
    /// It voted for the block.
    case block = 2
    /// It voted for no block.
    case nothing = 3
  }

  /// One place.
  package struct Place: Hashable, Sendable {
    package let vote: Vote
    /// The validator's address; empty where it is absent.
    package let address: [UInt8]
    package let time: ConsensusTime
    /// Nil where it is absent.
    package let signature: Signature?

    package init(vote: Vote, address: [UInt8], time: ConsensusTime, signature: Signature?) {
      self.vote = vote
      self.address = address
      self.time = time
      self.signature = signature
    }
  }

  package let height: UInt64
  package let round: UInt32
  /// What was decided.
  package let block: BlockIdentity
  /// In the order of the validator set.
  package let places: [Place]

  package init(height: UInt64, round: UInt32, block: BlockIdentity, places: [Place]) {
    self.height = height
    self.round = round
    self.block = block
    self.places = places
  }

  /// What the validator at a place signed: a length-prefixed `CanonicalVote` of type precommit.
  ///
  /// Source: CometBFT v0.38 `spec/core/data_structures.md#canonicalvote`, checked against recorded
  /// signatures.
  package func signedBytes(at place: Int, chainID: String) -> [UInt8] {
    let vote = ProtobufEncoder.message {
      $0.encode(2, field: 1)
      $0.encode(fixed: Int64(bitPattern: height), field: 2)
      $0.encode(fixed: Int64(round), field: 3)
      if places[place].vote == .block { $0.encode(message: block.encoded, field: 4) }
      $0.encode(message: places[place].time.encoded, field: 5)
      $0.encode(Array(chainID.utf8), field: 6)
    }
    var framed = ProtobufEncoder()
    framed.append(varint: UInt64(vote.count))
    return framed.bytes + vote
  }
}
