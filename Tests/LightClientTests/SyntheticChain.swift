import Cryptography
import LightClient
import Primitives
import TestSupport

/// A chain whose validators' keys the test holds, so that it can also forge.
struct SyntheticChain {
  static let chainID = "synthetic-1"
  private(set) var blocks: [LightBlock] = []
  /// The keys of each height's validators, in the set's order.
  private(set) var keys: [[SigningKey]] = []
  private var generator: SeededGenerator
  private let startSeconds: Int64 = 1_800_000_000

  /// A chain in which each block replaces a validator with a chance of 1 in `changeOneIn`.
  /// - Parameter applicationHash: the state root in a height's header.
  init(
    length: Int, validators count: Int = 4, changeOneIn: UInt64 = 3, seed: UInt64,
    applicationHash: (Int) -> [UInt8] = { [UInt8($0 & 255)] }
  ) throws {
    generator = SeededGenerator(seed: seed)
    var current = Self.sorted((0..<count).map { _ in Self.newMember(&generator) })
    for height in 1...length {
      var next = current
      if generator.next() % changeOneIn == 0 {
        next[Int(generator.next() % UInt64(count))] = Self.newMember(&generator)
        next = Self.sorted(next)
      }
      try append(height, current, next, applicationHash(height))
      current = next
    }
  }

  typealias Member = (key: SigningKey, power: UInt64)

  var rules: LightClientRules {
    LightClientRules(chainID: Self.chainID, trustingPeriodSeconds: 100_000)
  }
  var now: ConsensusTime {
    (blocks.last?.header.time ?? .none).advanced(seconds: 5)
  }

  private static func newMember(_ generator: inout SeededGenerator) -> Member {
    (
      SigningKey(seed: Bytes32(generator.bytes(32)) ?? .zero), 10 + generator.next() % 10
    )
  }

  private static func sorted(_ members: [Member]) -> [Member] {
    members.sorted {
      ($1.power, $0.key.accountID.bytes.hex) < ($0.power, $1.key.accountID.bytes.hex)
    }
  }

  static func set(_ members: [Member]) throws -> ConsensusValidatorSet {
    try ConsensusValidatorSet(
      members.map { ConsensusValidator(key: $0.key.accountID, power: $0.power) })
  }

  private mutating func append(
    _ height: Int, _ members: [Member], _ next: [Member], _ application: [UInt8]
  ) throws {
    let set = try Self.set(members)
    let header = Self.header(
      height, set: set, next: try Self.set(next), previous: blocks.last,
      seconds: startSeconds + Int64(height), application: application)
    keys.append(members.map(\.key))
    blocks.append(Self.signed(header, set: set, keys: members.map(\.key)))
  }

  static func header(
    _ height: Int, set: ConsensusValidatorSet, next: ConsensusValidatorSet,
    previous: LightBlock?, seconds: Int64, application: [UInt8]
  ) -> ConsensusHeader {
    ConsensusHeader(
      blockVersion: 11, applicationVersion: 1, chainID: chainID, height: UInt64(height),
      time: ConsensusTime(seconds: seconds, nanoseconds: 0) ?? .none,
      lastBlock: previous?.commit.block
        ?? BlockIdentity(hash: [], partCount: 0, partsHash: []),
      hashes: ConsensusHeader.Hashes(
        lastCommit: Digest.sha256([1]).bytes, data: Digest.sha256([2]).bytes,
        validators: set.hash.bytes, nextValidators: next.hash.bytes,
        consensus: Digest.sha256([3]).bytes, application: application,
        lastResults: Digest.sha256([4]).bytes, evidence: Digest.sha256([]).bytes,
        proposer: set.validators[0].address))
  }

  /// The header with the votes of `keys`; a nil key is absent.
  static func signed(
    _ header: ConsensusHeader, set: ConsensusValidatorSet, keys: [SigningKey?]
  ) -> LightBlock {
    let identity = BlockIdentity(
      hash: header.hash.bytes, partCount: 1, partsHash: Digest.sha256([5]).bytes)
    func commit(_ signatures: [Signature?]) -> BlockCommit {
      BlockCommit(
        height: header.height, round: 0, block: identity,
        places: zip(set.validators, signatures).map { validator, signature in
          signature == nil
            ? BlockCommit.Place(vote: .absent, address: [], time: .none, signature: nil)
            : BlockCommit.Place(
              vote: .block, address: validator.address, time: header.time, signature: signature)
        })
    }
    let blank = Signature(bytes: [UInt8](repeating: 0, count: 64))
    let unsigned = commit(keys.map { $0 == nil ? nil : blank })
    return LightBlock(
      header: header,
      commit: commit(
        keys.enumerated().map { index, key in
          key?.sign(unsigned.signedBytes(at: index, chainID: chainID))
        }), validators: set)
  }
}
