import Crypto
import Cryptography
import Foundation
import GatewayKit
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Locks
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService
import TestSupport

@testable import StorageGateway

/// A service with two identities over memory engines, and a client that signs.
final class S3Harness: CredentialStore {
  static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
  /// The seed of `main`, as far as keys are granted.
  static let seed = IdentitySeed(Bytes32(words: (1, 2, 3, 4)))
  /// A credit per GiB and hour, and per GiB read.
  static let tariff: StorageTariff? = {
    let prices = PriceVector([
      .init(.storedByteMilliseconds, creditsPerUnit: .whole(1)),
      .init(.egressBytes, creditsPerUnit: .whole(1)),
    ])
    guard let prices, let codeClass = CodeClass(dataShards: 2, totalShards: 4) else { return nil }
    return StorageTariff(prices: prices, codeClass: codeClass)
  }()

  let directory: TemporaryDirectory
  let service: S3ServiceBox
  let engines: [String: MemoryEngine]
  private let clock: Locked<UInt64>

  /// The time of all that the harness signs, in milliseconds since 1970; moves on by a second a
  /// call.
  var now: UInt64 { clock.withLock { $0 } }

  func advance(seconds: UInt64) { clock.withLock { $0 += seconds * 1_000 } }

  /// - Parameter makeEngine: the engine of `main`, of ``seed``; one in memory unless it is given.
  init(
    startMilliseconds: UInt64 = 1_700_000_000_000,
    makeEngine: (@Sendable (ObjectIndex) async throws -> any ObjectEngine)? = nil
  ) async throws {
    directory = try TemporaryDirectory("s3")
    clock = Locked(startMilliseconds)
    service = S3ServiceBox()
    var engines: [String: MemoryEngine] = [:]
    var tenants: [S3Tenant] = []
    let box = service
    let time: @Sendable () -> UInt64 = { box.now?() ?? startMilliseconds }
    for name in ["main", "alt"] {
      let index = try ObjectIndex(path: directory.file("\(name).sqlite"))
      if name == "main", let makeEngine {
        tenants.append(
          S3Tenant(
            name: name, ownerID: Digest.sha256(Array(name.utf8)).hex,
            engine: try await makeEngine(index), index: index, tariff: { Self.tariff },
            bucketKey: { Self.seed.bucketKey($0) }))
        continue
      }
      let bucketKey: @Sendable (String) -> SymmetricKeyBytes = { bucket in
        SymmetricKeyBytes(Digest.sha256(Array("\(name)/\(bucket)".utf8)).value)
      }
      let engine = MemoryEngine(index: index, bucketKey: bucketKey, now: time)
      engines[name] = engine
      tenants.append(
        S3Tenant(
          name: name, ownerID: Digest.sha256(Array(name.utf8)).hex, engine: engine, index: index,
          tariff: { Self.tariff }, bucketKey: bucketKey))
    }
    self.engines = engines
    var logger = Logger(label: "s3")
    logger.logLevel = .error
    let made = S3Service(
      configuration: S3Configuration(now: time), credentials: self, logger: logger)
    for tenant in tenants { try await made.add(tenant) }
    box.set(service: made) { [weak self] in self?.now ?? startMilliseconds }
  }

  func lookup(accessKeyID: String) async throws -> S3Credential? {
    switch accessKeyID {
    case "MAINKEY": S3Credential(accessKeyID: "MAINKEY", secretKey: Self.secret, account: "main")
    case "ALTKEY": S3Credential(accessKeyID: "ALTKEY", secretKey: Self.secret + "2", account: "alt")
    default:
      AccessGrant(accessKeyID: accessKeyID).map { grant in
        S3Credential(
          accessKeyID: accessKeyID, secretKey: Self.seed.s3SecretKey(of: grant), account: "main",
          grant: grant)
      }
    }
  }

  /// Runs `body` against a server on a real socket.
  /// - Parameter isConcurrent: whether requests that are sent at once run at once, over eight
  ///   connections; they wait for each other on one otherwise.
  func run(
    isConcurrent: Bool = false, _ body: @Sendable @escaping (S3Client) async throws -> Void
  ) async throws {
    guard let service = service.service else { return }
    let application = Application(
      responder: service, configuration: ApplicationConfiguration(address: .hostname(port: 0)))
    try await application.test(isConcurrent ? .ahc(.http) : .live) { client in
      let authority = isConcurrent ? "localhost:\(client.port ?? 0)" : "localhost"
      try await body(S3Client(client: client, harness: self, authority: authority))
    }
    self.service.clear()  // The service holds the harness: without this neither would go.
  }
}

/// Holds what the harness's parts need of each other.
final class S3ServiceBox: Sendable {
  private struct State {
    var service: S3Service?
    var now: (@Sendable () -> UInt64)?
  }
  private let state = Locked(State())

  var service: S3Service? { state.withLock { $0.service } }
  var now: (@Sendable () -> UInt64)? { state.withLock { $0.now } }

  func clear() { state.withLock { $0.service = nil } }

  func set(service: S3Service, now: @escaping @Sendable () -> UInt64) {
    state.withLock {
      $0.service = service
      $0.now = now
    }
  }
}

/// Signs requests and sends them.
struct S3Client: Sendable {
  let client: any TestClientProtocol
  let harness: S3Harness
  /// What the `Host` header says.
  var authority = "localhost"
  var accessKey = "MAINKEY"

  /// The same for the other identity.
  var other: S3Client { with(accessKey: "ALTKEY") }

  /// The same with a key that `main` granted.
  func granted(_ grant: AccessGrant) -> S3Client { with(accessKey: grant.accessKeyID) }

  private func with(accessKey: String) -> S3Client {
    S3Client(client: client, harness: harness, authority: authority, accessKey: accessKey)
  }

  var secret: String {
    if accessKey.hasPrefix(AccessGrant.idPrefix) {
      return S3Harness.seed.s3SecretKey(grantedTo: accessKey)
    }
    return accessKey == "MAINKEY" ? S3Harness.secret : S3Harness.secret + "2"
  }

  var dateTime: String { HTTPDate.basic(Int64(harness.now / 1_000)) }

  var scope: SignatureV4.Scope {
    SignatureV4.Scope(date: String(dateTime.prefix(8)), region: "us-east-1", service: "s3")
  }

  /// Sends one signed request. `target` is the raw path and query.
  @discardableResult
  func send(
    _ method: HTTPRequest.Method, _ target: String, body: [UInt8] = [],
    headers: [(String, String)] = [], payload: String? = nil
  ) async throws -> TestResponse {
    let hash = payload ?? Array(SHA256.hash(data: body)).hex
    let fields = try signed(method, target, headers: headers, payload: hash).fields
    return try await client.execute(
      uri: target, method: method, headers: fields,
      body: body.isEmpty && method == .get ? nil : ByteBuffer(bytes: body))
  }

  /// The headers of a signed request, and its signature.
  func signed(
    _ method: HTTPRequest.Method, _ target: String, headers: [(String, String)], payload: String
  ) throws -> (fields: HTTPFields, signature: String) {
    var fields = HTTPFields()
    for (name, value) in headers { fields.set(name, value) }
    fields.set("x-amz-date", dateTime)
    fields.set("x-amz-content-sha256", payload)
    var list = fields.map { ($0.name.canonicalName, SignatureV4.canonicalValue($0.value)) }
    list.append(("host", authority))
    list.sort { $0.0 < $1.0 }
    let parsed = try RequestTarget(target)
    let canonical = SignatureV4.canonicalRequest(
      method: method.rawValue, path: parsed.path, query: parsed.query.canonical(),
      headers: list.map { (name: $0.0, value: $0.1) }, payloadHash: payload)
    let text = SignatureV4.stringToSign(
      dateTime: dateTime, scope: scope, canonicalRequest: canonical)
    let key = SignatureV4.signingKey(secret: secret, scope: scope)
    let signature = SignatureV4.sign(text, key: key)
    fields[.authorization] =
      "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope.text), "
      + "SignedHeaders=\(list.map(\.0).joined(separator: ";")), Signature=\(signature)"
    return (fields, signature)
  }
}

extension TestResponse {
  /// The body as text.
  var text: String { String(buffer: body) }
  var bytes: [UInt8] { Array(body.readableBytesView) }

  /// The text of the first element of that name.
  func element(_ name: String) -> String? { elements(name).first }

  /// The texts of all elements of that name.
  func elements(_ name: String) -> [String] {
    var found: [String] = []
    var rest = text[...]
    while let open = rest.range(of: "<\(name)>"), let close = rest.range(of: "</\(name)>") {
      found.append(String(rest[open.upperBound..<close.lowerBound]))
      rest = rest[close.upperBound...]
    }
    return found
  }

  func header(_ name: String) -> String? { headers.text(name) }
}
