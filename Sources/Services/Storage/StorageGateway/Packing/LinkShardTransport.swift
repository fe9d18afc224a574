import ChainClient
import Ledger
import NIOCore
import NodeLink
import Primitives
import ServiceKit
import StorageService

/// Reaches providers over the node link, at the endpoints that the ledger gives for them.
package actor LinkShardTransport: ShardTransport {
  private let pool: LinkPool
  private let client: LedgerClient
  private var endpoints: [ProviderID: String] = [:]

  package init(pool: LinkPool, client: LedgerClient) {
    self.pool = pool
    self.client = client
  }

  package func call(
    _ request: StorageRequest, tail: ByteBuffer, to provider: ProviderID, timeoutSeconds: Double
  ) async throws -> ShardAnswer {
    let link = try await pool.client(for: provider, endpoint: try await endpoint(of: provider))
    let body = LinkPayload(ByteBuffer(bytes: LinkMessage.prefix(request)), tail: tail)
    do {
      return try Self.answer(in: try await link.call(body, timeoutSeconds: timeoutSeconds))
    } catch let refusal as StorageRefusal {
      throw refusal
    } catch {
      // It may have moved: the next call asks the ledger again.
      endpoints[provider] = nil
      throw error
    }
  }

  private static func answer(in body: ByteBuffer) throws -> ShardAnswer {
    var body = body
    guard let length = body.readInteger(as: UInt32.self) else {
      throw CodecError.truncated(offset: 0, needed: LinkMessage.lengthBytes)
    }
    let count = try LinkMessage.headerLength(length, available: body.readableBytes)
    guard let header = body.readBytes(length: count) else {
      throw CodecError.truncated(offset: 4, needed: count)
    }
    let response = try StorageResponse(canonicalBytes: header)
    if case .refused(let refusal) = response { throw refusal }
    return ShardAnswer(response: response, tail: body)
  }

  private func endpoint(of provider: ProviderID) async throws -> String {
    if let known = endpoints[provider] { return known }
    guard
      let record = try await client.value(StateKeys.provider(provider), as: ProviderRecord.self)
    else {
      throw EngineError.unavailable(reason: "provider \(provider) is not on the ledger")
    }
    endpoints[provider] = record.endpoint
    return record.endpoint
  }
}
