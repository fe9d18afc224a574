import Foundation
import GatewayKit
import HTTPTypes
import Hummingbird
import Primitives
import StorageService

/// Granted keys that count no more, by name. They are in the network's log: a gateway that was
/// rebuilt from it refuses them as well.
///
/// Not a part of S3: an identity's own key says `PUT /?trellis-revoked-key=NAME`, and
/// `GET /?trellis-revoked-key` lists what it said.
extension S3Call {
  /// The query item that asks for this.
  static let revocationQuery = "trellis-revoked-key"

  /// Refuses a key whose name was revoked; asked of the index with each request, so that it counts
  /// from the moment on at which the revocation was acknowledged.
  func checkNotRevoked() async throws {
    guard let grant, let requester,
      let time = try await requester.index.revocation(ofKeysNamed: grant.name)
    else { return }
    let text = HTTPDate.iso8601(time)
    throw S3Error(
      .accessDenied, "The key \"\(grant.name)\" was revoked at \(text).",
      details: [
        S3Error.Detail(name: "Key", value: grant.name),
        S3Error.Detail(name: "Limit", value: "revoked"),
        S3Error.Detail(name: "LimitValue", value: text),
      ])
  }

  /// Ends all keys of a name. To say it again changes nothing.
  func revokeKey() async throws -> Response {
    let name = query[Self.revocationQuery] ?? ""
    guard !name.isEmpty, name.utf8.count <= AccessGrant.longestName else {
      throw S3Error(
        .invalidArgument, "A key's name has 1 to \(AccessGrant.longestName) bytes.",
        details: [
          S3Error.Detail(name: "ArgumentName", value: Self.revocationQuery),
          S3Error.Detail(name: "ArgumentValue", value: name),
        ])
    }
    try await engine.commit(.revokeKey(name: name))
    return try await reply(revoked: index.revokedKeys().filter { $0.name == name })
  }

  /// All names that were revoked.
  func listRevokedKeys() async throws -> Response {
    try await reply(revoked: index.revokedKeys())
  }

  private func reply(revoked: [(name: String, unixMilliseconds: UInt64)]) throws -> Response {
    let keys = revoked.map {
      RevokedKey(name: $0.name, revokedAt: HTTPDate.iso8601($0.unixMilliseconds))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var headers = HTTPFields()
    headers[.contentType] = "application/json"
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody(byteBuffer: .init(bytes: Array(try encoder.encode(keys)))))
  }
}
