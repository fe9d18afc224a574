import ChainClient
import Consensus
import Cryptography
import Ledger
import LedgerStore
import Primitives

/// The blocks of a chain whose one validator orders them itself, for a replay.
///
/// Each header must belong to this chain, follow on the last block, commit to the items and to the
/// state computed here, and be signed by a validator of the genesis.
struct SoloBlocks: ReplaySource {
  let client: LedgerClient
  let genesis: Genesis
  private var previous: BlockHeader?

  init(client: LedgerClient, genesis: Genesis) {
    self.client = client
    self.genesis = genesis
  }

  /// The bytes of a block as the node keeps it; nil when it keeps none, as beside an engine.
  /// - Throws: `LedgerClientError`.
  static func stored(at height: UInt64, _ client: LedgerClient) async throws -> [UInt8]? {
    try await client.query(path: "/block", data: height.canonicalBytes()).value
  }

  mutating func block(
    at height: UInt64, over machine: LedgerMachine
  ) async throws -> DecidedBlock {
    guard let bytes = try await Self.stored(at: height, client),
      let block = try? StoredBlock(canonicalBytes: bytes)
    else { throw LedgerReplay.Disagreement(height: height, what: "the node has no such block") }
    try check(block, height: height, stateRoot: machine.stateRoot)
    previous = block.header
    return DecidedBlock(block)
  }

  /// - Throws: ``LedgerReplay/Disagreement``.
  func check(_ block: StoredBlock, height: UInt64, stateRoot: Digest) throws {
    let header = block.header
    let last = previous?.hash ?? .zero
    let checks: [(Bool, String)] = [
      (
        genesis.validators.count == 1,
        "one signature decides nothing among \(genesis.validators.count) validators"
      ),
      (header.height == height, "its header says \(header.height)"),
      (header.chain == genesis.chain, "it belongs to chain \(header.chain)"),
      (header.previousBlockHash == last, "it does not follow on block \(height - 1)"),
      (
        header.itemsHash == StoredBlock.itemsHash(of: block.items),
        "its items are not those that its header commits to"
      ),
      (
        header.appHash == stateRoot,
        "its header has state root \(header.appHash), computed was \(stateRoot)"
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
      throw LedgerReplay.Disagreement(height: height, what: what)
    }
  }

  mutating func executed(_ outcome: BlockOutcome) {}
}
