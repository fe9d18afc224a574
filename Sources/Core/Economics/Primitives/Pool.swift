import Primitives

/// A part of an emission and who gets it. Pools form a tree: a pool may be divided again.
package struct Pool: Hashable, Sendable {
  /// What of the parent it asks for.
  package enum Portion: Hashable, Sendable {
    /// A fixed fraction, in parts of 1,000,000 of the whole, rounded down.
    case perMillion(UInt64)
    /// So many tokens an epoch.
    case fixed(Amount)
    /// The candidate's share of the votes, of the whole, rounded down.
    case votes(candidate: String)
    /// A part of what the role's customers paid, in tokens at the oracle price and in parts of
    /// 1,000,000, at most a fraction of the whole (Helium HIP-10: data transfer first).
    case usage(role: String, perMillion: UInt64, atMostPerMillion: UInt64)
    /// A fixed fraction, but at most so many credits for each unit of the role's work (HIP-149).
    case cappedWork(perMillion: UInt64, role: String, creditsPerUnit: Credits)
  }

  /// Who gets it.
  package indirect enum Recipients: Hashable, Sendable {
    /// It collects in the bucket of the pool's name.
    case bucket
    /// It is burned, or never minted.
    case burn
    /// The accounts of a role, in proportion to their weights.
    case accounts(role: String, weight: Weight)
    /// It is divided again.
    case split(PoolSplit)
  }

  /// Its name: in payout lines, and of its bucket.
  package var name: String
  package var portion: Portion
  package var recipients: Recipients
  /// Whether the policy's vesting applies to what accounts get from it.
  package var vests: Bool

  package init(
    _ name: String, _ portion: Portion, _ recipients: Recipients, vests: Bool = false
  ) {
    self.name = name
    self.portion = portion
    self.recipients = recipients
    self.vests = vests
  }
}

/// A waterfall of pools. What they leave, and every remainder of a division among accounts, goes to
/// the residual bucket; so the parts add up to the whole exactly.
package struct PoolSplit: Hashable, Sendable {
  package var pools: [Pool]
  /// The bucket that gets the rest.
  package var residual: String
  /// Accounts that get the rest first; the bucket then gets the remainder of that division.
  package var residualRecipients: Pool.Recipients

  package init(
    _ pools: [Pool], residual: String, residualRecipients: Pool.Recipients = .bucket
  ) {
    self.pools = pools
    self.residual = residual
    self.residualRecipients = residualRecipients
  }
}
