import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import Primitives

/// JSON-RPC over HTTP to one of several nodes, with fail-over.
actor RPCTransport {
  /// The most bytes that an answer may have: a block of the largest size in base 64, and room.
  static let answerByteLimit = 64 << 20

  private let endpoints: [String]
  private let logger: Logger
  private let client = HTTPClient.shared
  private var current = 0
  private var nextID: UInt64 = 1

  init(endpoints: [String], logger: Logger) {
    self.endpoints = endpoints.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    self.logger = logger
  }

  /// Calls a method, on each endpoint in turn until one answers.
  /// - Throws: ``LedgerClientError``.
  func call<Answer: Decodable & Sendable>(
    _ method: String, _ parameters: [String: RPCParameter] = [:], as type: Answer.Type,
    timeoutSeconds: Int64 = 10
  ) async throws -> Answer {
    let id = nextID
    nextID += 1
    let body = try JSONEncoder().encode(
      RPCRequest(id: id, method: method, params: parameters))
    let answer = try await post(Array(body), method: method, timeoutSeconds: timeoutSeconds)
    return try Self.open(answer, method: method)
  }

  /// Turns to the next endpoint, when the one in use answers but does not get on.
  func useNext() { current = (current + 1) % max(endpoints.count, 1) }

  /// Takes an answer out of its envelope.
  private static func open<Answer: Decodable & Sendable>(
    _ bytes: Data, method: String
  ) throws -> Answer {
    let envelope: RPCEnvelope<Answer>
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      envelope = try decoder.decode(RPCEnvelope<Answer>.self, from: bytes)
    } catch {
      throw LedgerClientError.malformedAnswer(method: method, reason: "\(error)")
    }
    if let failure = envelope.error {
      throw LedgerClientError.remote(
        code: failure.code, message: failure.data ?? failure.message)
    }
    guard let result = envelope.result else {
      throw LedgerClientError.malformedAnswer(method: method, reason: "neither result nor error")
    }
    return result
  }

  /// Posts to the endpoint in use, then to the others.
  private func post(
    _ body: [UInt8], method: String, timeoutSeconds: Int64
  ) async throws -> Data {
    var reason = "no endpoint was given"
    for _ in endpoints.indices {
      let index = current % endpoints.count
      do {
        return try await post(body, to: endpoints[index], timeoutSeconds: timeoutSeconds)
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        try Task.checkCancellation()
        reason = "\(error)"
        logger.debug(
          "ledger node does not answer",
          metadata: [
            "endpoint": "\(endpoints[index])", "method": "\(method)", "reason": "\(reason)",
          ])
        if current % endpoints.count == index { current = (index + 1) % endpoints.count }
      }
    }
    throw LedgerClientError.unreachable(endpoints: endpoints, reason: reason)
  }

  private func post(
    _ body: [UInt8], to endpoint: String, timeoutSeconds: Int64
  ) async throws -> Data {
    var request = HTTPClientRequest(url: endpoint + "/")
    request.method = .POST
    request.headers.add(name: "content-type", value: "application/json")
    request.body = .bytes(ByteBuffer(bytes: body))
    let response = try await client.execute(request, timeout: .seconds(timeoutSeconds))
    let collected = try await response.body.collect(upTo: Self.answerByteLimit)
    // An error of JSON-RPC comes with a JSON body whatever the status is; a body that is not JSON
    // is from something that is no ledger node.
    guard response.status.code < 500 || collected.readableBytes > 0 else {
      throw LedgerClientError.remote(
        code: Int(response.status.code), message: response.status.reasonPhrase)
    }
    return Data(collected.readableBytesView)
  }
}

/// A parameter of a JSON-RPC call.
enum RPCParameter: Encodable, Sendable {
  case text(String)
  case flag(Bool)

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .flag(let flag): try container.encode(flag)
    }
  }
}

/// A JSON-RPC request.
private struct RPCRequest: Encodable {
  let jsonrpc = "2.0"
  let id: UInt64
  let method: String
  let params: [String: RPCParameter]

  private enum CodingKeys: CodingKey { case jsonrpc, id, method, params }
}
