import Cryptography
import Primitives

/// When a block is trusted because of an earlier one: the rules of the CometBFT light client
/// (spec/light-client/verification, v0.38), as pure functions.
package struct LightClientRules: Hashable, Sendable {
  /// The chain's name.
  package let chainID: String
  /// For how long a trusted block vouches for later ones, in seconds. Must be shorter than the
  /// time that a validator's stake stays slashable.
  package let trustingPeriodSeconds: Int64
  /// How much of a trusted height's power must have signed a later block.
  package let trustFraction: TrustFraction
  /// How far a header may be ahead of our clock, in seconds.
  package let clockDriftSeconds: Int64

  package init(
    chainID: String, trustingPeriodSeconds: Int64, trustFraction: TrustFraction = .oneThird,
    clockDriftSeconds: Int64 = 10
  ) {
    self.chainID = chainID
    self.trustingPeriodSeconds = trustingPeriodSeconds
    self.trustFraction = trustFraction
    self.clockDriftSeconds = clockDriftSeconds
  }

  /// Whether `block` is the one whose hash someone trusted vouched for, and signed by its own
  /// validators.
  /// - Throws: ``LightClientError``.
  package func verifyRoot(
    _ block: LightBlock, hash: Digest, height: UInt64
  ) throws(LightClientError) {
    guard block.height == height else {
      throw .wrongHeight(asked: height, answered: block.height)
    }
    guard block.header.hash == hash else {
      throw .notTheTrustedBlock(height: height, found: block.header.hash, trusted: hash)
    }
    try block.checkCoherence(chainID: chainID)
    try CommitVerification.byOwnSet(block.commit, chainID: chainID, validators: block.validators)
  }

  /// Whether `block` is trusted because `trusted` is.
  ///
  /// The next height must have the validators that the trusted header announced; a later one must
  /// be signed by more than ``trustFraction`` of the trusted height's power. Both must be signed by
  /// more than two thirds of their own.
  /// - Throws: ``LightClientError``; of these
  ///   ``LightClientError/tooLittleTrustedPower(signed:total:fraction:)`` means that a height in
  ///   between may help (``SkippingVerification``).
  package func verify(
    _ block: LightBlock, trusted: LightBlock, now: ConsensusTime
  ) throws(LightClientError) {
    guard block.height > trusted.height else {
      throw .belowTrust(height: block.height, trusted: trusted.height)
    }
    guard isWithinTrust(trusted, now: now) else { throw .trustExpired(height: trusted.height) }
    try block.checkCoherence(chainID: chainID)
    try checkTime(block, after: trusted, now: now)
    if block.height == trusted.height + 1 {
      guard block.header.hashes.validators == trusted.header.hashes.nextValidators else {
        throw .unannouncedValidators(height: block.height)
      }
      guard block.header.lastBlock.hash == trusted.header.hash.bytes else {
        throw .badBlock(height: block.height, reason: "it does not follow the trusted block")
      }
    } else {
      try CommitVerification.byTrustedSet(
        block.commit, chainID: chainID, validators: trusted.validators, fraction: trustFraction)
    }
    try CommitVerification.byOwnSet(block.commit, chainID: chainID, validators: block.validators)
  }

  /// Whether a trusted block may still vouch for others.
  package func isWithinTrust(_ block: LightBlock, now: ConsensusTime) -> Bool {
    now < block.header.time.advanced(seconds: trustingPeriodSeconds)
  }

  private func checkTime(
    _ block: LightBlock, after trusted: LightBlock, now: ConsensusTime
  ) throws(LightClientError) {
    guard block.header.time > trusted.header.time else {
      throw .badTime(height: block.height, reason: "it is not after block \(trusted.height)'s")
    }
    guard block.header.time < now.advanced(seconds: clockDriftSeconds) else {
      throw .badTime(
        height: block.height,
        reason: "it is more than \(clockDriftSeconds) s ahead of this machine's clock")
    }
  }
}
