import AsyncHTTPClient
import Foundation
import NIOCore

/// One GET of the node's RPC.
enum NodeRequest {
  /// The answer's text. - Throws: ``UserError`` when the node does not answer.
  static func text(
    _ network: OpenNetwork, _ method: String, _ parameters: [String]
  ) async throws -> String {
    var url = URLComponents(string: network.nodeEndpoint) ?? URLComponents()
    url.path = "/" + method
    url.queryItems = parameters.map { parameter in
      let parts = parameter.split(separator: "=", maxSplits: 1).map(String.init)
      return URLQueryItem(name: parts[0], value: parts.count > 1 ? parts[1] : "")
    }
    if parameters.isEmpty { url.queryItems = nil }
    guard let address = url.string else { throw UserError("“\(method)” is no method") }
    do {
      let response = try await HTTPClient.shared.execute(
        HTTPClientRequest(url: address), timeout: .seconds(10))
      let body = try await response.body.collect(upTo: 64 << 20)
      return String(decoding: body.readableBytesView, as: UTF8.self)
    } catch let error as HTTPClientError {
      throw UserError("the node at \(address) does not answer: \(error)")
    }
  }
}
