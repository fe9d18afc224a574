/// Which sequences of calls a consensus engine may make: the grammar of ABCI 2.0, as a machine that
/// is fed one call after the other.
///
/// ```
/// start      = (clean-start / state-sync / recovery) *decision
/// clean-start = info init-chain
/// state-sync = info *( offer-snapshot *apply-chunk ) info
/// recovery   = info [init-chain] *( finalize-block commit )
/// decision   = *round finalize-block commit
/// round      = *( prepare-proposal / process-proposal / extend-vote / verify-vote-extension )
/// ```
///
/// Calls that only read (Echo, Flush, Query, CheckTx, ListSnapshots, LoadSnapshotChunk) are legal
/// anywhere. A crash, of either side, takes the engine back to `start`; what it may do then depends
/// on what the application has committed.
package struct CallGrammar: Hashable, Sendable {
  /// A call with what matters of it.
  package enum Call: Hashable, Sendable {
    /// Answered with the last committed height.
    case info(committed: UInt64)
    case initChain
    /// Answered: whether the snapshot was accepted.
    case offerSnapshot(height: UInt64, accepted: Bool)
    /// Answered: whether the chunk was taken, and whether it was the last.
    case applySnapshotChunk(isLast: Bool)
    case prepareProposal(height: UInt64)
    case processProposal(height: UInt64)
    case extendVote(height: UInt64)
    case verifyVoteExtension(height: UInt64)
    case finalizeBlock(height: UInt64)
    case commit
    /// A call that only reads.
    case read
  }

  /// Why a call is not legal.
  package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  private enum Phase: Hashable {
    /// Nothing was asked yet since the start of either side.
    case unconnected
    /// The application has no state; it waits for InitChain or a snapshot.
    case empty
    /// Chunks of the snapshot of a height are taken in.
    case restoring(height: UInt64)
    /// The snapshot is in; Info has to confirm it.
    case restored(height: UInt64)
    /// Between blocks: the application has committed this height.
    case between(height: UInt64)
    /// In the rounds of this height.
    case proposing(height: UInt64)
    /// This height is executed, not committed.
    case executed(height: UInt64)
  }

  private var phase = Phase.unconnected

  package init() {}

  /// Whether the engine may stop here without leaving a block half done.
  package var isBetweenBlocks: Bool {
    if case .between = phase { true } else { false }
  }

  /// The connection is gone: the engine begins anew.
  package mutating func restart() { phase = .unconnected }

  /// Takes the next call.
  /// - Throws: ``Violation``; the call then changes nothing.
  package mutating func take(_ call: Call) throws(Violation) {
    switch (phase, call) {
    case (_, .read): break
    case (.unconnected, .info(let height)):
      phase = height == 0 ? .empty : .between(height: height)
    case (.restored(let restored), .info(let height)):
      guard height == restored else { throw unexpected(call) }
      phase = .between(height: height)
    case (.empty, .info(0)): break
    case (.between(let last), .info(let height)) where height == last: break
    case (.proposing(let proposed), .info(let height)) where height + 1 == proposed: break
    case (.executed(let executed), .info(let height)) where height + 1 == executed: break
    case (.empty, .initChain): phase = .between(height: 0)
    case (.empty, .offerSnapshot(let height, let accepted)),
      (.restoring, .offerSnapshot(let height, let accepted)):
      phase = accepted ? .restoring(height: height) : .empty
    case (.restoring(let height), .applySnapshotChunk(let isLast)):
      if isLast { phase = .restored(height: height) }
    default: try takeBlockCall(call)
    }
  }

  private mutating func takeBlockCall(_ call: Call) throws(Violation) {
    switch (phase, call) {
    case (.executed(let height), .commit): phase = .between(height: height)
    case (.executed(let executed), .finalizeBlock(let height)) where height == executed: break
    case (.between(let last), .finalizeBlock(let height)) where height == last + 1:
      phase = .executed(height: height)
    case (.proposing(let proposed), .finalizeBlock(let height)) where height == proposed:
      phase = .executed(height: height)
    case (.between(let last), _):
      guard Self.roundHeight(call) == last + 1 else { throw unexpected(call) }
      phase = .proposing(height: last + 1)
    case (.proposing(let proposed), _):
      guard Self.roundHeight(call) == proposed else { throw unexpected(call) }
    default: throw unexpected(call)
    }
  }

  private static func roundHeight(_ call: Call) -> UInt64? {
    switch call {
    case .prepareProposal(let height), .processProposal(let height), .extendVote(let height),
      .verifyVoteExtension(let height):
      height
    default: nil
    }
  }

  private func unexpected(_ call: Call) -> Violation {
    Violation(description: "\(call) is not legal in the phase “\(phase)”")
  }
}
