import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import NodeLink
import StorageService
import Synchronization

/// How the S3 side is set up.
package struct S3Configuration: Sendable {
  /// The region that buckets are in when their maker names none.
  package var region: String
  /// The clock, in milliseconds since 1970.
  package var now: @Sendable () -> UInt64

  package init(
    region: String = "us-east-1",
    now: @escaping @Sendable () -> UInt64 = { UInt64(Date().timeIntervalSince1970 * 1_000) }
  ) {
    self.region = region
    self.now = now
  }
}

/// Answers S3 requests: a Hummingbird responder for all paths and methods.
///
/// Paths are read from the raw request line, since a key is bytes and no route: Hummingbird's
/// router would decode and merge slashes.
package final class S3Service: HTTPResponder {
  package typealias Context = BasicRequestContext

  let configuration: S3Configuration
  let authenticator: RequestAuthenticator
  let directory = BucketDirectory()
  /// Copies of parts that run at once.
  let partCopies = FairSemaphore(capacity: 16)
  private let tenants = Mutex<[String: S3Tenant]>([:])
  /// Why an identity is not served, by its name.
  private let troubles = Mutex<[String: String]>([:])
  private let logger: Logger

  package init(
    configuration: S3Configuration = S3Configuration(), credentials: any CredentialStore,
    logger: Logger
  ) {
    self.configuration = configuration
    self.logger = logger
    authenticator = RequestAuthenticator(credentials: credentials, now: configuration.now)
  }

  /// Serves one more identity. Its buckets' names are taken from now on.
  /// - Throws: what the tenant's index throws.
  package func add(_ tenant: S3Tenant) async throws {
    for bucket in try await tenant.index.buckets() {
      let claim = directory.claim(bucket.name, for: tenant.name)
      if claim.owner != tenant.name {
        logger.error(
          "two identities own a bucket of one name; the first keeps it",
          metadata: ["bucket": "\(bucket.name)", "owner": "\(claim.owner)"])
      }
    }
    tenants.withLock { $0[tenant.name] = tenant }
  }

  /// Says why an identity is not served yet, or nil when there is nothing to say.
  package func explain(_ reason: String?, for name: String) {
    troubles.withLock { $0[name] = reason }
  }

  /// The identity of that name, when it is served.
  func tenant(named name: String) -> S3Tenant? { tenants.withLock { $0[name] } }

  /// Answers one request; every failure becomes S3's error document.
  package func respond(to request: Request, context: Context) async throws -> Response {
    let requestID = Self.makeRequestID()
    let started = ContinuousClock.now
    var operation = "unknown"
    var response: Response
    do {
      let target = try RequestTarget(request.head.path ?? "")
      let call = try await authenticated(request, target: target, requestID: requestID)
      let chosen = try S3Operation(call)
      operation = chosen.rawValue
      response = try await chosen.perform(call)
    } catch let error as HTTPParserError {
      throw error
    } catch {
      response = failure(error, request: request, requestID: requestID)
    }
    response.headers.set("x-amz-request-id", requestID)
    response.headers.set("x-amz-id-2", Data(requestID.utf8).base64EncodedString())
    record(operation, response: response, request: request, since: started)
    return response
  }

  private func authenticated(
    _ request: Request, target: RequestTarget, requestID: String
  ) async throws -> S3Call {
    if request.method == .options {
      throw S3Error(.accessForbidden, "CORSResponse: CORS is not enabled for this bucket.")
    }
    let authentication = try await authenticator.authenticate(request.head, target: target)
    guard let tenant = tenant(named: authentication.credential.account) else {
      // The credential is known and right, so the identity is on its way: a client should retry.
      throw S3Error(
        .serviceUnavailable,
        troubles.withLock { $0[authentication.credential.account] }
          ?? "The gateway is still opening this identity's storage; try again.")
    }
    try await tenant.admit()
    return S3Call(
      service: self, request: request, target: target, tenant: tenant,
      authentication: authentication, requestID: requestID)
  }

  private static func makeRequestID() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16, uppercase: true)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private func failure(_ error: any Error, request: Request, requestID: String) -> Response {
    let refusal = S3Error(mapping: error)
    if refusal.code == .internalError {
      logger.error(
        "S3 request failed", metadata: ["request": "\(requestID)", "error": "\(error)"])
    }
    var headers = HTTPFields()
    for detail in refusal.details where detail.name == "Content-Range" {
      headers.set(detail.name, detail.value)
    }
    if refusal.code == .slowDown || refusal.code == .serviceUnavailable {
      headers.set("retry-after", "1")
    }
    // A long body that nobody read would have to be passed over first: rather a new connection.
    if request.hasLongBody { headers[.connection] = "close" }
    if refusal.code == .notModified {
      for detail in refusal.details { headers.set(detail.name, detail.value) }
      return Response(status: .notModified, headers: headers)
    }
    if request.method == .head {
      return Response(status: refusal.status, headers: headers)
    }
    headers[.contentType] = "application/xml"
    let document = XMLWriter.document("Error", hasNamespace: false) { xml in
      xml.text("Code", refusal.code.rawValue)
      xml.text("Message", refusal.message)
      for detail in refusal.details where detail.name != "Content-Range" {
        xml.text(detail.name, detail.value)
      }
      xml.text("Resource", request.uri.path)
      xml.text("RequestId", requestID)
      xml.text("HostId", Data(requestID.utf8).base64EncodedString())
    }
    return Response(
      status: refusal.status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: document)))
  }

  private func record(
    _ operation: String, response: Response, request: Request,
    since started: ContinuousClock.Instant
  ) {
    let elapsed = ContinuousClock.now - started
    let labels = [("operation", operation), ("status", "\(response.status.code)")]
    Counter(label: "trellis_s3_requests_total", dimensions: labels).increment()
    Metrics.Timer(label: "trellis_s3_request_seconds", dimensions: [("operation", operation)])
      .recordNanoseconds(
        elapsed.components.seconds * 1_000_000_000 + elapsed.components.attoseconds / 1_000_000_000)
    logger.debug(
      "S3 request",
      metadata: [
        "method": "\(request.method)", "operation": "\(operation)",
        "status": "\(response.status.code)", "elapsed": "\(elapsed)",
      ])
  }
}

extension Request {
  /// Whether the client announced more than 256 KiB behind the head, or bytes without a length.
  var hasLongBody: Bool {
    guard let text = headers[.contentLength] else { return headers[.transferEncoding] != nil }
    return (UInt64(text) ?? .max) > 1 << 18
  }
}
