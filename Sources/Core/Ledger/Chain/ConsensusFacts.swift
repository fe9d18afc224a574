import Cryptography
import Primitives
import ServiceKit

/// Which validator, as the consensus engine says it: the first 20 bytes of SHA-256 over its Ed25519
/// consensus key.
package struct ConsensusAddress: Hashable, Sendable, Comparable, CanonicalCodable {
  /// How many bytes an address has.
  package static let byteCount = 20

  /// The bytes, as big-endian words.
  private let words: (UInt64, UInt64, UInt32)

  /// The address of a consensus key.
  package init(publicKey: Bytes32) {
    let hash = publicKey.withUnsafeBytes { Digest.sha256($0) }.value.words
    words = (hash.0, hash.1, UInt32(truncatingIfNeeded: hash.2 >> 32))
  }

  /// The address in `bytes`, or nil when there are not twenty.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    let array = Array(bytes)
    func number(_ range: Range<Int>) -> UInt64 {
      array[range].reduce(0) { $0 << 8 | UInt64($1) }
    }
    words = (number(0..<8), number(8..<16), UInt32(truncatingIfNeeded: number(16..<20)))
  }

  /// The twenty bytes.
  package var bytes: [UInt8] { canonicalBytes() }

  package static func == (left: ConsensusAddress, right: ConsensusAddress) -> Bool {
    left.words == right.words
  }
  package static func < (left: ConsensusAddress, right: ConsensusAddress) -> Bool {
    left.words < right.words
  }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(words.0)
    encoder.encode(words.1)
    encoder.encode(words.2)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    words = (
      try decoder.decodeUInt64(), try decoder.decodeUInt64(), try decoder.decodeUInt32()
    )
  }
}

extension ConsensusAddress: CustomStringConvertible {
  /// Forty hexadecimal digits, upper case as CometBFT prints them.
  package var description: String { bytes.hex.uppercased() }
}

/// A validator's voting power from now on; power 0 takes it out of the set.
package struct ValidatorUpdate: Hashable, Sendable, CanonicalCodable {
  /// Its Ed25519 consensus key.
  package let publicKey: Bytes32
  package let power: UInt64

  package init(publicKey: Bytes32, power: UInt64) {
    self.publicKey = publicKey
    self.power = power
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(publicKey)
    encoder.encode(power)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    publicKey = try decoder.decode()
    power = try decoder.decodeUInt64()
  }
}

/// What one validator did about the block before.
package struct CommitVote: Hashable, Sendable, CanonicalCodable {
  /// How it voted; the numbers are CometBFT's `BlockIDFlag`.
  package enum Flag: UInt8, Sendable {
    case absent = 1
    case commit = 2
    case none = 3
  }

  package let validator: ConsensusAddress
  package let power: UInt64
  package let flag: Flag

  package init(validator: ConsensusAddress, power: UInt64, flag: Flag) {
    self.validator = validator
    self.power = power
    self.flag = flag
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(validator)
    encoder.encode(power)
    encoder.encode(flag.rawValue)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    validator = try decoder.decode()
    power = try decoder.decodeUInt64()
    let raw = try decoder.decodeUInt8()
    guard let flag = Flag(rawValue: raw) else {
      throw .unknownCase(type: "CommitVote.Flag", byte: raw)
    }
    self.flag = flag
  }
}

/// The commit of the block before: the same on every node, since it is part of the block.
package struct LastCommit: Hashable, Sendable, CanonicalCodable {
  /// No votes: the first block of a chain.
  package static let empty = LastCommit(round: 0, votes: [])

  /// The round that decided it.
  package let round: UInt32
  /// One vote a validator, in the engine's order.
  package let votes: [CommitVote]

  package init(round: UInt32, votes: [CommitVote]) {
    self.round = round
    self.votes = votes
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(round)
    encoder.encode(votes)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    round = try decoder.decodeUInt32()
    votes = try decoder.decodeArray(limit: 10_000)
  }
}

/// Evidence, checked by the engine, that a validator broke the protocol.
package struct Misbehaviour: Hashable, Sendable, CanonicalCodable {
  /// What it did; the numbers are CometBFT's `MisbehaviorType`.
  package enum Kind: UInt8, Sendable {
    case unknown = 0
    case duplicateVote = 1
    case lightClientAttack = 2
  }

  package let kind: Kind
  package let validator: ConsensusAddress
  /// Its power at that height.
  package let power: UInt64
  /// Where it happened.
  package let height: UInt64
  /// When it happened, in milliseconds since 1970.
  package let timeMilliseconds: UInt64
  /// All validators' power at that height.
  package let totalPower: UInt64

  package init(
    kind: Kind, validator: ConsensusAddress, power: UInt64, height: UInt64,
    timeMilliseconds: UInt64, totalPower: UInt64
  ) {
    self.kind = kind
    self.validator = validator
    self.power = power
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.totalPower = totalPower
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(kind.rawValue)
    encoder.encode(validator)
    encoder.encode(power)
    encoder.encode(height)
    encoder.encode(timeMilliseconds)
    encoder.encode(totalPower)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let raw = try decoder.decodeUInt8()
    guard let kind = Kind(rawValue: raw) else {
      throw .unknownCase(type: "Misbehaviour.Kind", byte: raw)
    }
    self.kind = kind
    validator = try decoder.decode()
    power = try decoder.decodeUInt64()
    height = try decoder.decodeUInt64()
    timeMilliseconds = try decoder.decodeUInt64()
    totalPower = try decoder.decodeUInt64()
  }
}
