import Consensus
import Cryptography
import Foundation
import Ledger
import LedgerStore
import Logging
import Primitives
import ServiceKit
import StorageService

/// A node over a store on disk, with many accounts, and the blocks that it is given.
final class LedgerScene {
  let node: LedgerNode
  private(set) var blocks: [SignedTransfers] = []
  private let validator = SigningKey(seed: Digest.sha256([1]).value)
  /// Where its files are.
  let folder: String
  /// The account of the only validator.
  var validatorAccount: AccountID { validator.accountID }

  /// Makes the genesis and the transfers, and stores the genesis.
  init(accounts: Int, blocks blockCount: Int, transfers: Int, directory: String) async throws {
    folder = directory + "/trellis-bench-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let senders = (0..<blockCount * transfers).map { SigningKey(seed: Self.digest("s", $0).value) }
    let others = (0..<max(0, accounts - senders.count)).map {
      AccountID(Self.digest("a", $0).value)
    }
    let everyone = senders.map(\.accountID) + others
    let random = VerifiableRandomKey(seed: Digest.sha256([2]).value)
    let services: [any ServiceModule] = [StorageModule()]
    let genesis = Genesis(
      chainName: "bench", genesisTimeMilliseconds: 1_700_000_000_000,
      accounts: (everyone + [validator.accountID]).map { .init(account: $0, amount: .whole(1000)) },
      validators: [
        .init(account: validator.accountID, verifiableRandomPublicKey: random.publicKey)
      ],
      parameters: LedgerParameters.production(services: services))
    node = try LedgerNode(
      genesis: genesis, services: services,
      store: try SQLiteLedgerStore(path: folder + "/ledger.sqlite"),
      configuration: .init(
        checksInvariants: false, validator: (validator.accountID, random)),
      logger: Logger(label: "bench"))
    _ = try await node.initChain()
    let chain = node.committedInfo.chain
    blocks = (0..<blockCount).map { block in
      SignedTransfers(
        chain: chain, senders: senders[block * transfers..<(block + 1) * transfers],
        amount: .whole(1)
      ) { index in
        let place = Self.digest("to", block * transfers + index).value.words.0
        return everyone[Int(place % UInt64(everyone.count))]
      }
    }
  }

  private static func digest(_ what: String, _ number: Int) -> Digest {
    Digest.sha256(Array("\(what) \(number)".utf8))
  }

  /// Removes the store.
  func remove() throws {
    node.store.close()
    try FileManager.default.removeItem(atPath: folder)
  }

  /// Seconds that the parts of a block took.
  struct Parts {
    var proposing = 0.0
    var executing = 0.0
    var committing = 0.0
    var whole: Double { proposing + executing + committing }
  }

  /// Makes, executes and stores a block as a driver does: when it returns, the block is durable.
  func make(_ transfers: SignedTransfers) async throws -> Parts {
    var parts = Parts()
    var watch = Stopwatch()
    let block = try await propose(transfers)
    parts.proposing = watch.seconds
    watch = Stopwatch()
    let done = try await node.finalizeBlock(DecidedBlock(block))
    parts.executing = watch.seconds
    watch = Stopwatch()
    _ = try await node.commit()
    parts.committing = watch.seconds
    for result in done.results.results where result.code != 0 {
      throw NodeError.halted("a transfer of the benchmark was refused: \(result.detail)")
    }
    return parts
  }

  /// Proposes and judges a block. Signatures that are not known yet are checked here.
  private func propose(_ transfers: SignedTransfers) async throws -> StoredBlock {
    let info = node.committedInfo
    let (height, time) = (info.height + 1, info.timeMilliseconds + 1000)
    let address = ConsensusAddress(publicKey: validator.accountID.value)
    let vote = ExtendedVote(
      vote: CommitVote(validator: address, power: 1, flag: .commit),
      voteExtension: await node.extendVote(height: info.height))
    let items = try await node.prepareProposal(
      ProposalRequest(
        height: height, timeMilliseconds: time, candidates: transfers.items, byteLimit: 1 << 30,
        votes: [vote]))
    let verdict = await node.processProposal(
      ProposedBlock(
        height: height, timeMilliseconds: time, items: items, proposer: address))
    if case .reject(let reason) = verdict {
      throw NodeError.blockRefused(height: height, reason: reason)
    }
    let header = BlockHeader(
      height: height, timeMilliseconds: time, chain: info.chain,
      previousBlockHash: info.blockHash, itemsHash: StoredBlock.itemsHash(of: items),
      appHash: info.stateRoot, proposer: validator.accountID)
    return StoredBlock(
      header: header,
      signature: validator.sign(domain: StoredBlock.signatureDomain, header.hash.bytes),
      items: items)
  }

  /// Checks transfers as they come in, on all cores, so that their block need not.
  nonisolated static func check(_ transfers: SignedTransfers, in node: LedgerNode) async throws {
    let next = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<Processors.count {
        group.addTask {
          while let range = next.take(16, below: transfers.items.count) {
            for index in range {
              let outcome = await node.checkTransaction(transfers.items[index], kind: .new)
              if case .rejected(let rejection) = outcome { throw rejection }
            }
            // Nothing in a check waits, as a connection does for bytes: the maker of blocks, whose
            // steps run on the same threads, would come last.
            await Task.yield()
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
