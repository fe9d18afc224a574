import Cryptography
import Primitives

/// A validator as CometBFT counts it.
package struct ConsensusValidator: Hashable, Sendable {
  /// The Ed25519 key that signs its votes.
  package let key: AccountID
  /// Its voting power, above 0.
  package let power: UInt64

  package init(key: AccountID, power: UInt64) {
    self.key = key
    self.power = power
  }

  /// The first 20 bytes of the key's SHA-256.
  package var address: [UInt8] { Array(Digest.sha256(key.bytes).bytes.prefix(20)) }

  /// `SimpleValidator`: what the set's hash is over.
  fileprivate var encoded: [UInt8] {
    let publicKey = ProtobufEncoder.message { $0.encode(key.bytes, field: 1) }
    return ProtobufEncoder.message {
      $0.encode(message: publicKey, field: 1)
      $0.encode(Int64(bitPattern: power), field: 2)
    }
  }
}

/// The validators of one height, in the engine's order (power descending, then address), which
/// their hash and the places of their signatures depend on.
package struct ConsensusValidatorSet: Hashable, Sendable {
  /// The most that all powers may come to (CometBFT's `MaxTotalVotingPower`).
  package static let totalPowerLimit = UInt64(Int64.max / 8)
  /// The most validators of a set that is read.
  package static let countLimit = 10_000

  /// The validators in order.
  package let validators: [ConsensusValidator]
  /// The sum of their powers.
  package let totalPower: UInt64
  private let placeByAddress: [[UInt8]: Int]

  /// A set that was read from a peer.
  /// - Throws: ``LightClientError/badValidatorSet(_:)`` when it is empty, too large, has a
  ///   validator twice or without power, or powers that do not add up.
  package init(_ validators: [ConsensusValidator]) throws(LightClientError) {
    guard !validators.isEmpty else { throw .badValidatorSet("it is empty") }
    guard validators.count <= Self.countLimit else {
      throw .badValidatorSet("it has \(validators.count) validators, more than \(Self.countLimit)")
    }
    var total: UInt64 = 0
    var places: [[UInt8]: Int] = [:]
    for (place, validator) in validators.enumerated() {
      guard validator.power > 0, validator.power <= Self.totalPowerLimit else {
        throw .badValidatorSet("validator \(place) has power \(validator.power)")
      }
      total += validator.power
      guard total <= Self.totalPowerLimit else {
        throw .badValidatorSet("its powers come to more than \(Self.totalPowerLimit)")
      }
      guard places.updateValue(place, forKey: validator.address) == nil else {
        throw .badValidatorSet("validator \(validator.address.hex) is in it twice")
      }
    }
    self.validators = validators
    totalPower = total
    placeByAddress = places
  }

  /// Where the validator with an address stands; nil when it is not of the set.
  package func place(of address: [UInt8]) -> Int? { placeByAddress[address] }

  /// What a header's `validators_hash` is: the RFC 6962 root over keys and powers.
  package var hash: Digest {
    MerkleTree.root(ofLeafHashes: validators.map { MerkleTree.leafHash($0.encoded) })
  }
}
