import Cryptography
import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

struct TransactionTests {
  private static let alice = TestChain.key(0)
  private static let bob = TestChain.key(1)

  private static func item(_ signed: SignedTransaction) -> [UInt8] {
    BlockItem.signed(signed).canonicalBytes()
  }

  private static func transfer(_ amount: Amount = .whole(1)) -> Ledger.Operation {
    .transfer(to: bob.accountID, amount: amount)
  }

  @Test func movesTokensOnceAndNeverAgain() throws {
    var chain = try TestChain()
    let item = Self.item(chain.signed(Self.transfer(), by: Self.alice))
    let first = try chain.run([item, item])
    #expect(first.results.map(\.codeName) == ["ok", "ok", "sequence-used"])
    #expect(first.results[1].hash == Digest.sha256(item))
    let again = try chain.run([item])
    #expect(again.results[1].codeName == "sequence-used")
    #expect(chain.balance(Self.bob) == .whole(10_001))
    #expect(throws: Rejection.self) { try chain.machine.check(item) }
  }

  @Test func lanesAreIndependentAndASequenceIsExact() throws {
    var chain = try TestChain()
    let lanes = (0..<3).map {
      Self.item(chain.signed(Self.transfer(), by: Self.alice, lane: UInt8($0)))
    }
    let gap = chain.signed(Self.transfer(), by: Self.alice, lane: 9, ahead: 1)
    let outcome = try chain.run(lanes.reversed() + [Self.item(gap)])
    #expect(outcome.results.map(\.codeName) == ["ok", "ok", "ok", "ok", "sequence-gap"])
    #expect(chain.machine.nextSequence(of: Self.alice.accountID, lane: 2) == 1)
    #expect(chain.machine.nextSequence(of: Self.alice.accountID, lane: 9) == 0)
    // A mempool takes it, up to a window.
    try chain.machine.check(Self.item(gap))
    let far = chain.signed(Self.transfer(), by: Self.alice, lane: 9, ahead: 5_000)
    #expect(throws: Rejection.self) { try chain.machine.check(Self.item(far)) }
  }

  /// The order of checks is consensus: each bad part wins over those that are checked after it.
  @Test func checksComeInTheirOrder() throws {
    var chain = try TestChain()
    try chain.run()
    let stranger = TestChain.key(90)
    func code(
      chain other: Digest? = nil, lane: UInt8 = 0, expiry: UInt64 = 100, sequence: UInt64 = 0,
      by key: SigningKey = Self.alice, signature: Bool = true
    ) throws -> String {
      let transaction = Transaction(
        chain: other ?? chain.machine.chain, sender: key.accountID, lane: lane,
        sequence: sequence, expiryHeight: expiry, operation: Self.transfer())
      let signed =
        signature
        ? SignedTransaction.sign(transaction, with: key)
        : SignedTransaction(transaction: transaction, signature: .zero)
      let item = Self.item(signed)
      let before = chain.machine.rows(in: StateKeys.all(.account)).map(\.value)
      let name = try chain.run([item]).results[1].codeName
      if name != "ok" {
        #expect(chain.machine.rows(in: StateKeys.all(.account)).map(\.value) == before)
      }
      return name
    }
    #expect(
      try code(
        chain: .zero, lane: 64, expiry: 0, sequence: 3, by: stranger, signature: false)
        == "wrong-chain")
    #expect(
      try code(lane: 64, expiry: 0, sequence: 3, by: stranger, signature: false) == "bad-lane")
    #expect(try code(expiry: 0, sequence: 3, by: stranger, signature: false) == "expired")
    #expect(try code(sequence: 3, by: stranger, signature: false) == "unknown-account")
    #expect(try code(sequence: 3, signature: false) == "sequence-gap")
    #expect(try code(signature: false) == "bad-signature")
    #expect(try code() == "ok")
  }

  @Test func expiresAfterItsHeight() throws {
    var chain = try TestChain()
    let transaction = Transaction(
      chain: chain.machine.chain, sender: Self.alice.accountID, sequence: 0, expiryHeight: 1,
      operation: Self.transfer())
    let item = Self.item(SignedTransaction.sign(transaction, with: Self.alice))
    try chain.machine.check(item)
    #expect(try chain.run([item]).results[1].codeName == "ok")
    var late = try TestChain()
    try late.run()
    #expect(try late.run([item]).results[1].codeName == "expired")
  }

  @Test func anythingButTheOneEncodingIsRefused() throws {
    var chain = try TestChain()
    var generator = SeededGenerator.fromEnvironment(default: 3)
    let item = Self.item(chain.signed(Self.transfer(), by: Self.alice))
    var items: [[UInt8]] = [
      [], [1], [2], item + [0], Array(item.dropLast()), Array(item.dropFirst()),
    ]
    for length in 0..<item.count { items.append(Array(item.prefix(length))) }
    for _ in 0..<300 {
      var mutated = item
      mutated[Int.random(in: 0..<item.count, using: &generator)] ^= UInt8.random(
        in: 1...255, using: &generator)
      items.append(mutated)
      items.append(generator.bytes(Int.random(in: 0..<400, using: &generator)))
    }
    items.append([UInt8](repeating: 1, count: BlockItem.byteLimit + 1))
    let root = chain.machine.rows(in: StateKeys.all(.account)).map(\.value)
    for bad in items { #expect(throws: Rejection.self) { try chain.machine.check(bad) } }
    let outcome = try chain.run(items)
    #expect(outcome.results.dropFirst().allSatisfy { !$0.isSuccess }, "seed \(generator.seed)")
    #expect(chain.machine.rows(in: StateKeys.all(.account)).map(\.value) == root)
    #expect(try chain.run([item]).results[1].isSuccess)
  }

  @Test func everyOperationHasOneEncoding() throws {
    for (name, operation) in Samples.operations {
      let bytes = operation.canonicalBytes()
      #expect(try Ledger.Operation(canonicalBytes: bytes) == operation, "\(name)")
      for length in bytes.indices {
        #expect(throws: CodecError.self) {
          try Ledger.Operation(canonicalBytes: Array(bytes.prefix(length)))
        }
      }
      #expect(throws: CodecError.self) { try Ledger.Operation(canonicalBytes: bytes + [0]) }
    }
    #expect(Set(Samples.operations.map(\.operation.kind)).count == 26)
  }

  @Test func goldenHashes() throws {
    let golden = Golden("ledger")
    var mismatches: [String] = []
    func check(_ name: String, _ hash: Digest) {
      do { try golden.check(name, hash.hex) } catch { mismatches.append("\(name) \(hash.hex)") }
    }
    for (name, operation) in Samples.operations {
      let transaction = Transaction(
        chain: Digest.sha256([7]), sender: Self.alice.accountID, lane: 3, sequence: 4,
        expiryHeight: 5, operation: operation)
      let signed = SignedTransaction.sign(transaction, with: Self.alice)
      check("transaction/\(name)", signed.hash)
    }
    for (name, bytes) in Samples.records { check("record/\(name)", Digest.sha256(bytes)) }
    check("genesis", TestChain.makeGenesis().chain)
    let chain = try TestChain()
    check("genesis-root", chain.machine.stateRoot)
    #expect(mismatches.isEmpty, "add or explain:\n\(mismatches.joined(separator: "\n"))")
  }

  @Test func aRefusedOperationUsesItsSequenceAndNothingElse() throws {
    var chain = try TestChain()
    let before = chain.machine
    try chain.expect(
      .insufficientBalance, for: Self.transfer(.whole(10_001)), by: Self.alice)
    #expect(chain.machine.nextSequence(of: Self.alice.accountID, lane: 0) == 1)
    #expect(chain.balance(Self.alice) == .whole(10_000))
    // Only the clock, the beacon's record and the sender's sequence differ.
    var changed: [UInt8] = []
    chain.machine.forEachRow { key, value in
      if before.value(at: key) != value { changed.append(key.table) }
    }
    #expect(changed == [StateKeys.Table.clock, .beacon, .account].map(\.rawValue))
  }

  @Test func aServicesRefusalUndoesItsWritesDrawsAndEvents() throws {
    var chain = try TestChain()
    let command = FakeService.Command.writeThenFail([1, 2], [3])
    let item = Self.item(
      chain.signed(.service(FakeService.id, payload: command.canonicalBytes()), by: Self.alice))
    let outcome = try chain.run([item])
    #expect(outcome.results[1].code == 8001)
    #expect(outcome.events.isEmpty)
    #expect(chain.machine.value(at: FakeService().row([1, 2])) == nil)
    #expect(chain.machine.rows(in: StateKeys.all(.draw)).isEmpty)
    #expect(!outcome.changes.contains { $0.key.table >= 128 })
  }

  @Test func theDriversVerdictsAreTaken() throws {
    var chain = try TestChain()
    let good = Self.item(chain.signed(Self.transfer(), by: Self.alice))
    let forged = Self.item(
      SignedTransaction(
        transaction: chain.signed(Self.transfer(), by: Self.bob).transaction, signature: .zero))
    let input = chain.block([good, forged])
    let verdicts = input.items.map { LedgerMachine.signatureIsValid(item: $0) }
    #expect(verdicts == [false, true, false])
    var copy = chain.machine
    let given = copy.execute(input, signatureVerdicts: verdicts)
    let own = chain.machine.execute(input)
    #expect(given.results == own.results)
    #expect(given.stateRoot == own.stateRoot)
    #expect(own.results.map(\.codeName) == ["ok", "ok", "bad-signature"])
  }
}
