import Ledger
import LedgerStore
import Primitives
import ServiceKit

/// Answers queries from one committed state.
struct StateQuery {
  /// The most rows of one answer.
  static let rowLimit: UInt32 = 10_000
  /// The most bytes of one answer's rows.
  static let answerByteLimit = 16 << 20

  let committed: LedgerNode.Committed
  let store: any LedgerStoring

  private var info: ApplicationInfo { committed.info }

  func answer(_ query: ApplicationQuery) -> QueryOutcome {
    guard query.height == 0 || query.height == info.height else {
      return refused(
        4,
        "only the state of the last block (\(info.height)) can be queried, not of \(query.height)")
    }
    do {
      switch query.path {
      case "/height": return found(info.height.canonicalBytes())
      case "/chain": return found(info.chain.bytes)
      case "/time": return found(committed.machine.time.canonicalBytes())
      case "/state": return try state(query)
      case "/rows": return try rows(query.data)
      case "/block": return try block(query.data)
      default:
        return refused(
          2,
          "unknown path “\(query.path.prefix(64))”; there are /state, /rows, /block, /height, "
            + "/time and /chain")
      }
    } catch let error as CodecError {
      return refused(1, "the query's data cannot be read: \(error)")
    } catch {
      return refused(3, "\(error)")
    }
  }

  private func state(_ query: ApplicationQuery) throws -> QueryOutcome {
    guard let key = StateKey(foreign: query.data) else {
      return refused(1, "a key has at most \(StateKey.byteLimit) bytes, not \(query.data.count)")
    }
    let proof = query.wantsProof ? committed.machine.proof(for: key).canonicalBytes() : nil
    return found(committed.machine.value(at: key), proof: proof)
  }

  private func rows(_ data: [UInt8]) throws -> QueryOutcome {
    var decoder = CanonicalDecoder(data)
    let from = StateKey(foreign: try decoder.decodeBytes(limit: StateKey.byteLimit))
    let to = StateKey(foreign: try decoder.decodeBytes(limit: StateKey.byteLimit))
    let limit = min(try decoder.decodeUInt32(), Self.rowLimit)
    try decoder.finish()
    guard let from, let to else { return refused(1, "a key is too long") }
    var encoder = CanonicalEncoder()
    var count: UInt32 = 0
    for row in committed.machine.rows(from: from, to: to, limit: Int(limit)) {
      if encoder.bytes.count + row.value.count > Self.answerByteLimit { break }
      encoder.encode(row.key.bytes)
      encoder.encode(row.value)
      count += 1
    }
    return found(count.canonicalBytes() + encoder.bytes)
  }

  private func block(_ data: [UInt8]) throws -> QueryOutcome {
    let height = try UInt64(canonicalBytes: data)
    return found(try store.block(at: height)?.canonicalBytes())
  }

  private func found(_ value: [UInt8]?, proof: [UInt8]? = nil) -> QueryOutcome {
    QueryOutcome(
      code: 0, log: value == nil ? "does not exist" : "exists", value: value, proof: proof,
      height: info.height)
  }

  private func refused(_ code: UInt32, _ log: String) -> QueryOutcome {
    QueryOutcome(code: code, log: log, value: nil, proof: nil, height: info.height)
  }
}
