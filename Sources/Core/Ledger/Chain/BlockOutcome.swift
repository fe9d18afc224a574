import Cryptography
import Primitives
import ServiceKit

/// What a driver hands to the machine to execute.
package struct BlockInput: Hashable, Sendable, CanonicalCodable {
  /// The last block's height + 1.
  package let height: UInt64
  /// Wall-clock time in milliseconds since 1970; not before the last block's.
  package let timeMilliseconds: UInt64
  /// ``BlockItem`` encodings: what validators added, then transactions.
  package let items: [[UInt8]]
  /// The validator that proposed the block.
  package let proposer: AccountID
  /// The commit of the block before; empty where the engine has one validator.
  package let lastCommit: LastCommit
  /// Evidence against validators that the block carries.
  package let misbehaviour: [Misbehaviour]

  package init(
    height: UInt64, timeMilliseconds: UInt64, items: [[UInt8]], proposer: AccountID,
    lastCommit: LastCommit = .empty, misbehaviour: [Misbehaviour] = []
  ) {
    self.height = height
    self.timeMilliseconds = timeMilliseconds
    self.items = items
    self.proposer = proposer
    self.lastCommit = lastCommit
    self.misbehaviour = misbehaviour
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(height)
    encoder.encode(timeMilliseconds)
    encoder.encode(UInt32(items.count))
    for item in items { encoder.encode(item) }
    encoder.encode(proposer)
    encoder.encode(lastCommit)
    encoder.encode(misbehaviour)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    height = try decoder.decodeUInt64()
    timeMilliseconds = try decoder.decodeUInt64()
    let count = try decoder.decodeCount(limit: 1 << 20, minimumElementSize: 4)
    var items: [[UInt8]] = []
    items.reserveCapacity(count)
    for _ in 0..<count { items.append(try decoder.decodeBytes(limit: BlockItem.byteLimit)) }
    self.items = items
    proposer = try decoder.decode()
    lastCommit = try decoder.decode()
    misbehaviour = try decoder.decodeArray(limit: 1024)
  }
}

/// What became of one item of a block.
package struct TransactionResult: Hashable, Sendable, CanonicalCodable {
  /// The hash of the signed transaction; of the item's bytes where it is none.
  package let hash: Digest
  /// 0 when it took effect, else the number of the rejection's code.
  package let code: UInt32
  /// `ok`, or the code's name.
  package let codeName: String
  /// For people; not part of consensus.
  package let detail: String

  package init(hash: Digest, code: UInt32, codeName: String, detail: String) {
    self.hash = hash
    self.code = code
    self.codeName = codeName
    self.detail = detail
  }

  /// A result of success.
  package static func success(_ hash: Digest) -> TransactionResult {
    TransactionResult(hash: hash, code: 0, codeName: "ok", detail: "")
  }

  /// A result of refusal.
  package init(hash: Digest, _ rejection: Rejection) {
    self.init(
      hash: hash, code: rejection.code.number, codeName: rejection.code.name,
      detail: rejection.detail)
  }

  /// Whether it took effect.
  package var isSuccess: Bool { code == 0 }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(hash)
    encoder.encode(code)
    encoder.encode(codeName)
    encoder.encode(detail)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    hash = try decoder.decode()
    code = try decoder.decodeUInt32()
    codeName = try decoder.decodeString(limit: 64)
    detail = try decoder.decodeString(limit: 65_536)
  }
}

/// What executing a block came to.
package struct BlockOutcome: Sendable {
  /// The block's height.
  package let height: UInt64
  /// The ledger's own clock after it.
  package let time: LedgerTime
  /// One result an item, in order; the beacon's first.
  package let results: [TransactionResult]
  /// What happened, in order; the index is nil for what no item caused (deadlines, epochs).
  package let events: [(itemIndex: Int?, event: ServiceEvent)]
  /// The root of the state tree after the block.
  package let stateRoot: Digest
  /// The chained hash of the block.
  package let blockHash: Digest
  /// The rows that changed, strictly ascending by key; nil is a deletion.
  package let changes: [(key: StateKey, value: [UInt8]?)]
  /// What the engine must be told of the validators: each key once, ascending, power 0 for who
  /// leaves; never all of them. It acts on it two blocks later.
  package let validatorUpdates: [ValidatorUpdate]
  /// Set when the machine refused the whole block (wrong height, time before the last block's, bad
  /// beacon); nothing changed then.
  package let refusal: Rejection?
}

/// When the machine wants a block although nobody sent a transaction.
///
/// An idle ledger's time advances at most 5 s a block, however long the driver waits; a driver that
/// sleeps until ``at(_:)`` must therefore make a block at least every 5 s of wall time on the way
/// (``LedgerMachine/millisecondsUntilNextBlock`` says how long it may wait).
package enum NextWork: Hashable, Sendable {
  /// Draws are pending or a deadline is due: as soon as the driver's block interval allows.
  case now
  /// The next deadline or epoch end.
  case at(LedgerTime)
  /// Nothing is ever due.
  case none
}
