import Consensus
import Cryptography
import Foundation
import Ledger
import LedgerStore
import Primitives
import SwiftProtobuf

/// A request whose fields cannot be: the engine that sent it is not one that this server speaks to.
struct RequestFault: Error, CustomStringConvertible {
  let description: String
}

/// Between ABCI's messages and the driver boundary's values. What the engine sends is checked here:
/// signs, lengths and times.
enum MessageTranslation {
  static func height(_ height: Int64) throws -> UInt64 {
    guard height >= 0 else { throw RequestFault(description: "the height \(height) is negative") }
    return UInt64(height)
  }

  /// Milliseconds since 1970; what is beyond a millisecond is cut off.
  static func milliseconds(_ time: Google_Protobuf_Timestamp) throws -> UInt64 {
    let (product, overflows) = time.seconds.multipliedReportingOverflow(by: 1000)
    guard !overflows, time.seconds >= 0, (0..<1_000_000_000).contains(time.nanos) else {
      throw RequestFault(
        description: "the time \(time.seconds) s and \(time.nanos) ns is not one since 1970")
    }
    return UInt64(product) + UInt64(time.nanos / 1_000_000)
  }

  static func items(_ transactions: [Data]) -> [[UInt8]] { transactions.map { [UInt8]($0) } }

  static func address(_ bytes: Data) throws -> ConsensusAddress {
    guard let address = ConsensusAddress(bytes) else {
      throw RequestFault(description: "a validator's address has 20 bytes, not \(bytes.count)")
    }
    return address
  }

  private static func power(_ power: Int64) throws -> UInt64 {
    guard power >= 0 else {
      throw RequestFault(description: "the voting power \(power) is negative")
    }
    return UInt64(power)
  }

  /// A vote; one without a flag is taken as absent.
  private static func vote(
    _ validator: ABCIValidator, _ flag: ABCIBlockIDFlag
  ) throws -> CommitVote {
    let number = UInt8(clamping: flag.rawValue)
    return CommitVote(
      validator: try address(validator.address), power: try power(validator.power),
      flag: CommitVote.Flag(rawValue: number) ?? .absent)
  }

  static func lastCommit(_ info: ABCICommitInfo) throws -> LastCommit {
    LastCommit(
      round: UInt32(clamping: info.round),
      votes: try info.votes.map { try vote($0.validator, $0.blockIDFlag) })
  }

  static func extendedVotes(_ info: ABCIExtendedCommitInfo) throws -> [ExtendedVote] {
    try info.votes.map {
      ExtendedVote(
        vote: try vote($0.validator, $0.blockIDFlag), voteExtension: [UInt8]($0.voteExtension))
    }
  }

  static func misbehaviour(_ list: [ABCIMisbehavior]) throws -> [Misbehaviour] {
    try list.map {
      Misbehaviour(
        kind: Misbehaviour.Kind(rawValue: UInt8(clamping: $0.type.rawValue)) ?? .unknown,
        validator: try address($0.validator.address), power: try power($0.validator.power),
        height: try height($0.height), timeMilliseconds: try milliseconds($0.time),
        totalPower: try power($0.totalVotingPower))
    }
  }

  static func validators(_ updates: [ABCIValidatorUpdate]) throws -> [ValidatorUpdate] {
    try updates.map {
      guard case .ed25519(let bytes)? = $0.pubKey.sum, let key = Bytes32(bytes) else {
        throw RequestFault(
          description: "a validator's key is no Ed25519 key of 32 bytes; the ledger knows no other")
      }
      return ValidatorUpdate(publicKey: key, power: try power($0.power))
    }
  }

  /// Validator updates as the engine takes them: each key once (the last word counts), in order of
  /// keys, and no power beyond what a signed number holds.
  static func validators(_ updates: [ValidatorUpdate]) -> [ABCIValidatorUpdate] {
    var last: [Bytes32: UInt64] = [:]
    for update in updates { last[update.publicKey] = update.power }
    return last.sorted { $0.key < $1.key }.map { key, power in
      var update = ABCIValidatorUpdate()
      update.pubKey.ed25519 = Data(key.bytes)
      update.power = Int64(clamping: power)
      return update
    }
  }

  static func snapshot(_ message: ABCISnapshot) -> SnapshotDescription {
    SnapshotDescription(
      height: message.height, format: message.format, chunkCount: message.chunks,
      hash: [UInt8](message.hash), metadata: [UInt8](message.metadata))
  }

  static func message(_ snapshot: SnapshotDescription) -> ABCISnapshot {
    var message = ABCISnapshot()
    message.height = snapshot.height
    message.format = snapshot.format
    message.chunks = snapshot.chunkCount
    message.hash = Data(snapshot.hash)
    message.metadata = Data(snapshot.metadata)
    return message
  }

  static func event(_ stored: StoredEvent) -> ABCIEvent {
    var event = ABCIEvent()
    event.type = stored.event.kind
    event.attributes = stored.event.attributes.map { attribute in
      var message = ABCIEventAttribute()
      message.key = attribute.name
      message.value = attribute.value
      message.index = true
      return message
    }
    return event
  }

  static func result(_ result: StoredItemResult) -> ABCIExecTxResult {
    var message = ABCIExecTxResult()
    message.code = result.code
    if result.code != 0 {
      message.log = "\(result.codeName): \(result.detail)"
      message.codespace = "trellis"
    }
    return message
  }

  static func finalized(_ block: FinalizedBlock) -> ABCIResponseFinalizeBlock {
    var response = ABCIResponseFinalizeBlock()
    response.txResults = block.results.results.map(result)
    for event in block.results.events {
      if let index = event.itemIndex.map(Int.init), response.txResults.indices.contains(index) {
        response.txResults[index].events.append(self.event(event))
      } else {
        response.events.append(self.event(event))
      }
    }
    response.validatorUpdates = validators(block.validatorUpdates)
    response.appHash = Data(block.results.stateRoot.bytes)
    return response
  }
}
