import Catalogue
import ChainClient
import Cryptography
import Ledger
import LedgerStore
import Primitives

/// Replays a chain from its genesis in a fresh machine and compares all that can be compared.
/// Of the node it takes only the blocks; what they do is computed here.
struct LedgerReplay {
  let client: LedgerClient
  let genesis: Genesis
  private(set) var machine: LedgerMachine
  private(set) var previous: BlockHeader?
  private(set) var transactions: UInt64 = 0
  private(set) var refused: UInt64 = 0

  /// Where the replay and the chain do not agree.
  struct Disagreement: Error, CustomStringConvertible {
    let height: UInt64
    let what: String
    var description: String { "block \(height): \(what)" }
  }

  /// - Throws: when the genesis is no valid one.
  init(client: LedgerClient, genesis: Genesis) throws {
    self.client = client
    self.genesis = genesis
    machine = try LedgerMachine(genesis: genesis, services: ServiceCatalogue.modules)
  }

  /// Replays up to `tip`; `progress` hears each hundredth height.
  /// - Throws: ``Disagreement``, `LedgerClientError`.
  mutating func run(to tip: UInt64, progress: (UInt64) -> Void) async throws {
    while machine.height < tip {
      let height = machine.height + 1
      var data = CanonicalEncoder()
      data.encode(height)
      guard let bytes = try await client.query(path: "/block", data: data.bytes).value,
        let block = try? StoredBlock(canonicalBytes: bytes)
      else { throw Disagreement(height: height, what: "the node has no such block") }
      try apply(block, height: height)
      if height.isMultiple(of: 100) { progress(height) }
    }
  }

  private mutating func apply(_ block: StoredBlock, height: UInt64) throws {
    try checkHeader(block, height: height)
    let outcome = machine.execute(
      BlockInput(
        height: height, timeMilliseconds: block.header.timeMilliseconds, items: block.items,
        proposer: block.header.proposer))
    if let refusal = outcome.refusal {
      throw Disagreement(height: height, what: "the ledger's rules refuse it: \(refusal)")
    }
    do {
      try machine.checkInvariants()
    } catch {
      throw Disagreement(height: height, what: "an invariant does not hold: \(error)")
    }
    transactions += UInt64(max(0, block.items.count - 1))
    refused += UInt64(outcome.results.count { !$0.isSuccess })
    previous = block.header
  }

  /// The header must belong to this chain, follow on the last block, commit to these items and to
  /// the state computed here, and be signed by a validator of the genesis.
  private func checkHeader(_ block: StoredBlock, height: UInt64) throws {
    let header = block.header
    let last = previous?.hash ?? .zero
    let checks: [(Bool, String)] = [
      (header.height == height, "its header says \(header.height)"),
      (header.chain == genesis.chain, "it belongs to chain \(header.chain)"),
      (header.previousBlockHash == last, "it does not follow on block \(height - 1)"),
      (
        header.itemsHash == StoredBlock.itemsHash(of: block.items),
        "its items are not those that its header commits to"
      ),
      (
        header.appHash == machine.stateRoot,
        "its header has state root \(header.appHash), computed was \(machine.stateRoot)"
      ),
      (
        genesis.validators.contains { $0.account == header.proposer },
        "its proposer \(header.proposer) is no validator"
      ),
      (
        header.proposer.verifies(
          block.signature, domain: StoredBlock.signatureDomain, of: header.hash.bytes),
        "its signature is not its proposer's"
      ),
    ]
    for (isRight, what) in checks where !isRight {
      throw Disagreement(height: height, what: what)
    }
  }
}
