import Crypto
import Foundation
import Primitives

/// AWS Signature Version 4: what is signed, and with which key.
enum SignatureV4 {
  static let algorithm = "AWS4-HMAC-SHA256"
  /// SHA-256 of nothing.
  static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  /// What a key is good for: a day, a region and a service.
  struct Scope: Hashable, Sendable {
    let date: String
    let region: String
    let service: String

    var text: String { "\(date)/\(region)/\(service)/aws4_request" }
  }

  /// The key for a scope.
  static func signingKey(secret: String, scope: Scope) -> SymmetricKey {
    var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
    for step in [scope.date, scope.region, scope.service, "aws4_request"] {
      key = SymmetricKey(
        data: HMAC<SHA256>.authenticationCode(for: Array(step.utf8), using: key))
    }
    return key
  }

  /// The canonical request.
  static func canonicalRequest(
    method: String, path: [UInt8], query: String, headers: [(name: String, value: String)],
    payloadHash: String
  ) -> String {
    let lines = headers.map { "\($0.name):\($0.value)\n" }.joined()
    let names = headers.map(\.name).joined(separator: ";")
    let encodedPath = PercentEncoding.encode(path, keepsSlash: true)
    return "\(method)\n\(encodedPath)\n\(query)\n\(lines)\n\(names)\n\(payloadHash)"
  }

  /// The string that is signed for a request.
  static func stringToSign(dateTime: String, scope: Scope, canonicalRequest: String) -> String {
    let hash = Array(SHA256.hash(data: Array(canonicalRequest.utf8))).hex
    return "\(algorithm)\n\(dateTime)\n\(scope.text)\n\(hash)"
  }

  /// The signature, in lower-case hexadecimal.
  static func sign(_ text: String, key: SymmetricKey) -> String {
    Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)).hex
  }

  /// A header's value as it is signed: without outer white space, inner runs of spaces as one.
  static func canonicalValue(_ value: String) -> String {
    value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
  }
}

/// Signs the chunks of a body one after another; each signature covers the one before.
struct ChunkSigner: Sendable {
  let key: SymmetricKey
  let dateTime: String
  let scope: SignatureV4.Scope
  /// The request's signature, then the last chunk's.
  var previous: String

  /// The signature of a chunk whose bytes have that hash; it becomes the previous one.
  mutating func signChunk(hash: String) -> String {
    let text =
      "AWS4-HMAC-SHA256-PAYLOAD\n\(dateTime)\n\(scope.text)\n\(previous)\n"
      + "\(SignatureV4.emptyHash)\n\(hash)"
    previous = SignatureV4.sign(text, key: key)
    return previous
  }

  /// The signature of the trailing headers, each `name:value` with a line feed behind it.
  func signTrailer(_ lines: String) -> String {
    let hash = Array(SHA256.hash(data: Array(lines.utf8))).hex
    let text =
      "AWS4-HMAC-SHA256-TRAILER\n\(dateTime)\n\(scope.text)\n\(previous)\n\(hash)"
    return SignatureV4.sign(text, key: key)
  }
}
