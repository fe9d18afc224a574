import Cryptography
import Ledger
import Logging
import NIOPosix
import Primitives
import ServiceKit
import StorageService

/// Answers demands for acknowledged bytes that somebody posted on the ledger: with the leaves and
/// their proof, or with the customer's own order to throw the shard away.
package actor RetrievalAnswerer {
  private let key: SigningKey
  private let store: ShardStore
  private let access: any StorageLedgerAccess
  private let threads: NIOThreadPool
  private let logger: Logger
  private var answered: Set<RetrievalID> = []

  package init(
    key: SigningKey, store: ShardStore, access: any StorageLedgerAccess, threads: NIOThreadPool,
    logger: Logger = Logger(label: "storage-retrieval")
  ) {
    self.key = key
    self.store = store
    self.access = access
    self.threads = threads
    self.logger = logger
  }

  /// Answers what waits. - Throws: when the ledger does not answer; the next block tries again.
  package func step() async throws {
    let waiting = try await access.values(in: StorageKeys.retrievals, as: RetrievalRecord.self)
      .map(\.value).filter { $0.provider == key.accountID }
    answered.formIntersection(waiting.map(\.id))
    for record in waiting where !answered.contains(record.id) {
      guard let answer = try await answer(to: record) else { continue }
      do {
        try await access.submit(
          .answerRetrieval(AnswerRetrieval(retrieval: record.id, answer: answer)),
          lane: ProviderLane.retrievals)
      } catch let refusal as LedgerRefusal {
        logger.warning("The ledger refused an answer.", metadata: ["why": "\(refusal)"])
      }
      answered.insert(record.id)
    }
  }

  private func answer(to record: RetrievalRecord) async throws -> AnswerRetrieval.Answer? {
    let order = record.demand.acknowledgement.message.order
    let shard = ShardKey(segment: order.segmentID, slot: order.slot)
    let demand = record.demand
    return try await threads.runIfActive { [store, logger] in
      do {
        if let row = store.row(shard), row.length >= order.end {
          return try Self.leaves(demand, of: shard, row: row, store: store)
        }
      } catch {
        logger.error("A demanded shard cannot be read.", metadata: ["why": "\(error)"])
      }
      return try store.index.dropOrder(of: shard).map { .dropped($0) }
    }
  }

  private static func leaves(
    _ demand: ForceRetrieval, of shard: ShardKey, row: ShardRow, store: ShardStore
  ) throws -> AnswerRetrieval.Answer {
    let size = UInt64(row.leafBytes)
    let end = demand.acknowledgement.message.order.end
    let start = try demand.firstLeaf.multiplied(by: size)
    let stop = try start.adding(try UInt64(demand.leafCount).multiplied(by: size))
    guard start < end else { throw StorageRefusal(.unknownShard, "no such leaf") }
    let found = try store.read(shard, range: start..<min(stop, end), shardBytes: end)
    return .leaves(bytes: Array(found.bytes.readableBytesView), proof: found.proof.path)
  }
}
