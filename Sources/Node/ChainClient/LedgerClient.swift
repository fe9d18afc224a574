import Cryptography
import Foundation
import Ledger
import Logging
import Primitives
import ServiceKit

/// A process's way to the ledger: submits transactions, reads state, follows blocks.
///
/// It speaks CometBFT's JSON-RPC, so it does not know which driver orders the blocks. Without
/// ``ProvenReads`` it trusts its nodes' answers; with them every row that is read by its key is
/// verified against headers that the validators signed (ranges of rows are not).
package actor LedgerClient {
  /// How long ``submit(_:signer:lane:timeoutSeconds:)`` tries, in seconds.
  package static let submitSeconds = 120.0

  nonisolated let transport: RPCTransport
  nonisolated let lanes = LaneSequences()
  nonisolated let logger: Logger
  private let endpoints: [String]
  private let proofs: ProvenReads?
  private var chainIdentity: Digest?
  private var highestHeight: UInt64?

  /// A client of the nodes at `endpoints`, such as `http://127.0.0.1:9700`. The first that answers
  /// is used until it fails.
  /// - Parameter proofs: what rows are verified with; nil trusts the nodes.
  package init(endpoints: [String], proofs: ProvenReads? = nil, logger: Logger) {
    self.endpoints = endpoints
    self.proofs = proofs
    self.logger = logger
    transport = RPCTransport(endpoints: endpoints, logger: logger)
  }

  /// Where the chain stands.
  /// - Throws: ``LedgerClientError``.
  package func status() async throws -> ChainStatus {
    let answer = try await transport.call("status", as: StatusAnswer.self, timeoutSeconds: 5)
    let sync = answer.syncInfo
    guard let time = RPCTime.milliseconds(sync.latestBlockTime) else {
      throw LedgerClientError.malformedAnswer(
        method: "status", reason: "time “\(sync.latestBlockTime)”")
    }
    noteHeight(sync.latestBlockHeight.value)
    return ChainStatus(
      chain: try await chain(), name: answer.nodeInfo.network,
      height: sync.latestBlockHeight.value, timeMilliseconds: time,
      blockHash: Digest(hex: sync.latestBlockHash) ?? .zero,
      appHash: Digest(hex: sync.latestAppHash) ?? .zero, isCatchingUp: sync.catchingUp)
  }

  /// The chain's identity, asked for once.
  /// - Throws: ``LedgerClientError``.
  package func chain() async throws -> Digest {
    if let chainIdentity { return chainIdentity }
    let answer = try await query(path: "/chain", data: [])
    guard let bytes = answer.value, let chain = Digest(bytes: bytes) else {
      throw LedgerClientError.malformedAnswer(method: "abci_query /chain", reason: "no 32 bytes")
    }
    chainIdentity = chain
    return chain
  }

  /// The last committed height.
  /// - Throws: ``LedgerClientError``.
  package func height() async throws -> UInt64 {
    try await query(path: "/height", data: []).height
  }

  /// A query of the application's state.
  /// - Throws: ``LedgerClientError``.
  package func query(
    path: String, data: [UInt8], prove: Bool = false
  ) async throws -> StateAnswer {
    let answer = try await transport.call(
      "abci_query", ["path": .text(path), "data": .text(data.hex), "prove": .flag(prove)],
      as: QueryAnswer.self)
    let response = answer.response
    guard response.code == 0 else {
      throw LedgerClientError.queryRefused(path: path, code: response.code, reason: response.log)
    }
    noteHeight(response.height.value)
    return StateAnswer(
      value: try response.value.map { try Self.base64($0, method: "abci_query") },
      height: response.height.value,
      proof: try response.proofOps?.ops?.first.map {
        try Self.base64($0.data, method: "abci_query")
      })
  }

  /// The row at `key` as a value of its type; nil when there is no such row.
  /// - Throws: ``LedgerClientError``.
  package func value<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) async throws -> T? {
    guard let bytes = try await state(at: key).value else { return nil }
    return try Self.decode(bytes, at: key, as: T.self)
  }

  /// The row at `key` as it is stored, verified where this client verifies.
  /// - Throws: ``LedgerClientError``, `LightClientError`.
  package func state(at key: StateKey) async throws -> StateAnswer {
    let answer = try await query(path: "/state", data: key.bytes, prove: proofs != nil)
    try await proofs?.check(answer, at: key)
    return answer
  }

  /// Rows from `start` up to but without `end`, ascending by key, at most `limit`.
  /// - Throws: ``LedgerClientError``.
  package func rows<T: CanonicalCodable>(
    from start: StateKey, to end: StateKey, limit: UInt32, as type: T.Type
  ) async throws -> [(StateKey, T)] {
    try await rawRows(from: start, to: end, limit: limit).map { row in
      (row.key, try Self.decode(row.value, at: row.key, as: T.self))
    }
  }

  /// Rows as they are stored.
  /// - Throws: ``LedgerClientError``.
  package func rawRows(
    from start: StateKey, to end: StateKey, limit: UInt32
  ) async throws -> [(key: StateKey, value: [UInt8])] {
    var encoder = CanonicalEncoder()
    encoder.encode(start.bytes)
    encoder.encode(end.bytes)
    encoder.encode(limit)
    let answer = try await query(path: "/rows", data: encoder.bytes)
    var decoder = CanonicalDecoder(answer.value ?? [0, 0, 0, 0])
    do {
      let count = try decoder.decodeCount(limit: Int(limit), minimumElementSize: 8)
      var rows: [(key: StateKey, value: [UInt8])] = []
      rows.reserveCapacity(count)
      for _ in 0..<count {
        let key = StateKey(foreign: try decoder.decodeBytes(limit: StateKey.byteLimit))
        let value = try decoder.decodeBytes(limit: RPCTransport.answerByteLimit)
        guard let key else { throw CodecError.invalid("a key of more than 47 bytes") }
        rows.append((key, value))
      }
      try decoder.finish()
      return rows
    } catch {
      throw LedgerClientError.malformedAnswer(method: "abci_query /rows", reason: "\(error)")
    }
  }

  /// A block's items in their order, with what validators added in front.
  /// - Throws: ``LedgerClientError``.
  package func blockItems(at height: UInt64) async throws -> [[UInt8]] {
    let answer = try await transport.call(
      "block", ["height": .text("\(height)")], as: BlockAnswer.self)
    guard let block = answer.block, block.header.height.value == height else {
      throw LedgerClientError.malformedAnswer(method: "block", reason: "no block \(height)")
    }
    return try (block.data.txs ?? []).map { try Self.base64($0, method: "block") }
  }

  /// Notes a height that some answer named.
  func noteHeight(_ height: UInt64) {
    if height > highestHeight ?? 0 || highestHeight == nil { highestHeight = height }
  }

  /// A height that the chain has reached, asked for when none is known yet.
  func knownHeight() async throws -> UInt64 {
    if let highestHeight { return highestHeight }
    return try await height()
  }

  static func base64(_ text: String, method: String) throws -> [UInt8] {
    guard let data = Data(base64Encoded: text) else {
      throw LedgerClientError.malformedAnswer(method: method, reason: "base 64 was expected")
    }
    return Array(data)
  }

  private static func decode<T: CanonicalCodable>(
    _ bytes: [UInt8], at key: StateKey, as type: T.Type
  ) throws -> T {
    do {
      return try T(canonicalBytes: bytes)
    } catch {
      throw LedgerClientError.malformedAnswer(
        method: "abci_query", reason: "row \(key.bytes.hex) is no \(T.self): \(error)")
    }
  }
}
