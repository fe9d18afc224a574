import LedgerStore
import Primitives

/// The methods that read blocks.
extension RPCMethods {
  func blockMethod(
    _ method: String, _ arguments: RPCArguments
  ) throws(RPCError) -> JSONValue {
    switch method {
    case "block_by_hash":
      guard let height = try reader.height(ofBlock: arguments.bytes("hash", .base64)) else {
        return ["block_id": RPCShapes.noBlockID, "block": .null]
      }
      return try block(height)
    case "header_by_hash":
      guard let height = try reader.height(ofBlock: arguments.bytes("hash", .hex)) else {
        return ["header": .null]
      }
      return ["header": try header(height)]
    case "blockchain": return try blockchain(arguments)
    default: break
    }
    let height = try reader.height(arguments.integer("height"))
    switch method {
    case "block": return try block(height)
    case "header": return ["header": try header(height)]
    case "block_results": return try blockResults(height)
    default:
      let block = try reader.block(at: height)
      return [
        "signed_header": ["header": try header(height), "commit": RPCShapes.commit(block)],
        "canonical": true,
      ]
    }
  }

  private func block(_ height: UInt64) throws(RPCError) -> JSONValue {
    let block = try reader.block(at: height)
    return [
      "block_id": RPCShapes.blockID(block.header),
      "block": RPCShapes.block(
        block, chainName: reader.chainName, previous: try reader.previous(of: height)),
    ]
  }

  private func header(_ height: UInt64) throws(RPCError) -> JSONValue {
    RPCShapes.header(
      try reader.block(at: height).header, chainName: reader.chainName,
      previous: try reader.previous(of: height)?.header)
  }

  private func blockResults(_ height: UInt64) throws(RPCError) -> JSONValue {
    let results = try reader.results(at: height)
    let shapes = RPCShapes.results(results)
    return [
      "height": RPCShapes.text(height),
      "txs_results": shapes.items,
      "finalize_block_events": shapes.block,
      "validator_updates": .null,
      "consensus_param_updates": .null,
      "app_hash": RPCShapes.base64(results.stateRoot.bytes),
    ]
  }

  /// At most 20 block metas, newest first.
  private func blockchain(_ arguments: RPCArguments) throws(RPCError) -> JSONValue {
    let lowest = try arguments.integer("minHeight") ?? 0
    let highest = try arguments.integer("maxHeight") ?? 0
    guard lowest >= 0, highest >= 0 else { throw .internal("heights must be non-negative") }
    let last = reader.info.height
    let top = highest == 0 ? last : min(last, UInt64(highest))
    let first = try reader.earliestHeight()
    let bottom = max(UInt64(lowest), max(1, first), top >= 20 ? top - 19 : 1)
    guard last == 0 || bottom <= top else {
      throw .internal("min height \(lowest) can't be greater than max height \(top)")
    }
    var metas: [JSONValue] = []
    if last > 0 {
      for height in (bottom...top).reversed() { metas.append(try meta(height)) }
    }
    return ["last_height": RPCShapes.text(last), "block_metas": .array(metas)]
  }

  private func meta(_ height: UInt64) throws(RPCError) -> JSONValue {
    let block = try reader.block(at: height)
    return [
      "block_id": RPCShapes.blockID(block.header),
      "block_size": RPCShapes.text(block.items.reduce(0) { $0 + $1.count }),
      "header": try header(height),
      "num_txs": RPCShapes.text(block.items.count),
    ]
  }
}
