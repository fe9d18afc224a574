import Primitives

/// Why a block is not trusted.
package enum LightClientError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Header, commit and validators do not belong together.
  case badBlock(height: UInt64, reason: String)
  /// A validator set that cannot be one.
  case badValidatorSet(String)
  /// A commit with a place or signature that is not its validator's.
  case badCommit(String)
  /// A block of another chain.
  case otherChain(found: String, expected: String)
  /// No more than two thirds of the block's own validators signed it.
  case tooLittlePower(signed: UInt64, total: UInt64)
  /// Too few of the validators that are trusted signed the block.
  case tooLittleTrustedPower(signed: UInt64, total: UInt64, fraction: TrustFraction)
  /// The validators are not those that the height before announced.
  case unannouncedValidators(height: UInt64)
  /// The header's time does not follow the trusted one's, or lies ahead of our clock.
  case badTime(height: UInt64, reason: String)
  /// What is trusted is too old to vouch for anything: its validators may have left.
  case trustExpired(height: UInt64)
  /// The block at the trust root's height is another one.
  case notTheTrustedBlock(height: UInt64, found: Digest, trusted: Digest)
  /// The node answered with another height than it was asked for.
  case wrongHeight(asked: UInt64, answered: UInt64)
  /// The height lies before what is trusted.
  case belowTrust(height: UInt64, trusted: UInt64)
  /// Two nodes showed different blocks of one height, both signed: the chain was forked.
  case conflictingBlocks(height: UInt64, first: Digest, second: Digest)

  package var description: String {
    switch self {
    case .badBlock(let height, let reason): "block \(height) is not sound: \(reason)"
    case .badValidatorSet(let reason): "the validator set is not sound: \(reason)"
    case .badCommit(let reason): "the commit is not sound: \(reason)"
    case .otherChain(let found, let expected):
      "the node is of chain “\(found)”, but “\(expected)” is trusted; check its address"
    case .tooLittlePower(let signed, let total):
      "validators with power \(signed) of \(total) signed; more than 2/3 must"
    case .tooLittleTrustedPower(let signed, let total, let fraction):
      "trusted validators with power \(signed) of \(total) signed; more than \(fraction) must"
    case .unannouncedValidators(let height):
      "the validators of block \(height) are not those that the block before announced"
    case .badTime(let height, let reason): "the time of block \(height) cannot be: \(reason)"
    case .trustExpired(let height):
      "the trusted block \(height) is older than the trusting period; take the hash of a recent "
        + "block from someone you trust and write it into the trust file"
    case .notTheTrustedBlock(let height, let found, let trusted):
      "the node's block \(height) has hash \(found), but \(trusted) is trusted: the node is of "
        + "another chain or lies"
    case .wrongHeight(let asked, let answered):
      "block \(asked) was asked for and \(answered) came"
    case .belowTrust(let height, let trusted):
      "block \(height) lies before the trusted block \(trusted)"
    case .conflictingBlocks(let height, let first, let second):
      "two nodes show different signed blocks of height \(height): \(first) and \(second). A third "
        + "or more of the validators signed both; stop, and tell the network's operators"
    }
  }
}
