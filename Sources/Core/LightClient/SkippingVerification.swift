import Primitives

/// The walk from a trusted block to a wanted height, as a state machine: it says which block to
/// fetch, the caller fetches it.
///
/// It tries the wanted height at once; where too few of the trusted validators signed that block,
/// it tries one halfway, and so on (bisection). With ``Mode/sequential`` it takes every height.
package struct SkippingVerification: Sendable {
  /// How heights in between are treated.
  package enum Mode: Sendable {
    /// As few blocks as the validators' changes allow.
    case skipping
    /// Every block.
    case sequential
  }

  /// What comes next.
  package enum Step: Hashable, Sendable {
    /// The block at this height is wanted.
    case fetch(UInt64)
    /// The wanted height's block is trusted.
    case done(LightBlock)
  }

  private let rules: LightClientRules
  private let target: UInt64
  private let mode: Mode
  /// The highest block that is trusted so far.
  package private(set) var trusted: LightBlock
  /// Blocks that were fetched and could not be trusted yet, the nearest last.
  private var waiting: [LightBlock] = []

  /// A walk from `trusted` to `target`.
  /// - Throws: ``LightClientError/belowTrust(height:trusted:)``.
  package init(
    rules: LightClientRules, trusted: LightBlock, target: UInt64, mode: Mode = .skipping
  ) throws(LightClientError) {
    guard target >= trusted.height else {
      throw .belowTrust(height: target, trusted: trusted.height)
    }
    self.rules = rules
    self.trusted = trusted
    self.target = target
    self.mode = mode
  }

  /// The first step.
  package var first: Step {
    if trusted.height == target { return .done(trusted) }
    return .fetch(mode == .sequential ? trusted.height + 1 : target)
  }

  /// Takes a fetched block and says what comes next.
  /// - Parameter expected: the height that was asked for.
  /// - Throws: ``LightClientError``.
  package mutating func take(
    _ block: LightBlock, expected: UInt64, now: ConsensusTime
  ) throws(LightClientError) -> Step {
    guard block.height == expected else {
      throw .wrongHeight(asked: expected, answered: block.height)
    }
    waiting.append(block)
    while let candidate = waiting.last {
      do throws(LightClientError) {
        try rules.verify(candidate, trusted: trusted, now: now)
      } catch {
        guard case .tooLittleTrustedPower = error,
          candidate.height > trusted.height + 1
        else { throw error }
        return .fetch(trusted.height + (candidate.height - trusted.height) / 2)
      }
      trusted = candidate
      waiting.removeLast()
    }
    if trusted.height == target { return .done(trusted) }
    return .fetch(trusted.height + 1)
  }
}
