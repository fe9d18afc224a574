import Cryptography
import Ledger
import LedgerStore
import Primitives
import Testing

@testable import Consensus

/// What a node remembers of signatures between a check and a block.
struct SignatureVerifierTests {
  private let chain = TestChain()

  private func transfer(sequence: UInt64) -> [UInt8] {
    let customer = chain.customers[0]
    let transaction = Transaction(
      chain: chain.genesis.chain, sender: customer.accountID, sequence: sequence,
      expiryHeight: .max,
      operation: .transfer(to: chain.customers[1].accountID, amount: .whole(1)))
    return BlockItem.signed(SignedTransaction.sign(transaction, with: customer)).canonicalBytes()
  }

  @Test func aRememberedSignatureCountsForTheWholeItemOnly() async throws {
    let node = try chain.node()
    let item = transfer(sequence: 0)
    guard case .accepted = await node.checkTransaction(item, kind: .new) else {
      Issue.record("a good transfer is refused")
      return
    }
    #expect(node.verifier.count == 1)
    var forged = item
    forged[forged.count - 1] ^= 1
    #expect(node.verifier.verify([item, forged]) == [true, false])
    guard case .rejected(let rejection) = await node.checkTransaction(forged, kind: .new) else {
      Issue.record("a forged transfer is accepted")
      return
    }
    #expect(rejection.code.name == "bad-signature")
    #expect(node.verifier.count == 1)
  }

  /// Blocks leave nothing behind: what was executed is forgotten, what waits is not.
  @Test func whatWasExecutedIsForgotten() async throws {
    let node = try chain.node()
    _ = try await node.initChain(nil)
    let items = (0..<3).map { transfer(sequence: $0) }
    for item in items { _ = await node.checkTransaction(item, kind: .new) }
    #expect(node.verifier.count == 3)
    let first = BlockItem.extensions(ExtensionItem()).canonicalBytes()
    _ = try await node.finalizeBlock(
      DecidedBlock(
        height: 1, timeMilliseconds: TestChain.genesisTime + 1000, items: [first] + items.prefix(2),
        proposer: ConsensusAddress(publicKey: chain.validator.accountID.value), hash: .zero,
        record: nil))
    // Until its effects are durable a block may be executed again.
    #expect(node.verifier.count == 3)
    _ = try await node.commit()
    #expect(node.verifier.count == 1)
    #expect(node.verifier.knows(Digest.sha256(items[2])))
    guard case .rejected = await node.checkTransaction(items[0], kind: .recheck) else {
      Issue.record("an executed transfer may go on waiting")
      return
    }
    guard case .accepted = await node.checkTransaction(items[2], kind: .recheck) else {
      Issue.record("a transfer that waits is refused")
      return
    }
  }
}
