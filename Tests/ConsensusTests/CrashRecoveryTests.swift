import Cryptography
import Ledger
import LedgerStore
import Primitives
import TestSupport
import Testing

@testable import Consensus

/// A store that fails at any commit: nothing acknowledged is lost, nothing happens twice.
@Suite struct CrashRecoveryTests {
  @Test(arguments: StoreFault.allCases)
  func aFaultStopsBlocksAndAcknowledgesNothing(_ fault: StoreFault) async throws {
    let chain = TestChain()
    let store = FaultyLedgerStore(MemoryLedgerStore(), faults: [2: fault])
    let driver = try chain.driver(store)
    let run = Task { try await driver.run() }
    guard case .committed = await driver.submitAndWait(chain.transfer(sequence: 0)) else {
      Issue.record("the first transfer should be committed")
      return
    }
    let second = chain.transfer(sequence: 1)
    guard case .unavailable(let reason) = await driver.submitAndWait(second) else {
      Issue.record("a transaction was acknowledged that may not be durable")
      return
    }
    #expect(reason.contains("store"), "\(reason)")
    await #expect(throws: NodeError.self) { try await run.value }
    #expect(await driver.haltReason != nil)
    guard case .unavailable = await driver.submit(chain.transfer(from: 1, sequence: 0)) else {
      Issue.record("a halted node takes nothing")
      return
    }

    // The process is started again on what the disk holds; the client sends the same bytes again.
    let resumed = try chain.driver(store.inner)
    let again = Task { try await resumed.run() }
    guard case .committed(let item) = await resumed.submitAndWait(second) else {
      Issue.record("the second transfer should be committed after the restart")
      return
    }
    #expect(item.height == 2)
    #expect(item.result.code == 0)
    try chain.expectBalances(resumed, sentByFirst: 2)
    again.cancel()
    #expect(try chain.replay(store.inner).count == 3)
  }

  /// Seeded: random transfers, a random fault every few blocks, clients that send again until they
  /// have an answer. In the end every acknowledged transfer counts once.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func randomFaultsLoseAndDoubleNothing(_ seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    let chain = TestChain()
    let inner = MemoryLedgerStore()
    var sequences = [UInt64](repeating: 0, count: chain.customers.count)
    var restarts = 0
    var height: UInt64 = 0
    for _ in 0..<6 {
      let fault = try #require(StoreFault.allCases.randomElement(using: &generator))
      let at = height + UInt64.random(in: 1...4, using: &generator)
      let store = FaultyLedgerStore(inner, faults: [at: fault])
      let driver = try chain.driver(store, intervalMilliseconds: 1)
      let run = Task { try? await driver.run() }
      for _ in 0..<10 {
        let sender = Int.random(in: sequences.indices, using: &generator)
        let item = chain.transfer(
          from: sender, to: (sender + 1) % sequences.count, sequence: sequences[sender])
        guard case .committed = await driver.submitAndWait(item) else { break }
        sequences[sender] += 1
      }
      run.cancel()
      await run.value
      restarts += 1
      // What was not acknowledged may still have been stored: the ledger tells.
      let machine = try chain.node(inner).machine
      height = machine.height
      for (index, key) in chain.customers.enumerated() {
        let stored = machine.nextSequence(of: key.accountID, lane: 0)
        #expect(stored >= sequences[index], "seed \(seed): an acknowledged transfer is lost")
        #expect(stored <= sequences[index] + 1, "seed \(seed)")
        sequences[index] = stored
      }
    }
    #expect(restarts == 6)
    let roots = try chain.replay(inner)
    let node = try chain.node(inner)
    #expect(roots.last == node.machine.stateRoot, "seed \(seed)")
    try node.machine.checkInvariants()
  }

  @Test func aFileSurvivesARestart() async throws {
    let chain = TestChain()
    let directory = try TemporaryDirectory()
    for round in 0..<3 as Range<UInt64> {
      let store = try SQLiteLedgerStore(path: directory.path + "/ledger.sqlite")
      let driver = try chain.driver(store)
      let run = Task { try await driver.run() }
      guard case .committed(let item) = await driver.submitAndWait(chain.transfer(sequence: round))
      else {
        Issue.record("round \(round)")
        return
      }
      #expect(item.height == round + 1)
      if round > 0 {
        guard case .committed(let old) = await driver.submit(chain.transfer(sequence: 0)) else {
          Issue.record("an old transaction has its first result")
          return
        }
        #expect(old.height == 1)
      }
      run.cancel()
      try await run.value
      #expect(try chain.replay(store).count == Int(round) + 2)
      store.close()
    }
  }

  @Test func anotherChainsStoreIsRefused() async throws {
    let store = MemoryLedgerStore()
    _ = try await TestChain().node(store).initChain()
    #expect(throws: NodeError.self) { _ = try TestChain(customers: 2).node(store) }
  }

  @Test func rowsWithAnotherRootAreRefused() async throws {
    let chain = TestChain()
    let store = MemoryLedgerStore()
    let node = try chain.node(store)
    _ = try await node.initChain()
    let stored = try #require(try store.loadLatest())
    var rows = stored.rows.all
    rows[rows.count - 1].value[0] ^= 1
    let damaged = MemoryLedgerStore()
    try damaged.commit(
      BlockCommit(
        meta: stored.meta, block: nil, results: nil,
        changes: rows.map { (key: $0.key, value: $0.value) }))
    let failure = #expect(throws: NodeError.self) { _ = try chain.node(damaged) }
    guard case .stateRootMismatch? = failure else {
      Issue.record("not \(String(describing: failure))")
      return
    }
  }
}

extension TestChain {
  /// Checks that the first customer has sent so many base units to the second.
  func expectBalances(_ driver: SoloDriver, sentByFirst count: UInt128) throws {
    let machine = driver.application.machine
    let first = try #require(
      machine.record(AccountRecord.self, at: StateKeys.account(customers[0].accountID)))
    let second = try #require(
      machine.record(AccountRecord.self, at: StateKeys.account(customers[1].accountID)))
    #expect(first.balance.baseUnits == Amount.whole(1000).baseUnits - count)
    #expect(second.balance.baseUnits == Amount.whole(1000).baseUnits + count)
  }
}
