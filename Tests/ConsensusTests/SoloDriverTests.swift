import Cryptography
import Ledger
import LedgerStore
import Primitives
import TestSupport
import Testing

@testable import Consensus

@Suite struct SoloDriverTests {
  @Test func aTransactionIsInABlockAtOnceAndTheNextAfterTheInterval() async throws {
    let chain = TestChain()
    let clock = ManualClock(wall: TestChain.genesisTime + 2000)
    let driver = try chain.driver(clock: clock, intervalMilliseconds: 1000)
    let run = Task { try await driver.run() }
    guard case .committed(let first) = await driver.submitAndWait(chain.transfer(sequence: 0))
    else {
      Issue.record("no block although the clock stands still")
      return
    }
    #expect(first.height == 1)
    let second = Task { await driver.submitAndWait(chain.transfer(sequence: 1)) }
    try await eventually("the second transfer waits") {
      await driver.unconfirmed(limit: 1).total == 1
    }
    clock.advance(999)
    #expect(driver.application.committedInfo.height == 1)
    clock.advance(1)
    guard case .committed(let item) = await second.value else {
      Issue.record("no second block")
      return
    }
    #expect(item.height == 2)
    #expect(
      item.block.block.header.timeMilliseconds
        == first.block.block.header.timeMilliseconds + 1000)
    run.cancel()
    try await run.value
  }

  /// Nobody sends anything: blocks come only as the ledger's next deadline (here the epoch's end, a
  /// minute away) wants them, at most 5 s of its time apart.
  @Test func anIdleChainMakesNoOtherBlocks() async throws {
    let chain = TestChain(epochMilliseconds: 12_000)
    let clock = ManualClock(wall: TestChain.genesisTime)
    let driver = try chain.driver(clock: clock, intervalMilliseconds: 1000)
    let run = Task { try await driver.run() }
    var heights: [UInt64] = []
    for _ in 0..<13 {
      try await eventually("the driver sleeps") { clock.sleeperCount > 0 }
      heights.append(driver.application.committedInfo.height)
      clock.advance(1000)
      try await settled(driver, clock)
    }
    // After 5 s, 10 s and 12 s of ledger time.
    #expect(heights == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3])
    run.cancel()
    try await run.value
  }

  /// Waits until the driver has nothing due at the clock's present time.
  private func settled(_ driver: SoloDriver, _ clock: ManualClock) async throws {
    try await eventually("the driver has made what was due") {
      await driver.nextDue().map { $0 > clock.steadyMilliseconds() } ?? true
    }
  }

  /// The wall clock is set an hour back, then an hour forward, then right: blocks go on, their
  /// times rise, and the ledger's clock adds at most 5 s for each.
  @Test func aClockAnHourOffStopsNothing() async throws {
    let chain = TestChain()
    let start = TestChain.genesisTime + 2000
    let clock = ManualClock(wall: start)
    let driver = try chain.driver(clock: clock, intervalMilliseconds: 1000)
    let run = Task { try await driver.run() }
    var lastTime: UInt64 = 0
    var lastLedger = LedgerTime.genesis
    let settings: [Int64] = [0, -3_600_000, -3_600_000, 3_600_000, 3_600_000, 0]
    for (sequence, offset) in settings.enumerated() {
      clock.advance(1000)
      clock.setWall(UInt64(Int64(start) + Int64(sequence) * 1000 + offset))
      guard
        case .committed(let item) = await driver.submitAndWait(
          chain.transfer(sequence: UInt64(sequence)))
      else {
        Issue.record("no block with the clock off by \(offset) ms")
        return
      }
      let time = item.block.block.header.timeMilliseconds
      let ledger = driver.application.machine.time
      #expect(time > lastTime)
      #expect(ledger > lastLedger)
      #expect(ledger.milliseconds(since: lastLedger) <= 5000)
      if offset < 0 { #expect(ledger.milliseconds(since: lastLedger) == 1000) }
      (lastTime, lastLedger) = (time, ledger)
    }
    run.cancel()
    try await run.value
  }

  /// The process was down for a day: the ledger's clock moves 5 s, not a day.
  @Test func aHaltDrainsNothing() async throws {
    let chain = TestChain()
    let store = MemoryLedgerStore()
    let clock = ManualClock(wall: TestChain.genesisTime + 1000)
    let driver = try chain.driver(store, clock: clock)
    let run = Task { try await driver.run() }
    _ = await driver.submitAndWait(chain.transfer(sequence: 0))
    let before = driver.application.machine.time
    run.cancel()
    try await run.value
    clock.advance(86_400_000)
    let resumed = try chain.driver(store, clock: clock)
    let again = Task { try await resumed.run() }
    // A deadline is ahead, so a block is due at once; it adds 5 s and no more.
    try await eventually("the next block") { resumed.application.committedInfo.height == 2 }
    #expect(resumed.application.machine.time.milliseconds(since: before) == 5000)
    again.cancel()
    try await again.value
  }

  @Test func identicalBytesHaveOneEffect() async throws {
    let chain = TestChain()
    let driver = try chain.driver()
    let run = Task { try await driver.run() }
    let item = chain.transfer(sequence: 0)
    let answers = await withTaskGroup(of: UInt64?.self) { group in
      for _ in 0..<20 {
        group.addTask {
          if case .committed(let item) = await driver.submitAndWait(item) {
            item.height
          } else {
            nil
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count == 20)
    #expect(Set(answers).count == 1, "one block, one result: \(answers)")
    try chain.expectBalances(driver, sentByFirst: 1)
    run.cancel()
    try await run.value
  }

  @Test func refusesWhatMayNotWait() async throws {
    let chain = TestChain()
    let driver = try chain.driver()
    let run = Task { try await driver.run() }
    _ = await driver.submitAndWait(chain.transfer(sequence: 0))
    var forged = chain.transfer(sequence: 1)
    forged[forged.count - 1] ^= 1
    let beacon = BlockItem.beacon([]).canonicalBytes()
    let cases: [([UInt8], String)] = [
      ([], "malformed"), ([7, 7, 7], "malformed"), (beacon, "misplaced-item"),
      (forged, "bad-signature"), (chain.transfer(sequence: 0, amount: 2), "sequence-used"),
      (chain.transfer(sequence: 1, expiryHeight: 1), "expired"),
    ]
    for (item, name) in cases {
      guard case .rejected(_, let rejection) = await driver.submit(item) else {
        Issue.record("\(name) was taken")
        continue
      }
      #expect(rejection.code.name == name)
    }
    run.cancel()
    try await run.value
  }

  @Test func blocksCarryManyTransactionsOfManyLanes() async throws {
    let chain = TestChain()
    let driver = try chain.driver()
    let run = Task { try await driver.run() }
    let items = (0..<4).flatMap { sender in
      (0..<8 as Range<UInt8>).flatMap { lane in
        (0..<4 as Range<UInt64>).map { sequence in
          chain.transfer(from: sender, to: (sender + 1) % 4, lane: lane, sequence: sequence)
        }
      }
    }
    var generator = SeededGenerator(seed: 4)
    let shuffled = items.shuffled(using: &generator)
    let committed = await withTaskGroup(of: Bool.self) { group in
      for item in shuffled {
        group.addTask {
          if case .committed(let item) = await driver.submitAndWait(item) {
            return item.result.code == 0
          }
          return false
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(committed == items.count)
    #expect(try chain.replay(driver.application.store).last == driver.application.machine.stateRoot)
    run.cancel()
    try await run.value
  }

  /// The engine may finalize a block again before the commit, as CometBFT does after a crash.
  @Test func finalizingAgainGivesTheSameRoot() async throws {
    let chain = TestChain()
    let node = try chain.node()
    await #expect(throws: NodeError.self) { _ = try await node.commit() }
    _ = try await node.initChain()
    let contribution = await node.extendVote(height: 0)
    let address = ConsensusAddress(publicKey: chain.validator.accountID.value)
    #expect(await node.verifyVoteExtension(contribution, height: 0, validator: address))
    #expect(await node.verifyVoteExtension([], height: 0, validator: address))
    #expect(await !node.verifyVoteExtension([1, 2, 3], height: 0, validator: address))
    let vote = ExtendedVote(
      vote: CommitVote(validator: address, power: 1, flag: .commit), voteExtension: contribution)
    let items = try await node.prepareProposal(
      ProposalRequest(
        height: 1, timeMilliseconds: TestChain.genesisTime + 1000,
        candidates: [chain.transfer(sequence: 0)], byteLimit: 10_000,
        votes: [vote]))
    let decided = DecidedBlock(
      height: 1, timeMilliseconds: TestChain.genesisTime + 1000, items: items,
      proposer: address, hash: Digest.sha256([1]), record: nil)
    let first = try await node.finalizeBlock(decided)
    let second = try await node.finalizeBlock(decided)
    #expect(first.results == second.results)
    #expect(node.committedInfo.height == 0, "nothing is committed yet")
    #expect(try await node.commit().info.stateRoot == first.results.stateRoot)
    await #expect(throws: NodeError.self) { _ = try await node.finalizeBlock(decided) }
  }

  @Test func proposalsAreJudged() async throws {
    let chain = TestChain()
    let node = try chain.node()
    _ = try await node.initChain()
    let address = ConsensusAddress(publicKey: chain.validator.accountID.value)
    let beacon = ExtendedVote(
      vote: CommitVote(validator: address, power: 1, flag: .commit),
      voteExtension: await node.extendVote(height: 0))
    func verdict(
      _ items: [[UInt8]], height: UInt64 = 1, time: UInt64 = TestChain.genesisTime + 1
    ) async -> ProposalVerdict {
      await node.processProposal(
        ProposedBlock(
          height: height, timeMilliseconds: time, items: items,
          proposer: address))
    }
    let good = try await node.prepareProposal(
      ProposalRequest(
        height: 1, timeMilliseconds: TestChain.genesisTime + 1,
        candidates: [chain.transfer(sequence: 0)], byteLimit: 10_000, votes: [beacon]))
    #expect(await verdict(good) == .accept)
    #expect(await verdict([]) != .accept)
    #expect(await verdict([chain.transfer(sequence: 0)]) != .accept)
    #expect(await verdict(good, height: 2) != .accept)
    #expect(await verdict(good, time: TestChain.genesisTime - 1) != .accept)
    var forged = good
    forged[1][forged[1].count - 1] ^= 1
    #expect(await verdict(forged) != .accept)
    var proof = good
    proof[0][proof[0].count - 1] ^= 1
    #expect(await verdict(proof) != .accept)
  }
}
