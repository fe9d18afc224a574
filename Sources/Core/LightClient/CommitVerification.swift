import Cryptography
import Primitives

/// Whether the votes of a commit suffice.
enum CommitVerification {
  /// More than two thirds of the height's own validators voted for the block.
  ///
  /// Every signature that is there is checked, those for no block too and those beyond two thirds
  /// as well: an honest node never hands on a bad one, so one that does is not to be relied on.
  static func byOwnSet(
    _ commit: BlockCommit, chainID: String, validators: ConsensusValidatorSet
  ) throws(LightClientError) {
    guard commit.places.count == validators.validators.count else {
      throw .badCommit(
        "it has \(commit.places.count) places for \(validators.validators.count) validators")
    }
    var power: UInt64 = 0
    for (index, place) in commit.places.enumerated() where place.vote != .absent {
      let validator = validators.validators[index]
      guard place.address == validator.address else {
        throw .badCommit("place \(index) names \(place.address.hex), not its validator")
      }
      try check(place, at: index, of: commit, chainID: chainID, key: validator.key)
      if place.vote == .block { power += validator.power }
    }
    let needed = validators.totalPower / 3 * 2 + validators.totalPower % 3 * 2 / 3
    guard power > needed else {
      throw .tooLittlePower(signed: power, total: validators.totalPower)
    }
  }

  /// More than `fraction` of validators that were trusted at an earlier height voted for the block.
  ///
  /// - Throws: ``LightClientError/tooLittleTrustedPower(signed:total:fraction:)`` when they did
  ///   not, which tells the caller to look for a height in between.
  static func byTrustedSet(
    _ commit: BlockCommit, chainID: String, validators: ConsensusValidatorSet,
    fraction: TrustFraction
  ) throws(LightClientError) {
    var power: UInt64 = 0
    var seen: Set<Int> = []
    for (index, place) in commit.places.enumerated() where place.vote == .block {
      guard let known = validators.place(of: place.address) else { continue }
      guard seen.insert(known).inserted else {
        throw .badCommit("validator \(place.address.hex) voted twice")
      }
      let validator = validators.validators[known]
      try check(place, at: index, of: commit, chainID: chainID, key: validator.key)
      power += validator.power
    }
    guard fraction.isExceeded(by: power, of: validators.totalPower) else {
      throw .tooLittleTrustedPower(
        signed: power, total: validators.totalPower, fraction: fraction)
    }
  }

  private static func check(
    _ place: BlockCommit.Place, at index: Int, of commit: BlockCommit, chainID: String,
    key: AccountID
  ) throws(LightClientError) {
    guard let signature = place.signature,
      key.verifies(signature, of: commit.signedBytes(at: index, chainID: chainID))
    else { throw .badCommit("the signature at place \(index) is not \(place.address.hex)'s") }
  }
}

/// How much of an earlier height's power must have signed a later block for it to be trusted
/// without the heights in between.
package struct TrustFraction: Hashable, Sendable, CustomStringConvertible {
  package let numerator: UInt64
  package let denominator: UInt64

  /// One third: with fewer than a third of the power faulty, at least one signer is honest.
  package static let oneThird = TrustFraction(known: 1, 3)

  private init(known numerator: UInt64, _ denominator: UInt64) {
    self.numerator = numerator
    self.denominator = denominator
  }

  /// A fraction from 1/3 to 1; nil when it is none.
  package init?(numerator: UInt64, denominator: UInt64) {
    guard denominator > 0, denominator <= 1_000_000, numerator <= denominator,
      numerator * 3 >= denominator
    else { return nil }
    self.init(known: numerator, denominator)
  }

  package var description: String { "\(numerator)/\(denominator)" }

  /// Whether `part` is more than this fraction of `whole`.
  func isExceeded(by part: UInt64, of whole: UInt64) -> Bool {
    let left = part.multipliedFullWidth(by: denominator)
    let right = whole.multipliedFullWidth(by: numerator)
    return (left.high, left.low) > (right.high, right.low)
  }
}
