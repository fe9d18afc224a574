import Cryptography
import Foundation
import Ledger
import LightClient
import Primitives

/// A block of a consensus engine with all that the ledger was told when it executed it. Nothing of
/// it is verified; the votes and the evidence are under no hash that is recomputed here at all.
package struct EngineBlock: Sendable {
  /// Its header, the votes for it, and the validators of its height.
  package let light: LightBlock
  /// Its transactions, with what validators added in front.
  package let items: [[UInt8]]
  /// The votes for the block before.
  package let lastCommit: LastCommit
  /// Evidence that the block carries.
  package let misbehaviour: [Misbehaviour]

  /// A block of its parts.
  package init(
    light: LightBlock, items: [[UInt8]], lastCommit: LastCommit, misbehaviour: [Misbehaviour]
  ) {
    self.light = light
    self.items = items
    self.lastCommit = lastCommit
    self.misbehaviour = misbehaviour
  }

  /// The header's time in milliseconds since 1970, as the ledger is told it.
  package var timeMilliseconds: UInt64 { light.header.time.milliseconds }

  /// Whether the items are those that the header commits to (`data_hash`: the RFC 6962 root over
  /// their SHA-256).
  package var itemsAreTheHeaders: Bool {
    let leaves = items.map { MerkleTree.leafHash(Digest.sha256($0).bytes) }
    return MerkleTree.root(ofLeafHashes: leaves).bytes == light.header.hashes.data
  }
}

/// Where who replays a chain gets its blocks from. What it gives is not trusted.
package protocol EngineBlockSource: Sendable {
  /// The block of a height.
  /// - Parameter previous: the block before, whose validators voted in it; nil for the first.
  /// - Throws: ``LedgerClientError``, `LightClientError`.
  func engineBlock(at height: UInt64, after previous: LightBlock?) async throws -> EngineBlock
}

extension RPCLightBlockSource: EngineBlockSource {
  /// Asks for `commit`, `validators` and `block`.
  /// - Throws: ``LedgerClientError``, `LightClientError`.
  package func engineBlock(
    at height: UInt64, after previous: LightBlock?
  ) async throws -> EngineBlock {
    let light = try await lightBlock(at: height)
    let answer = try await transport.call(
      "block", ["height": .text("\(height)")], as: EngineBlockAnswer.self)
    return try answer.block(light, after: previous)
  }
}

/// The answer to `block`, as far as the ledger's replay needs it.
struct EngineBlockAnswer: Decodable, Sendable {
  struct Body: Decodable, Sendable { let txs: [Data]? }
  struct Block: Decodable, Sendable {
    let data: Body
    let evidence: EvidenceList
    let lastCommit: SignedHeaderAnswer.Commit?
  }
  struct EvidenceList: Decodable, Sendable { let evidence: [Evidence]? }
  struct Evidence: Decodable, Sendable {
    let type: String
    let value: Value
  }
  struct Value: Decodable, Sendable {
    struct Vote: Decodable, Sendable {
      let height: TextNumber
      let validatorAddress: HexText
    }
    struct Attacker: Decodable, Sendable {
      let address: HexText
      let votingPower: TextNumber
    }
    let voteA: Vote?
    let validatorPower: TextNumber?
    let commonHeight: TextNumber?
    let byzantineValidators: [Attacker]?
    let totalVotingPower: TextNumber
    let timestamp: TimeText

    // CometBFT writes these fields by their names in Go.
    enum CodingKeys: String, CodingKey {
      case voteA
      case validatorPower = "ValidatorPower"
      case commonHeight = "CommonHeight"
      case byzantineValidators = "ByzantineValidators"
      case totalVotingPower = "TotalVotingPower"
      case timestamp = "Timestamp"
    }
  }
  let block: Block?

  /// The block with what is known of it.
  /// - Throws: `LedgerClientError`, `LightClientError`.
  func block(_ light: LightBlock, after previous: LightBlock?) throws -> EngineBlock {
    guard let block else {
      throw LedgerClientError.malformedAnswer(method: "block", reason: "no block \(light.height)")
    }
    return EngineBlock(
      light: light, items: (block.data.txs ?? []).map { [UInt8]($0) },
      lastCommit: try Self.votes(block.lastCommit, of: previous),
      misbehaviour: try (block.evidence.evidence ?? []).flatMap { try $0.misbehaviour() })
  }

  /// Each place of a commit belongs to the validator at that place of its height's set.
  private static func votes(
    _ commit: SignedHeaderAnswer.Commit?, of previous: LightBlock?
  ) throws -> LastCommit {
    guard let previous else { return .empty }
    guard let commit, commit.height.value == previous.height,
      commit.signatures.count == previous.validators.validators.count
    else {
      throw LedgerClientError.malformedAnswer(
        method: "block", reason: "its last commit is not of block \(previous.height)")
    }
    let votes = try zip(commit.signatures, previous.validators.validators).map { place, validator in
      guard let flag = CommitVote.Flag(rawValue: place.blockIdFlag) else {
        throw LightClientError.badCommit("unknown flag \(place.blockIdFlag)")
      }
      return CommitVote(
        validator: ConsensusAddress(publicKey: validator.key.value), power: validator.power,
        flag: flag)
    }
    return LastCommit(round: commit.round, votes: votes)
  }
}

extension EngineBlockAnswer.Evidence {
  /// What the ledger is told of it: one entry a validator.
  fileprivate func misbehaviour() throws -> [Misbehaviour] {
    func one(
      _ kind: Misbehaviour.Kind, _ address: HexText, _ power: UInt64, _ height: UInt64
    ) throws -> Misbehaviour {
      guard let address = ConsensusAddress(address.bytes) else {
        throw LedgerClientError.malformedAnswer(
          method: "block", reason: "evidence against an address of \(address.bytes.count) bytes")
      }
      return Misbehaviour(
        kind: kind, validator: address, power: power, height: height,
        timeMilliseconds: value.timestamp.moment.milliseconds,
        totalPower: value.totalVotingPower.value)
    }
    if let vote = value.voteA, let power = value.validatorPower {
      return [
        try one(.duplicateVote, vote.validatorAddress, power.value, vote.height.value)
      ]
    }
    if let attackers = value.byzantineValidators, let height = value.commonHeight {
      return try attackers.map {
        try one(.lightClientAttack, $0.address, $0.votingPower.value, height.value)
      }
    }
    throw LedgerClientError.malformedAnswer(
      method: "block", reason: "evidence of the unknown type \(type.prefix(60))")
  }
}
