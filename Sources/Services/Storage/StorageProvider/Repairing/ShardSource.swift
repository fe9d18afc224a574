import Ledger
import NIOCore
import NodeLink
import Primitives
import ServiceKit
import StorageService

/// Asks other storage providers. Narrow, so that tests need no sockets.
package protocol ProviderCalling: Sendable {
  /// Sends a request and returns the answer; a refusal is thrown.
  /// - Throws: ``StorageRefusal``, or a link's error.
  func call(
    _ request: StorageRequest, of provider: ProviderID
  ) async throws -> (response: StorageResponse, tail: ByteBuffer)
}

/// Other providers over the node link, at the endpoints that the ledger gives for them.
package actor LinkedProviders: ProviderCalling {
  private static let timeoutSeconds = 20.0
  private let pool: LinkPool
  private let access: any StorageLedgerAccess
  private var endpoints: [ProviderID: String] = [:]

  package init(pool: LinkPool, access: any StorageLedgerAccess) {
    self.pool = pool
    self.access = access
  }

  package func call(
    _ request: StorageRequest, of provider: ProviderID
  ) async throws -> (response: StorageResponse, tail: ByteBuffer) {
    do {
      let link = try await pool.client(for: provider, endpoint: try await endpoint(provider))
      let body = try await link.call(
        LinkBody.encode(request), timeoutSeconds: Self.timeoutSeconds)
      let (response, tail) = try LinkBody.decode(StorageResponse.self, body)
      if case .refused(let refusal) = response { throw refusal }
      return (response, tail)
    } catch {
      // It may have moved: the next call asks the ledger again.
      if !(error is StorageRefusal) { endpoints[provider] = nil }
      throw error
    }
  }

  private func endpoint(_ provider: ProviderID) async throws -> String {
    if let known = endpoints[provider] { return known }
    guard
      let record = try await access.value(StateKeys.provider(provider), as: ProviderRecord.self)
    else { throw LinkError.notConnected(reason: "provider \(provider) is not on the ledger") }
    endpoints[provider] = record.endpoint
    return record.endpoint
  }
}
