import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

/// A provider that dropped a tenth of its leaves, and that chooses the states which it has to make
/// up so that as much as possible of what follows lies on leaves that it kept.
@Suite struct LedgerGrindingTests {
  private struct Cheater {
    let challenge: WalkChallenge
    let leaves: [[UInt8]]
    let dropped: Set<UInt64>
    /// Whether places follow from states alone: what the rule is not.
    var readsByStateOnly = false
    var tries = 1 << 12

    private func place(_ step: UInt32, _ first: Digest, _ state: Digest) -> UInt64 {
      // Odd steps read by the state.
      challenge.leafIndex(step: readsByStateOnly ? 1 : step, first: first, state: state)
    }

    /// The states from `state` before `step` up to the next step whose leaf is gone.
    private func run(from step: UInt32, _ first: Digest, _ state: Digest) -> [Digest] {
      var states: [Digest] = []
      var state = state
      var step = step
      while step < challenge.steps {
        let index = place(step, first, state)
        if dropped.contains(index) { break }
        state = WalkChallenge.nextState(
          first: first, step: step, state: state, leaf: leaves[Int(index)])
        states.append(state)
        step += 1
      }
      return states
    }

    /// The next step that no made-up state saves, or T.
    private func wall(after step: UInt32, _ first: Digest) -> Int {
      if readsByStateOnly { return Int(challenge.steps) }
      return Int(
        (step..<challenge.steps).first {
          $0.isMultiple(of: 2) && dropped.contains(place($0, first, .zero))
        } ?? challenge.steps)
    }

    /// s[1] … s[T], and the steps that do not follow.
    func transcript() -> (states: [Digest], broken: Set<UInt32>) {
      let first = challenge.firstState
      var states = run(from: 0, first, first)
      var broken: Set<UInt32> = []
      while states.count < Int(challenge.steps) {
        let step = UInt32(states.count)
        broken.insert(step)
        let wall = wall(after: step + 1, first)
        var best: [Digest] = []
        for nonce in 0..<tries {
          let made = Digest.sha256([UInt8(nonce & 255), UInt8(nonce >> 8), UInt8(step & 255)])
          let found = [made] + run(from: step + 1, first, made)
          if found.count > best.count { best = found }
          if states.count + best.count >= wall { break }
        }
        states += best
      }
      return (states, broken)
    }
  }

  private func cheater(_ fixture: LedgerWalkFixture, _ run: UInt64) throws -> Cheater {
    var leaves: [[UInt8]] = []
    for row in fixture.rows {
      for shard in fixture.provider.columns[row.bundle]!.leaves {
        leaves += shard.map { $0! }
      }
    }
    #expect(UInt64(leaves.count) == fixture.challenge.leafCount)
    var random = SeededGenerator(seed: run)
    var dropped: Set<UInt64> = []
    while dropped.count < leaves.count / 10 {
      dropped.insert(random.next() % UInt64(leaves.count))
    }
    return Cheater(challenge: fixture.challenge, leaves: leaves, dropped: dropped)
  }

  @Test func grindingDoesNotHideAnEvenStep() throws {
    var caught = 0
    let runs = 200
    var broken = 0
    for run in 0..<runs {
      let fixture = try LedgerWalkFixture(seed: UInt64(run + 1), segments: 1, leaves: 100)
      let cheat = try cheater(fixture, UInt64(run)).transcript()
      broken += cheat.broken.count
      let root = MerkleLevels(leafHashes: cheat.states).root
      let verifier = OpeningVerifier(challenge: fixture.challenge, transcriptRoot: root)
      let named = fixture.challenge.namedSteps(
        beacon: Digest.sha256([2, UInt8(run & 255)]), transcriptRoot: root, count: 8)
      // It is lent the dropped leaves for the opening: only the broken links give it away.
      let openings = try forgedOpenings(
        named, states: cheat.states, of: fixture.challenge, rows: fixture.rows, frozenHeight: 2,
        source: fixture.provider)
      let finding = verifier.judge(openings, named: named)
      #expect((finding == .proven) == cheat.broken.isDisjoint(with: named))
      if finding != .proven { caught += 1 }
    }
    // A tenth of the 128 even steps stays broken whatever it tries: 1 − (1 − 0.1)^4 = 0.344.
    #expect((11...15).contains(Double(broken) / Double(runs)), "\(broken) broken in \(runs) runs")
    let rate = Double(caught) / Double(runs)
    #expect(rate > 0.344 - 0.11, "caught \(rate)")
  }

  @Test func placesFromStatesAloneWouldBeGround() throws {
    let fixture = try LedgerWalkFixture(seed: 1, segments: 1, leaves: 100)
    var cheat = try cheater(fixture, 1)
    let now = cheat.transcript().broken.count
    cheat.readsByStateOnly = true
    cheat.tries = 1 << 10
    let before = cheat.transcript().broken.count
    #expect(before <= 8 && now > before, "\(before), now \(now)")
  }
}
