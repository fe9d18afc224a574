import Cryptography
import Ledger
import Primitives
import ServiceKit

/// The methods about transactions.
extension RPCMethods {
  func transactionMethod(
    _ method: String, _ arguments: RPCArguments
  ) async throws(RPCError) -> JSONValue {
    switch method {
    case "broadcast_tx_async", "broadcast_tx_sync", "broadcast_tx_commit", "check_tx":
      let item = try arguments.bytes("tx", .base64)
      guard item.count <= BlockItem.byteLimit else {
        throw .internal(
          "Tx too large. Max size is \(BlockItem.byteLimit), but got \(item.count)")
      }
      return try await broadcast(method, item)
    case "tx": return try transaction(arguments)
    case "tx_search": return try search(arguments)
    case "unconfirmed_txs":
      let limit = min(max(try arguments.count("limit") ?? 30, 1), 100)
      return await unconfirmed(limit: limit)
    case "num_unconfirmed_txs": return await unconfirmed(limit: 0)
    default: throw .methodNotFound
    }
  }

  private func broadcast(_ method: String, _ item: [UInt8]) async throws(RPCError) -> JSONValue {
    switch method {
    case "check_tx":
      switch await driver.application.checkTransaction(item, kind: .new) {
      case .accepted: return RPCShapes.check(nil)
      case .rejected(let rejection): return RPCShapes.check(rejection)
      }
    case "broadcast_tx_commit": return try commit(item, await driver.submitAndWait(item))
    case "broadcast_tx_async":
      // CometBFT does not wait for the check here; the answer's code is always 0.
      if case .unavailable(let reason) = await driver.submit(item) { throw .internal(reason) }
      return accepted(Digest.sha256(item), nil)
    default:
      switch await driver.submit(item) {
      case .waiting(let hash): return accepted(hash, nil)
      case .committed: return accepted(Digest.sha256(item), nil)
      case .rejected(let hash, let rejection): return accepted(hash, rejection)
      case .unavailable(let reason): throw .internal(reason)
      }
    }
  }

  private func accepted(_ hash: Digest, _ rejection: Rejection?) -> JSONValue {
    [
      "code": .number("\(rejection?.code.number ?? 0)"),
      "data": "",
      "log": .string(rejection.map { "\($0.code.name): \($0.detail)" } ?? ""),
      "codespace": rejection == nil ? "" : "trellis",
      "hash": RPCShapes.hash(hash),
    ]
  }

  private func commit(
    _ item: [UInt8], _ submission: Submission
  ) throws(RPCError) -> JSONValue {
    let (check, result, height): (Rejection?, JSONValue, UInt64)
    switch submission {
    case .committed(let committed):
      (check, height) = (nil, committed.height)
      result = RPCShapes.result(committed.result, events: committed.events)
    case .rejected(_, let rejection):
      (check, result, height) = (rejection, RPCShapes.check(nil), 0)
    case .waiting:
      throw .internal("timed out waiting for tx to be included in a block")
    case .unavailable(let reason): throw .internal("error on broadcastTxCommit: \(reason)")
    }
    return [
      "check_tx": RPCShapes.check(check),
      "tx_result": result,
      "hash": RPCShapes.hash(Digest.sha256(item)),
      "height": RPCShapes.text(height),
    ]
  }

  private func transaction(_ arguments: RPCArguments) throws(RPCError) -> JSONValue {
    let bytes = try arguments.bytes("hash", .base64)
    let proves = try arguments.flag("prove")
    guard let hash = Digest(bytes: bytes), let item = driver.committedItem(hash) else {
      throw .internal("tx (\(bytes.hex.uppercased())) not found")
    }
    return RPCShapes.transaction(item, hash: hash, proves: proves)
  }

  private func unconfirmed(limit: Int) async -> JSONValue {
    let (items, total, bytes) = await driver.unconfirmed(limit: limit)
    return [
      "n_txs": RPCShapes.text(limit == 0 ? total : items.count),
      "total": RPCShapes.text(total),
      "total_bytes": RPCShapes.text(bytes),
      "txs": limit == 0 ? .null : .array(items.map(RPCShapes.base64)),
    ]
  }

  /// Solo's index knows transactions by hash and by height; any other query is refused by name.
  private func search(_ arguments: RPCArguments) throws(RPCError) -> JSONValue {
    let found = try matches(EventQuery(try arguments.text("query")))
    let proves = try arguments.flag("prove")
    let order = try arguments.text("order_by")
    let ordered: [CommittedItem]
    switch order {
    case "", "asc": ordered = found
    case "desc": ordered = found.reversed()
    default:
      throw .internal("expected order_by to be either `asc` or `desc` or empty")
    }
    let page = try Page(arguments, total: ordered.count).range
    let listed = ordered[page].map {
      RPCShapes.transaction($0, hash: Digest.sha256($0.bytes), proves: proves)
    }
    return ["txs": .array(listed), "total_count": RPCShapes.text(ordered.count)]
  }

  private func matches(_ query: EventQuery) throws(RPCError) -> [CommittedItem] {
    switch (query.name, query.value) {
    case ("tx.hash", .text(let text)):
      guard let hash = Digest(hex: text), let item = driver.committedItem(hash) else { return [] }
      return [item]
    case ("tx.height", .number(let height)):
      guard height > 0, height <= reader.info.height else { return [] }
      let block = CommittedBlock(
        block: try reader.block(at: height), results: try reader.results(at: height))
      return block.block.items.indices.map { CommittedItem(block: block, index: $0) }
    default:
      throw .internal(
        "Solo's index answers tx.hash='…' and tx.height=… only, not \(query.name)")
    }
  }
}
