import ABCI
import TestSupport
import Testing

@Suite struct CallGrammarTests {
  typealias Call = CallGrammar.Call

  /// The index of the first call that is not legal; nil when all are.
  private func violation(_ calls: [Call]) -> Int? {
    var grammar = CallGrammar()
    for (index, call) in calls.enumerated() {
      do { try grammar.take(call) } catch { return index }
    }
    return nil
  }

  private func block(_ height: UInt64) -> [Call] {
    [
      .prepareProposal(height: height), .processProposal(height: height),
      .extendVote(height: height), .verifyVoteExtension(height: height), .read,
      .finalizeBlock(height: height), .commit,
    ]
  }

  private let fresh: [Call] = [.info(committed: 0), .initChain]

  @Test func legalSequences() {
    let legal: [[Call]] = [
      fresh, fresh + block(1) + block(2),
      // Rounds that fail, and a node that only follows.
      fresh + [.processProposal(height: 1), .processProposal(height: 1)] + block(1),
      fresh + [.finalizeBlock(height: 1), .commit],
      // After a crash: Info only; the last block again; all of them.
      [.info(committed: 7), .processProposal(height: 8)],
      [.info(committed: 7), .finalizeBlock(height: 8), .finalizeBlock(height: 8), .commit],
      [.info(committed: 0), .initChain, .finalizeBlock(height: 1), .commit] + block(2),
      // State sync, with a snapshot that is refused and one that is given up.
      [
        .info(committed: 0), .offerSnapshot(height: 9, accepted: false),
        .offerSnapshot(height: 8, accepted: true), .applySnapshotChunk(isLast: false),
        .offerSnapshot(height: 7, accepted: true), .applySnapshotChunk(isLast: false),
        .applySnapshotChunk(isLast: true), .info(committed: 7), .finalizeBlock(height: 8), .commit,
      ],
      [.read] + fresh + [.info(committed: 0)] + block(1) + [.info(committed: 1)],
    ]
    for calls in legal { #expect(violation(calls) == nil, "\(calls)") }
  }

  @Test func illegalSequences() {
    let illegal: [[Call]] = [
      [.initChain], [.commit], [.finalizeBlock(height: 1)],
      [.info(committed: 0), .finalizeBlock(height: 1)],
      fresh + [.commit], fresh + [.finalizeBlock(height: 2)], fresh + [.initChain],
      fresh + [.finalizeBlock(height: 1), .finalizeBlock(height: 2)],
      fresh + [.finalizeBlock(height: 1), .processProposal(height: 2)],
      fresh + [.prepareProposal(height: 2)], fresh + block(1) + [.extendVote(height: 1)],
      fresh + block(1) + [.commit], [.info(committed: 3), .initChain],
      [.info(committed: 0), .applySnapshotChunk(isLast: true)],
      fresh + [.offerSnapshot(height: 3, accepted: true)],
      [
        .info(committed: 0), .offerSnapshot(height: 8, accepted: true),
        .applySnapshotChunk(isLast: true), .finalizeBlock(height: 9),
      ],
      [
        .info(committed: 0), .offerSnapshot(height: 8, accepted: true),
        .applySnapshotChunk(isLast: true), .info(committed: 7),
      ],
    ]
    for calls in illegal { #expect(violation(calls) == calls.count - 1, "\(calls)") }
  }

  /// Leaving one call out of a chain's life, or saying one twice, is seen unless it is one of those
  /// that may be missing or come again.
  @Test func mutationsAreSeen() {
    let life = fresh + block(1) + block(2) + [.prepareProposal(height: 3)]
    for index in life.indices {
      var without = life
      without.remove(at: index)
      var twice = life
      twice.insert(life[index], at: index)
      switch life[index] {
      case .info, .initChain, .finalizeBlock, .commit:
        #expect(violation(without) != nil, "without \(life[index])")
      default:
        #expect(violation(without) == nil)
        #expect(violation(twice) == nil)
      }
      if life[index] == .commit || life[index] == .initChain {
        #expect(violation(twice) != nil, "\(life[index]) twice")
      }
    }
  }
}
