import Foundation
import LightClient
import Primitives

/// The answer to `commit`: a header and the votes that decided it.
struct SignedHeaderAnswer: Decodable, Sendable {
  struct Parts: Decodable, Sendable {
    let total: UInt32
    let hash: HexText
  }
  struct BlockID: Decodable, Sendable {
    let hash: HexText
    let parts: Parts

    var identity: BlockIdentity {
      BlockIdentity(hash: hash.bytes, partCount: parts.total, partsHash: parts.hash.bytes)
    }
  }
  struct Version: Decodable, Sendable {
    let block: TextNumber
    let app: TextNumber?
  }
  struct Header: Decodable, Sendable {
    let version: Version
    let chainId: String
    let height: TextNumber
    let time: TimeText
    let lastBlockId: BlockID
    let lastCommitHash: HexText
    let dataHash: HexText
    let validatorsHash: HexText
    let nextValidatorsHash: HexText
    let consensusHash: HexText
    let appHash: HexText
    let lastResultsHash: HexText
    let evidenceHash: HexText
    let proposerAddress: HexText
  }
  struct Place: Decodable, Sendable {
    let blockIdFlag: UInt8
    let validatorAddress: HexText
    let timestamp: TimeText
    let signature: Data?
  }
  struct Commit: Decodable, Sendable {
    let height: TextNumber
    let round: UInt32
    let blockId: BlockID
    let signatures: [Place]
  }
  struct SignedHeader: Decodable, Sendable {
    let header: Header
    let commit: Commit
  }
  let signedHeader: SignedHeader
}

/// The answer to `validators`: a page of a height's set.
struct ValidatorsAnswer: Decodable, Sendable {
  struct Key: Decodable, Sendable {
    let type: String
    let value: Data
  }
  struct Validator: Decodable, Sendable {
    let address: HexText
    let pubKey: Key
    let votingPower: TextNumber
  }
  let blockHeight: TextNumber
  let validators: [Validator]
  let total: TextNumber
}

/// Bytes in hexadecimal digits of either case.
struct HexText: Decodable, Sendable {
  let bytes: [UInt8]

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let bytes = [UInt8](hex: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "“\(text.prefix(80))” is not hexadecimal")
    }
    self.bytes = bytes
  }
}

/// A time of RFC 3339.
struct TimeText: Decodable, Sendable {
  let moment: ConsensusTime

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let moment = RPCTime.moment(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "“\(text.prefix(40))” is no time")
    }
    self.moment = moment
  }
}

extension SignedHeaderAnswer {
  var header: ConsensusHeader {
    let header = signedHeader.header
    return ConsensusHeader(
      blockVersion: header.version.block.value, applicationVersion: header.version.app?.value ?? 0,
      chainID: header.chainId, height: header.height.value, time: header.time.moment,
      lastBlock: header.lastBlockId.identity,
      hashes: ConsensusHeader.Hashes(
        lastCommit: header.lastCommitHash.bytes, data: header.dataHash.bytes,
        validators: header.validatorsHash.bytes, nextValidators: header.nextValidatorsHash.bytes,
        consensus: header.consensusHash.bytes, application: header.appHash.bytes,
        lastResults: header.lastResultsHash.bytes, evidence: header.evidenceHash.bytes,
        proposer: header.proposerAddress.bytes))
  }

  /// The votes.
  /// - Throws: ``LightClientError/badCommit(_:)`` for a flag or signature that is none.
  func commit() throws(LightClientError) -> BlockCommit {
    let commit = signedHeader.commit
    var places: [BlockCommit.Place] = []
    places.reserveCapacity(commit.signatures.count)
    for (index, place) in commit.signatures.enumerated() {
      guard let vote = BlockCommit.Vote(rawValue: place.blockIdFlag) else {
        throw .badCommit("place \(index) has the unknown flag \(place.blockIdFlag)")
      }
      let bytes = Array(place.signature ?? Data())
      guard bytes.isEmpty || bytes.count == 64 else {
        throw .badCommit("the signature at place \(index) has \(bytes.count) bytes")
      }
      places.append(
        BlockCommit.Place(
          vote: vote, address: place.validatorAddress.bytes, time: place.timestamp.moment,
          signature: Signature(bytes: bytes)))
    }
    return BlockCommit(
      height: commit.height.value, round: commit.round, block: commit.blockId.identity,
      places: places)
  }
}

extension ValidatorsAnswer.Validator {
  /// The validator.
  /// - Throws: ``LightClientError/badValidatorSet(_:)`` for a key that is not Ed25519, or an
  ///   address that is not the key's.
  func validator() throws(LightClientError) -> ConsensusValidator {
    guard pubKey.type == "tendermint/PubKeyEd25519", let key = Bytes32(Array(pubKey.value)) else {
      throw .badValidatorSet("a key of type \(pubKey.type.prefix(60)) is not supported")
    }
    let validator = ConsensusValidator(key: AccountID(key), power: votingPower.value)
    guard validator.address == address.bytes else {
      throw .badValidatorSet("address \(address.bytes.hex) is not its key's")
    }
    return validator
  }
}
