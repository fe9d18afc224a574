import ABCI
import Ledger
import Primitives

/// The engine's validator sets: what the application answers for height H acts at H + 2.
struct EngineValidators: Sendable {
  /// The largest sum of powers that CometBFT takes.
  private static let totalLimit = Int64.max / 8

  private var sets: [UInt64: [Bytes32: Int64]] = [:]

  /// The sets of heights 1 and 2.
  mutating func begin(_ updates: [ABCIValidatorUpdate]) throws {
    sets = [:]
    sets[1] = try Self.changed([:], by: updates)
    sets[2] = sets[1]
  }

  func set(of height: UInt64) -> [Bytes32: Int64] { sets[height] ?? [:] }

  /// By power, then by address.
  func ordered(of height: UInt64) -> [(key: Bytes32, power: Int64)] {
    set(of: height).map { (key: $0.key, power: $0.value) }.sorted {
      if $0.power != $1.power { return $0.power > $1.power }
      return ConsensusAddress(publicKey: $0.key) < ConsensusAddress(publicKey: $1.key)
    }
  }

  /// Takes what was decided at a height.
  /// - Throws: ``EngineFailure`` for what halts consensus.
  mutating func apply(_ updates: [ABCIValidatorUpdate], decidedAt height: UInt64) throws {
    sets[height + 2] = try Self.changed(set(of: height + 1), by: updates)
  }

  private static func changed(
    _ set: [Bytes32: Int64], by updates: [ABCIValidatorUpdate]
  ) throws -> [Bytes32: Int64] {
    var (set, seen) = (set, Set<Bytes32>())
    for update in updates {
      guard let key = Bytes32(update.pubKey.ed25519), seen.insert(key).inserted else {
        throw EngineFailure("a key that is none, or twice: \(update)")
      }
      guard update.power >= 0 else { throw EngineFailure("a negative power: \(update)") }
      if update.power == 0, set[key] == nil {
        throw EngineFailure("a validator is removed that is not in the set: \(key.hex)")
      }
      set[key] = update.power == 0 ? nil : update.power
    }
    guard !set.isEmpty else { throw EngineFailure("an empty set of validators") }
    guard set.values.reduce(0, +) <= totalLimit else { throw EngineFailure("too much power") }
    return set
  }
}
