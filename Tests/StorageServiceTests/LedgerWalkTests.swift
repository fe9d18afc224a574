import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

@Suite struct LedgerWalkTests {
  @Test func everyStepOfAnHonestWalkIsProven() throws {
    let fixture = try LedgerWalkFixture()
    let walk = try fixture.walk()
    let verifier = OpeningVerifier(
      challenge: fixture.challenge, transcriptRoot: walk.transcriptRoot)
    let all = Array(UInt32(0)..<256)
    let openings = try walk.openings(of: all, source: fixture.provider)
    #expect(verifier.judge(openings, named: all) == .proven)
    try Golden("storage-ledger").check("walk-transcript", walk.transcriptRoot.hex)
    try Golden("storage-ledger").check(
      "walk-opening", Digest.sha256(openings[7].canonicalBytes()).hex)
  }

  @Test func changedPartsAreNotProven() throws {
    let fixture = try LedgerWalkFixture()
    let walk = try fixture.walk()
    let verifier = OpeningVerifier(
      challenge: fixture.challenge, transcriptRoot: walk.transcriptRoot)
    let opening = try walk.openings(of: [9], source: fixture.provider)[0]
    let encoded = opening.canonicalBytes()
    var random = SeededGenerator.fromEnvironment(default: 11)
    for _ in 0..<400 {
      var bytes = encoded
      bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
      guard let changed = try? StepOpening(canonicalBytes: bytes) else { continue }
      #expect(verifier.judge([changed], named: [9]) != .proven, "seed \(random.seed)")
    }
    #expect(verifier.judge([], named: [9]) != .proven)
    #expect(verifier.judge([opening], named: [10]) != .proven)
  }

  @Test func transcriptOfAnotherSeedIsNeverProven() throws {
    let fixture = try LedgerWalkFixture()
    let old = WalkChallenge(
      round: fixture.challenge.round, attempt: 1, provider: fixture.provider.id, seed: .zero,
      obligationRoot: fixture.challenge.obligationRoot, leafCount: fixture.challenge.leafCount,
      steps: 256)
    let walk = try fixture.walk(old)
    let verifier = OpeningVerifier(
      challenge: fixture.challenge, transcriptRoot: walk.transcriptRoot)
    for opening in try walk.openings(of: Array(0..<256), source: fixture.provider) {
      #expect(verifier.judge(opening) != .proven)
    }
  }

  @Test func namedStepsAreDifferentAndUnpredictable() throws {
    let challenge = try LedgerWalkFixture().challenge
    var counts = [Int](repeating: 0, count: 256)
    for number in 0..<2_000 {
      let beacon = Digest.sha256([UInt8(number & 255), UInt8(number >> 8)])
      let named = challenge.namedSteps(beacon: beacon, transcriptRoot: .zero, count: 8)
      #expect(Set(named).count == 8)
      for step in named { counts[Int(step)] += 1 }
    }
    // 62.5 expected a step; six standard deviations are 47.
    #expect(counts.allSatisfy { (15...110).contains($0) })
  }

  @Test func droppedLeavesAreDetectedAtTheComputedRate() throws {
    // With a share x of the leaves gone and made-up states where they were read, an opening of 8
    // steps shows it with probability 1 − (1 − x)^8.
    for (lost, expected) in [(8, 0.6634), (2, 0.2252)] as [(Int, Double)] {
      var caught = 0
      let runs = 200
      for run in 0..<runs {
        let fixture = try LedgerWalkFixture(seed: UInt64(run), segments: 1, leaves: 32)
        fixture.provider.loss = .guess
        for (id, var column) in fixture.provider.columns.sorted(by: { $0.key < $1.key }) {
          // 64 leaves in all: lost × 64 / 64 of them, half in each bundle.
          for leaf in 0..<(lost / 2) { column.leaves[0][(leaf * 7 + run) % 32] = nil }
          fixture.provider.columns[id] = column
        }
        let share = Double(lost) / 64
        #expect(abs(1 - pow8(1 - share) - expected) < 0.01)
        let walk = try fixture.walk()
        let verifier = OpeningVerifier(
          challenge: fixture.challenge, transcriptRoot: walk.transcriptRoot)
        let named = fixture.challenge.namedSteps(
          beacon: Digest.sha256([1, UInt8(run & 255)]), transcriptRoot: walk.transcriptRoot,
          count: 8)
        let openings = try walk.openings(of: named, source: fixture.provider)
        if verifier.judge(openings, named: named) != .proven { caught += 1 }
      }
      let rate = Double(caught) / Double(runs)
      #expect(abs(rate - expected) < 0.15, "caught \(rate), expected \(expected)")
    }
  }

  private func pow8(_ x: Double) -> Double {
    let square = x * x
    let fourth = square * square
    return fourth * fourth
  }

  @Test func twoColludersThatKeepOneColumnFail() throws {
    // The columns of two slots differ; a colluder that reads the other's leaves cannot bind them.
    let fixture = try LedgerWalkFixture()
    let other = try LedgerWalkFixture(seed: 2)
    for (id, column) in other.provider.columns { fixture.provider.columns[id] = column }
    #expect(throws: PossessionError.self) { try fixture.walk() }
    // Keeping the roots and borrowing the leaves gives a walk that no opening proves.
    let honest = try LedgerWalkFixture()
    for (id, var column) in honest.provider.columns {
      column.leaves = other.provider.columns[id]!.leaves
      honest.provider.columns[id] = column
    }
    let walk = try honest.walk()
    let verifier = OpeningVerifier(
      challenge: honest.challenge, transcriptRoot: walk.transcriptRoot)
    for opening in try walk.openings(of: Array(0..<256), source: honest.provider) {
      #expect(verifier.judge(opening) != .proven)
    }
  }

  @Test func encodingsAreWhatTheyWere() throws {
    let golden = Golden("storage-ledger")
    let statement = SlotStatement(
      chain: .zero, lease: LeaseID(number: 1), group: PlacementGroupID(number: 2),
      bundleKey: .zero, slot: 3, columnRoot: .zero, leafCount: 4, byteCount: 5,
      stagedByteMilliseconds: 6, end: LedgerTime(milliseconds: 7))
    try golden.check("slot-statement", Digest.sha256(statement.canonicalBytes()).hex)
    let manifest = try LedgerWalkFixture().provider.columns[BundleID(number: 1)]!.manifest
    try golden.check("manifest", manifest.hash.hex)
    try golden.check("bundle-root", manifest.bundleRoot.hex)
    let payload = StoragePayload.postTranscript(
      PostTranscript(round: RoundID(number: 1), attempt: 1, transcriptRoot: .zero))
    try golden.check("post-transcript", Digest.sha256(payload.canonicalBytes()).hex)
    #expect(try StoragePayload(canonicalBytes: payload.canonicalBytes()) == payload)
  }

  @Test func decodersRefuseRandomBytes() {
    var random = SeededGenerator.fromEnvironment(default: 5)
    for _ in 0..<2_000 {
      let bytes = random.bytes(Int(random.next() % 300))
      if let payload = try? StoragePayload(canonicalBytes: bytes) {
        #expect(payload.canonicalBytes() == bytes, "seed \(random.seed)")
      }
    }
  }
}
