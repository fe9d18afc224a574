import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

@Suite struct LedgerRetrievalTests {
  let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!

  private func demand(
    _ network: inout LedgerTestNetwork, signer: LedgerTestProvider? = nil, leaves: UInt32 = 2
  ) -> (ForceRetrieval, LedgerTestProvider, [[UInt8]], MerkleLevels) {
    let group = network.group(small)
    let holder = network.provider(group.providers[1])
    let shard = network.random.bytes(2_000)
    var tree = ShardTree(leafBytes: 256)
    var hashes: [Digest] = []
    let chunks = stride(from: 0, to: 2_000, by: 256).map {
      Array(shard[$0..<min(2_000, $0 + 256)])
    }
    for chunk in chunks {
      tree.append(chunk)
      hashes.append(MerkleTree.leafHash(chunk))
    }
    let order = AppendOrder(
      chain: network.context.chain, lease: LedgerTestNetwork.lease, group: group.id, segment: 1,
      slot: 1, fencingEpoch: 1, offset: 0, length: 2_000, runningRoot: tree.root)
    let word = Acknowledgement(order: order, provider: holder.id)
    let force = ForceRetrieval(
      acknowledgement: Signed(word, by: (signer ?? holder).key), firstLeaf: 6,
      leafCount: leaves)
    return (force, holder, chunks, MerkleLevels(leafHashes: hashes))
  }

  @Test func answerWithTheLeavesEndsTheDemand() {
    var network = LedgerTestNetwork(providers: 4)
    let (force, holder, chunks, levels) = demand(&network)
    let anyone = network.providers[0].id
    #expect(network.apply(.forceRetrieval(force), from: anyone) == nil)
    #expect(network.apply(.forceRetrieval(force), from: anyone)?.code == .retrievalKnown)
    let id = RetrievalID(number: 1)
    let proof = levels.rangeProof(6..<8)
    let wrong = AnswerRetrieval(
      retrieval: id, answer: .leaves(bytes: chunks[5] + chunks[7], proof: proof))
    #expect(network.apply(.answerRetrieval(wrong), from: holder.id)?.code == .wrongAnswer)
    let right = AnswerRetrieval(
      retrieval: id, answer: .leaves(bytes: chunks[6] + chunks[7], proof: proof))
    #expect(network.apply(.answerRetrieval(right), from: holder.id) == nil)
    network.liveBlocks(40)
    #expect(!network.record(holder.id).isAbsent)
    #expect(network.context.zeros == [])
  }

  @Test func silenceIsAMissAndTwiceAFaultThatPaysTheReporter() {
    var network = LedgerTestNetwork(providers: 4)
    let reporter = network.customer.accountID
    let (force, holder, _, _) = demand(&network)
    for _ in 0..<2 {
      #expect(network.apply(.forceRetrieval(force), from: reporter) == nil)
      for _ in 0..<20 { network.block() }
      #expect(network.record(holder.id).isAbsent)
    }
    // The acknowledgement was not older than the lock-up of 30 s at the second demand.
    #expect(network.context.slashes.map(\.kind) == ["fault"])
    #expect(network.context.slashes.first?.beneficiaries == [reporter])
  }

  @Test func passingProofsDoesNotForgiveWithholding() {
    var network = LedgerTestNetwork(providers: 4)
    network.context.values[StorageParameter.lockUp.rawValue] = 600_000
    network.store(small)
    let reporter = network.customer.accountID
    let (force, holder, _, _) = demand(&network)
    for count in 1...2 {
      #expect(network.context.slashes == [])
      #expect(network.apply(.forceRetrieval(force), from: reporter) == nil)
      let passed = network.record(holder.id).windowsPassed
      while network.record(holder.id).windowsPassed < passed + 2,
        network.context.slashes.isEmpty
      { network.liveBlock() }
      #expect(network.record(holder.id).retrievalsMissed == (count == 1 ? 1 : 0))
    }
    #expect(network.context.slashes.map(\.kind) == ["fault"])
  }

  @Test func forgedWrongOrOldDemandsAreRefused() {
    var network = LedgerTestNetwork(providers: 4)
    let customer = network.customer.accountID
    let (forged, _, _, _) = demand(&network, signer: LedgerTestProvider(number: 99))
    #expect(network.apply(.forceRetrieval(forged), from: customer)?.code == .wrongAcknowledgement)
    let (long, _, _, _) = demand(&network, leaves: 3)
    #expect(network.apply(.forceRetrieval(long), from: customer)?.code == .wrongRetrievalRange)
    let (good, _, _, _) = demand(&network)
    for _ in 0..<40 { network.block() }
    #expect(network.apply(.forceRetrieval(good), from: customer)?.code == .wrongAcknowledgement)
  }

  @Test func customersOrderToDropIsAnAnswer() {
    var network = LedgerTestNetwork(providers: 4)
    let (force, holder, _, _) = demand(&network)
    network.apply(.forceRetrieval(force), from: network.providers[0].id)
    func order(_ segment: UInt64) -> StoragePayload {
      .answerRetrieval(
        AnswerRetrieval(
          retrieval: RetrievalID(number: 1),
          answer: .dropped(
            Signed(
              ControlOrder(
                chain: network.context.chain, lease: LedgerTestNetwork.lease,
                provider: holder.id, fencingEpoch: 1,
                action: .dropStaged(segment: segment, slot: 1), expiry: .genesis),
              by: network.customer))))
    }
    #expect(network.apply(order(2), from: holder.id)?.code == .wrongAnswer)
    #expect(network.apply(order(1), from: holder.id) == nil)
  }
}
