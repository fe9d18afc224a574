import Cryptography
import LightClient
import Primitives
import TestSupport
import Testing

/// What an attacker with some validators' keys can and cannot make a light client believe.
@Suite struct LightClientRulesTests {
  private func walk(
    _ chain: SyntheticChain, to target: Int, mode: SkippingVerification.Mode
  ) throws -> (LightBlock, fetched: Int) {
    var walk = try SkippingVerification(
      rules: chain.rules, trusted: chain.blocks[0], target: UInt64(target), mode: mode)
    var step = walk.first
    var fetched = 0
    while case .fetch(let height) = step {
      fetched += 1
      step = try walk.take(chain.blocks[Int(height) - 1], expected: height, now: chain.now)
    }
    return (walk.trusted, fetched)
  }

  @Test func skippingComesToTheSameAsSequentialWithFewerBlocks() throws {
    var seeds = SeededGenerator.fromEnvironment(default: 71)
    for _ in 0..<8 {
      let chain = try SyntheticChain(length: 60, seed: seeds.next())
      let slow = try walk(chain, to: 60, mode: .sequential)
      let fast = try walk(chain, to: 60, mode: .skipping)
      #expect(slow.0 == fast.0 && slow.0 == chain.blocks[59])
      #expect(slow.fetched == 59 && fast.fetched < 59, "\(fast.fetched) blocks")
    }
  }

  @Test func twoThirdsExactlyAreNotEnough() throws {
    var generator = SeededGenerator(seed: 5)
    let members: [SyntheticChain.Member] = (0..<3).map { _ in
      (SigningKey(seed: Bytes32(generator.bytes(32)) ?? .zero), 10)
    }
    let set = try SyntheticChain.set(members)
    let header = SyntheticChain.header(
      1, set: set, next: set, previous: nil, seconds: 1_800_000_000, application: [])
    let rules = LightClientRules(chainID: SyntheticChain.chainID, trustingPeriodSeconds: 1000)
    let two = SyntheticChain.signed(
      header, set: set, keys: [members[0].key, nil, members[2].key])
    #expect(throws: LightClientError.tooLittlePower(signed: 20, total: 30)) {
      try rules.verifyRoot(two, hash: header.hash, height: 1)
    }
    let three = SyntheticChain.signed(header, set: set, keys: members.map(\.key))
    try rules.verifyRoot(three, hash: header.hash, height: 1)
  }

  /// A forger holds one of four trusted keys (less than a third of the power) and any number of
  /// keys of its own.
  @Test func aThirdOfThePowerOrLessConvincesNobody() throws {
    let chain = try SyntheticChain(length: 10, changeOneIn: 1_000_000, seed: 9)
    let own = (0..<3).map { SigningKey(seed: Bytes32(words: (7, 7, 7, UInt64($0)))) }
    let stolen = chain.keys[0][0]
    let members: [SyntheticChain.Member] =
      [(stolen, 10)] + own.map { (key: $0, power: UInt64(1_000_000)) }
    let set = try SyntheticChain.set(members)
    let header = SyntheticChain.header(
      20, set: set, next: set, previous: nil, seconds: 1_800_000_020, application: [66])
    let forged = SyntheticChain.signed(header, set: set, keys: members.map(\.key))
    let refusal = #expect(throws: LightClientError.self) {
      try chain.rules.verify(forged, trusted: chain.blocks[0], now: chain.now.advanced(seconds: 60))
    }
    guard case .tooLittleTrustedPower(let signed, let total, _)? = refusal else {
      Issue.record("refused for another reason: \(String(describing: refusal))")
      return
    }
    #expect(signed * 3 <= total)
    // Next to the trusted block the announced validators decide.
    let adjacent = SyntheticChain.header(
      2, set: set, next: set, previous: chain.blocks[0], seconds: 1_800_000_002, application: [66])
    #expect(throws: LightClientError.unannouncedValidators(height: 2)) {
      try chain.rules.verify(
        SyntheticChain.signed(adjacent, set: set, keys: members.map(\.key)),
        trusted: chain.blocks[0], now: chain.now)
    }
  }

  @Test func aVoteIsNotCountedTwice() throws {
    let chain = try SyntheticChain(length: 5, changeOneIn: 1_000_000, seed: 10)
    let block = chain.blocks[4]
    let places = block.commit.places
    let commit = BlockCommit(
      height: 5, round: 0, block: block.commit.block,
      places: [places[0], places[0], places[0], places[0]])
    let doubled = LightBlock(
      header: block.header, commit: commit, validators: block.validators)
    #expect(throws: LightClientError.self) {
      try chain.rules.verify(doubled, trusted: chain.blocks[0], now: chain.now)
    }
  }

  @Test func timesAreBounded() throws {
    let chain = try SyntheticChain(length: 5, seed: 11)
    let (first, last) = (chain.blocks[0], chain.blocks[4])
    #expect(throws: LightClientError.trustExpired(height: 1)) {
      try chain.rules.verify(
        last, trusted: first, now: first.header.time.advanced(seconds: 100_000))
    }
    let early = last.header.time.advanced(seconds: -11)
    #expect(throws: LightClientError.self) {
      try chain.rules.verify(last, trusted: first, now: early)
    }
    try chain.rules.verify(last, trusted: first, now: last.header.time.advanced(seconds: -9))
    #expect(throws: LightClientError.belowTrust(height: 1, trusted: 5)) {
      try chain.rules.verify(first, trusted: last, now: chain.now)
    }
  }

  @Test func setsOfPeersAreChecked() {
    let key = SigningKey(seed: Bytes32(words: (1, 2, 3, 4))).accountID
    let other = SigningKey(seed: Bytes32(words: (1, 2, 3, 5))).accountID
    let bad: [[ConsensusValidator]] = [
      [], [ConsensusValidator(key: key, power: 0)],
      [ConsensusValidator(key: key, power: .max)],
      [ConsensusValidator(key: key, power: 1), ConsensusValidator(key: key, power: 1)],
      [
        ConsensusValidator(key: key, power: ConsensusValidatorSet.totalPowerLimit),
        ConsensusValidator(key: other, power: 1),
      ],
    ]
    for validators in bad {
      #expect(throws: LightClientError.self) { _ = try ConsensusValidatorSet(validators) }
    }
    #expect(TrustFraction(numerator: 1, denominator: 4) == nil)
    #expect(TrustFraction(numerator: 4, denominator: 3) == nil)
    #expect(TrustFraction(numerator: 2, denominator: 3) != nil)
  }
}
