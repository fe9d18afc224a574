import Foundation
import HTTPTypes
import Hummingbird
import Locks
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import NodeLink
import StorageService

/// How the S3 side is set up.
package struct S3Configuration: Sendable {
  /// The region that buckets are in when their maker names none.
  package var region: String
  /// Host names below which `bucket.domain` names a bucket, in lower case.
  package var domains: [String]
  /// The clock, in milliseconds since 1970.
  package var now: @Sendable () -> UInt64

  package init(
    region: String = "us-east-1", domains: [String] = ["localhost"],
    now: @escaping @Sendable () -> UInt64 = { UInt64(Date().timeIntervalSince1970 * 1_000) }
  ) {
    self.region = region
    self.domains = domains
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
  /// What granted keys have spent.
  let budgets = KeyBudgets()
  private let tenants = Locked<[String: S3Tenant]>([:])
  /// Why an identity is not served, by its name.
  private let troubles = Locked<[String: String]>([:])
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

  /// The identity with that ledger account, when it is served.
  func tenant(ownerID: String) -> S3Tenant? {
    tenants.withLock { $0.values.first { $0.ownerID == ownerID } }
  }

  /// Whose credential it is.
  /// - Throws: ``S3Error`` `ServiceUnavailable` while that identity is being opened.
  func requester(_ credential: S3Credential) throws(S3Error) -> S3Tenant {
    guard let tenant = tenant(named: credential.account) else {
      // The credential is known and right, so the identity is on its way: a client should retry.
      throw S3Error(
        .serviceUnavailable,
        troubles.withLock { $0[credential.account] }
          ?? "The gateway is still opening this identity's storage; try again.")
    }
    return tenant
  }

  /// Whose bucket the target names; nil when nobody has it.
  func owner(of target: RequestTarget) -> S3Tenant? {
    target.bucket.flatMap { directory.owner(of: $0) }.flatMap { tenant(named: $0) }
  }

  /// Answers one request; every failure becomes S3's error document.
  package func respond(to request: Request, context: Context) async throws -> Response {
    let requestID = Self.makeRequestID()
    let started = ContinuousClock.now
    var operation = "unknown"
    var response: Response
    var engine: (any ObjectEngine)?
    do {
      let target = try RequestTarget(
        request.head.path ?? "", authority: request.head.authority,
        domains: configuration.domains)
      do {
        (operation, response) = try await answer(
          request, target: target, requestID: requestID, engine: &engine)
      } catch let error as HTTPParserError {
        throw error
      } catch {
        response = failure(error, request: request, requestID: requestID)
      }
      await addCrossOriginHeaders(to: &response, request: request, target: target)
    } catch let error as HTTPParserError {
      throw error
    } catch {
      response = failure(error, request: request, requestID: requestID)
    }
    response.headers.set("x-amz-request-id", requestID)
    response.headers.set("x-amz-id-2", Data(requestID.utf8).base64EncodedString())
    if let funding = await engine?.funding() { Self.tell(funding, in: &response) }
    record(operation, response: response, request: request, since: started)
    return response
  }

  /// - Parameter engine: whose money the request is about, as soon as it is known: a refusal says
  ///   too how long it lasts.
  private func answer(
    _ request: Request, target: RequestTarget, requestID: String,
    engine: inout (any ObjectEngine)?
  ) async throws -> (operation: String, Response) {
    if request.method == .options {
      return ("Preflight", try await preflight(request, target: target))
    }
    if let owner = owner(of: target), target.key == nil, FormHeader.isForm(request) {
      // Who sends a form says so in its fields.
      try await owner.admit()
      let call = S3Call(
        service: self, request: request, target: target, tenant: owner, requester: nil,
        protection: .unsigned, requestID: requestID)
      engine = call.engine
      return ("PostObject", try await call.postObject())
    }
    let authentication = try await authenticator.authenticate(request.head, target: target)
    let requester = try authentication.credential.map(requester)
    guard let tenant = owner(of: target) ?? requester else {
      return ("unknown", try unownedAnswer(request, target: target))
    }
    try await tenant.admit()
    let call = S3Call(
      service: self, request: request, target: target, tenant: tenant, requester: requester,
      grant: authentication.credential?.grant, protection: authentication.protection,
      requestID: requestID)
    engine = call.engine
    try call.checkExpectedOwner("x-amz-expected-bucket-owner")
    let operation = try S3Operation(call)
    return (operation.rawValue, try await operation.perform(call))
  }

  /// What somebody without a signature gets where there is no bucket.
  private func unownedAnswer(
    _ request: Request, target: RequestTarget
  ) throws(S3Error) -> Response {
    if let bucket = target.bucket {
      if request.method == .put, target.key == nil { throw S3Error(.accessDenied) }
      throw S3Call.noSuchBucket(bucket)
    }
    guard request.method == .get else { throw S3Error(.accessDenied) }
    let document = XMLWriter.document("ListAllMyBucketsResult") { $0.element("Buckets") { _ in } }
    return Response(
      status: .ok, headers: [.contentType: "application/xml"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: document)))
  }

  /// Says how long the customer's money lasts: the seconds until new data is refused, and what to
  /// do when they are few.
  private static func tell(_ funding: FundingStatus, in response: inout Response) {
    if let seconds = funding.runwaySeconds {
      response.headers.set("x-trellis-runway-seconds", "\(seconds)")
    }
    if let warning = funding.warning { response.headers.set("x-trellis-warning", warning) }
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
    if request.headers[.accept]?.contains("application/json") == true {
      headers[.contentType] = "application/json"
      let body = ErrorBody(refusal, resource: request.uri.path, requestID: requestID)
      return Response(
        status: refusal.status, headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.json)))
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
