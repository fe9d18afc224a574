import ChainClient
import Cryptography
import Ledger
import Primitives
import TestSupport
import Testing

@testable import Consensus

@Suite struct LedgerClientTests {
  @Test func submitsReadsAndFollows() async throws {
    try await RPCHarness.run { harness in
      let (client, chain) = (harness.client, harness.chain)
      let notices = Task {
        var found: [BlockNotice] = []
        for await notice in client.blocks(from: 1) {
          found.append(notice)
          if found.count == 3 { break }
        }
        return found
      }
      let alice = chain.customers[0]
      let bob = chain.customers[1].accountID
      for number in 1...3 as ClosedRange<UInt128> {
        let committed = try await client.submit(
          .transfer(to: bob, amount: Amount(baseUnits: number)), signer: alice)
        #expect(committed.height == UInt64(number))
      }
      let record = try #require(
        try await client.value(StateKeys.account(bob), as: AccountRecord.self))
      #expect(record.balance.baseUnits == Amount.whole(1000).baseUnits + 6)
      let nobody = StateKeys.account(AccountID(Bytes32.zero))
      #expect(try await client.value(nobody, as: AccountRecord.self) == nil)
      let range = StateKeys.all(.account)
      let rows = try await client.rows(
        from: range.from, to: range.to, limit: 100, as: AccountRecord.self)
      #expect(rows.count == harness.driver.application.machine.rows(in: range).count)
      let status = try await client.status()
      #expect(status.chain == chain.genesis.chain)
      #expect(status.height == 3)
      #expect(status.timeMilliseconds > TestChain.genesisTime)
      #expect(try await client.blockItems(at: 1).count == 2)
      let followed = await notices.value
      #expect(followed.map(\.height) == [1, 2, 3])
      #expect(followed.allSatisfy { $0.results.count == 2 && $0.results[1].code == 0 })
    }
  }

  @Test func manySubmitAtOnce() async throws {
    try await RPCHarness.run { harness in
      let bob = harness.chain.customers[1].accountID
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<12 {
          group.addTask {
            _ = try await harness.client.submit(
              .transfer(to: bob, amount: Amount(baseUnits: 1)),
              signer: harness.chain.customers[0], lane: UInt8(number % 3))
          }
        }
        try await group.waitForAll()
      }
      try harness.chain.expectBalances(harness.driver, sentByFirst: 12)
    }
  }

  @Test func saysWhyTheLedgerRefused() async throws {
    try await RPCHarness.run { harness in
      let alice = harness.chain.customers[0]
      let tooMuch = Operation.transfer(
        to: harness.chain.customers[1].accountID, amount: .whole(1_000_000))
      let failure = await #expect(throws: TransactionRejected.self) {
        _ = try await harness.client.submit(tooMuch, signer: alice)
      }
      #expect(failure?.name == "insufficient-balance")
      #expect(failure?.height != nil)
      let stranger = await #expect(throws: TransactionRejected.self) {
        _ = try await harness.client.submit(tooMuch, signer: TestChain.key(77))
      }
      #expect(stranger?.name == "unknown-account")
      #expect(stranger?.height == nil)
      // The lane goes on.
      _ = try await harness.client.submit(
        .transfer(to: harness.chain.customers[1].accountID, amount: Amount(baseUnits: 1)),
        signer: alice)
    }
  }

  /// Another process used the lane in between: the client reads its sequence again.
  @Test func recoversFromAStaleSequence() async throws {
    try await RPCHarness.run { harness in
      let alice = harness.chain.customers[0]
      let operation = Operation.transfer(
        to: harness.chain.customers[1].accountID, amount: Amount(baseUnits: 1))
      _ = try await harness.client.submit(operation, signer: alice)
      try await harness.commit(sequence: 1)
      let committed = try await harness.client.submit(operation, signer: alice)
      #expect(committed.height == 3)
      try harness.chain.expectBalances(harness.driver, sentByFirst: 3)
    }
  }

  @Test func failsOverToANodeThatAnswers() async throws {
    try await RPCHarness.run { harness in
      let client = LedgerClient(
        endpoints: ["http://127.0.0.1:1", "http://127.0.0.1:\(harness.port)"],
        logger: RPCHarness.quiet)
      _ = try await client.submit(
        .transfer(to: harness.chain.customers[1].accountID, amount: Amount(baseUnits: 1)),
        signer: harness.chain.customers[0])
      let dead = LedgerClient(endpoints: ["http://127.0.0.1:1"], logger: RPCHarness.quiet)
      await #expect(throws: LedgerClientError.self) { _ = try await dead.status() }
    }
  }

  @Test func proofsShowRowsAgainstTheNextHeadersRoot() async throws {
    try await RPCHarness.run { harness in
      try await harness.commit(sequence: 0)
      let key = StateKeys.account(harness.chain.customers[0].accountID)
      let answer = try await harness.client.query(path: "/state", data: key.bytes, prove: true)
      let proof = try StateProof(canonicalBytes: try #require(answer.proof))
      let root = harness.driver.application.committedInfo.stateRoot
      #expect(proof.verify(root: root, key: key, value: answer.value))
      #expect(!proof.verify(root: root, key: key, value: [1]))
    }
  }
}
