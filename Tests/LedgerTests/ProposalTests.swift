import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

/// Whatever an honest proposer makes is voted for; a dishonest change of it is refused with a
/// reason.
struct ProposalTests {
  private static let keys = (0..<4).map { TestChain.key(UInt8($0)) }

  private static func transfer(
    _ chain: StakingChain, by key: SigningKey, lane: UInt8, sequence: UInt64, expiry: UInt64
  ) -> [UInt8] {
    BlockItem.signed(
      SignedTransaction.sign(
        Transaction(
          chain: chain.machine.chain, sender: key.accountID, lane: lane, sequence: sequence,
          expiryHeight: expiry,
          operation: .transfer(to: keys[0].accountID, amount: Amount(baseUnits: 1))), with: key)
    ).canonicalBytes()
  }

  /// A mempool of everything: sequences in order, ahead, used, expired, garbage, forged, doubled.
  private static func mempool(
    _ chain: StakingChain, _ generator: inout SeededGenerator
  ) -> [[UInt8]] {
    var items: [[UInt8]] = []
    for _ in 0..<Int.random(in: 0...30, using: &generator) {
      let key =
        Int.random(in: 0..<8, using: &generator) == 0
        ? TestChain.key(99) : keys[Int.random(in: 0..<4, using: &generator)]
      let lane = UInt8.random(in: 0...2, using: &generator)
      let next = chain.machine.nextSequence(of: key.accountID, lane: lane)
      var item = transfer(
        chain, by: key, lane: lane,
        sequence: next + UInt64.random(in: 0...3, using: &generator),
        expiry: chain.machine.height + UInt64.random(in: 0...5, using: &generator))
      switch Int.random(in: 0..<12, using: &generator) {
      case 0: item[item.count - 1] ^= 1
      case 1: item = generator.bytes(Int.random(in: 0...80, using: &generator))
      case 2: items.append(item)
      case 3: item = BlockItem.beacon([]).canonicalBytes()
      default: break
      }
      items.append(item)
    }
    return items.shuffled(using: &generator)
  }

  private static func verdicts(_ items: [[UInt8]]) -> [Bool] {
    items.map { LedgerMachine.signatureIsValid(item: $0) }
  }

  private static func extensions(
    _ chain: StakingChain, _ generator: inout SeededGenerator
  ) -> [VoteExtension] {
    (0..<4).compactMap { index in
      if Int.random(in: 0..<4, using: &generator) == 0 { return nil }
      // Some are for another height, some by who is no validator.
      let height = chain.machine.height + UInt64.random(in: 1...2, using: &generator)
      return VoteExtension(
        contribution: chain.machine.beaconContribution(
          key: StakingChain.random(index), account: StakingChain.validator(index).accountID,
          height: height),
        price: Bool.random(using: &generator)
          ? PriceReport.sign(
            .whole(2), height: height, chain: chain.machine.chain,
            with: StakingChain.validator(index)) : nil)
    }
  }

  @Test(arguments: Array(1...12) as [UInt64])
  func honestProposalsAreAcceptedAndExecute(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var chain = try StakingChain(stakes: [500, 300, 200])
    for _ in 0..<4 {
      let candidates = Self.mempool(chain, &generator)
      let limit = Int.random(in: 0...6_000, using: &generator)
      let extensions = Self.extensions(chain, &generator)
      let items = chain.machine.proposal(
        extensions: extensions, candidates: candidates,
        signatureVerdicts: Self.verdicts(candidates), byteLimit: limit)
      let size = items.reduce(0) { $0 + LedgerMachine.bytesInBlock($1) }
      #expect(size <= max(limit, LedgerMachine.bytesInBlock(items[0])))
      let block = BlockInput(
        height: chain.machine.height + 1, timeMilliseconds: chain.machine.lastTimeMilliseconds,
        items: items, proposer: Self.keys[0].accountID)
      try chain.machine.checkProposal(block, signatureVerdicts: Self.verdicts(items))
      let outcome = try chain.run(block)
      for result in outcome.results {
        #expect(result.isSuccess, "seed \(seed): \(result.codeName) \(result.detail)")
      }
    }
  }

  @Test func dishonestChangesAreRefusedWithAReason() throws {
    var chain = try StakingChain(stakes: [500, 300, 200])
    try chain.run()
    let candidates = (0..<4).map { sender in
      (0..<3 as Range<UInt64>).map { sequence in
        Self.transfer(
          chain, by: Self.keys[sender], lane: 0, sequence: sequence, expiry: 100)
      }
    }.flatMap { $0 }
    let contribution = { (index: Int) in
      VoteExtension(
        contribution: chain.machine.beaconContribution(
          key: StakingChain.random(index), account: StakingChain.validator(index).accountID),
        price: nil)
    }
    let good = chain.machine.proposal(
      extensions: (0..<3).map(contribution), candidates: candidates,
      signatureVerdicts: Self.verdicts(candidates), byteLimit: 1 << 20)
    #expect(good.count == 13)
    func refusal(
      _ items: [[UInt8]], height: UInt64? = nil, time: UInt64? = nil
    ) -> String {
      let block = BlockInput(
        height: height ?? chain.machine.height + 1,
        timeMilliseconds: time ?? chain.machine.lastTimeMilliseconds, items: items,
        proposer: .zero)
      do throws(Rejection) {
        try chain.machine.checkProposal(block, signatureVerdicts: Self.verdicts(items))
        return "accepted"
      } catch {
        return error.code.name
      }
    }
    #expect(refusal(good) == "accepted")
    #expect(refusal(good, height: 1) == "bad-block")
    #expect(refusal(good, time: chain.machine.lastTimeMilliseconds - 1) == "bad-block")
    #expect(refusal([]) == "bad-block")
    #expect(refusal(Array(good.dropFirst())) == "bad-block")
    #expect(refusal(good + [good[0]]) == "misplaced-item")
    #expect(refusal(good + [good[1]]) == "sequence-used")
    #expect(refusal(good + [[1, 2, 3]]) == "malformed")
    // A missing contribution is nobody's fault.
    let none = BlockItem.beacon([]).canonicalBytes()
    #expect(refusal([none] + good.dropFirst()) == "accepted")
    // A gap: the first of a lane is left out.
    #expect(refusal([good[0]] + good.dropFirst(2)) == "sequence-gap")
    var forged = good
    forged[5][forged[5].count - 1] ^= 1
    #expect(refusal(forged) == "bad-signature")
    var proof = good
    proof[0][60] ^= 1
    #expect(refusal(proof) != "accepted")
    let expired = Self.transfer(
      chain, by: Self.keys[1], lane: 7, sequence: 0, expiry: chain.machine.height)
    #expect(refusal(good + [expired]) == "expired")
    let stranger = Self.transfer(chain, by: TestChain.key(98), lane: 0, sequence: 0, expiry: 100)
    #expect(refusal(good + [stranger]) == "unknown-account")
  }
}
