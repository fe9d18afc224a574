import Primitives

/// What the validators' oracle last said that one token costs.
package struct TokenPrice: Hashable, Sendable {
  /// Credits (US dollars) for one whole token.
  package let creditsPerToken: Credits
  /// When it was last reported by more than two thirds of the power.
  package let time: LedgerTime
  /// Whether it is young enough for anything to be minted by it.
  package let isFresh: Bool

  package init(creditsPerToken: Credits, time: LedgerTime, isFresh: Bool) {
    self.creditsPerToken = creditsPerToken
    self.time = time
    self.isFresh = isFresh
  }
}

extension ServiceContext {
  /// No oracle: what contexts without one say.
  package var tokenPrice: TokenPrice? { nil }
}
