import AsyncHTTPClient
import Cryptography
import Foundation
import NIOCore
import Primitives

/// Stores an object over S3 as any client would, and reads it back: `up --sample`.
enum SampleObject {
  static let bucket = "trellis-sample"
  static let key = "hello.txt"

  /// Returns what it did, for people.
  /// - Throws: ``UserError`` with S3's answer when something did not work.
  static func store(in network: OpenNetwork) async throws -> [String] {
    let seed = try network.secrets.identity(network.settings.identities.first ?? "main")
    let signer = S3RequestSigner(
      accessKeyID: seed.s3AccessKeyID, secretKey: seed.s3SecretKey, region: "us-east-1")
    let client = S3SampleClient(port: network.settings.ports.gateway, signer: signer)
    let text = "This object was cut into shards, any half of which give it back.\n"
    let body = Array(String(repeating: text, count: 4096).utf8)
    _ = try await client.send("PUT", "/\(bucket)", [], accepting: [200, 409])
    let started = ContinuousClock.now
    _ = try await client.send("PUT", "/\(bucket)/\(key)", body, accepting: [200])
    let stored = ContinuousClock.now
    let back = try await client.send("GET", "/\(bucket)/\(key)", [], accepting: [200])
    guard back == body else { throw UserError("the sample object came back changed") }
    let milliseconds = (stored - started) / .milliseconds(1)
    return [
      "  sample: stored s3://\(bucket)/\(key) (\(body.count) bytes) in \(Int(milliseconds)) ms and "
        + "read it back; its proofs are paid from the next epochs on"
    ]
  }
}

/// The few S3 requests of the sample.
struct S3SampleClient {
  let port: Int
  let signer: S3RequestSigner

  /// The answer's body. - Throws: ``UserError`` for a status that is not accepted.
  func send(
    _ method: String, _ path: String, _ body: [UInt8], accepting statuses: Set<UInt>
  ) async throws -> [UInt8] {
    let host = "127.0.0.1:\(port)"
    var request = HTTPClientRequest(url: "http://\(host)\(path)")
    request.method = .init(rawValue: method)
    for (name, value) in signer.headers(method, host: host, path: path, body: body, at: Date()) {
      request.headers.add(name: name, value: value)
    }
    if !body.isEmpty || method == "PUT" { request.body = .bytes(ByteBuffer(bytes: body)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
    let answer = try await response.body.collect(upTo: 16 << 20)
    guard statuses.contains(response.status.code) else {
      throw UserError(
        "\(method) \(path) was answered \(response.status.code): \(String(buffer: answer))")
    }
    return Array(answer.readableBytesView)
  }
}
