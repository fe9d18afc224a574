import HTTPTypes
import Hummingbird

/// Requests of web pages: the question before them, and the headers that let a page read an answer.
extension S3Service {
  /// The rules of the bucket that the target names; nil when it has none.
  private func crossOriginRules(_ target: RequestTarget) async throws -> CrossOriginRules? {
    guard let name = target.bucket, let owner = owner(of: target),
      let bucket = try await owner.index.bucket(named: name),
      let bytes = try await owner.index.attribute("cors", ofBucket: bucket),
      let root = XMLElement(document: bytes)
    else { return nil }
    return try CrossOriginRules(root)
  }

  /// Answers `OPTIONS`.
  func preflight(_ request: Request, target: RequestTarget) async throws -> Response {
    guard let origin = request.headers[.origin] else {
      throw S3Error(.badRequest, "Insufficient information. Origin request header needed.")
    }
    guard let method = request.headers[.accessControlRequestMethod] else {
      throw S3Error(.badRequest, "Invalid Access-Control-Request-Method: null")
    }
    if let name = target.bucket {
      guard let owner = owner(of: target) else { throw S3Call.noSuchBucket(name) }
      try await owner.admit()
    }
    guard let rules = try await crossOriginRules(target) else {
      throw S3Error(.accessForbidden, "CORSResponse: CORS is not enabled for this bucket.")
    }
    let headers = Self.list(request.headers[.accessControlRequestHeaders])
    guard let match = rules.match(origin: origin, method: method, headers: headers) else {
      throw S3Error(
        .accessForbidden,
        "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of "
          + "Origin, request method / Access-Control-Request-Method or "
          + "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.")
    }
    var response = Response(status: .ok)
    Self.add(match, origin: origin, to: &response.headers)
    if !headers.isEmpty {
      response.headers[.accessControlAllowHeaders] = headers.joined(separator: ", ")
    }
    return response
  }

  /// Adds to an answer what lets the page read it, when the bucket's rules let it.
  func addCrossOriginHeaders(
    to response: inout Response, request: Request, target: RequestTarget
  ) async {
    guard let origin = request.headers[.origin], request.method != .options else { return }
    let method = request.headers[.accessControlRequestMethod] ?? request.method.rawValue
    guard let rules = try? await crossOriginRules(target),
      let match = rules.match(origin: origin, method: method)
    else { return }
    Self.add(match, origin: origin, to: &response.headers)
  }

  private static func add(
    _ match: CrossOriginRules.Match, origin: String, to headers: inout HTTPFields
  ) {
    let rule = match.rule
    headers[.accessControlAllowOrigin] = match.isForAnyone ? "*" : origin
    if !match.isForAnyone { headers[.accessControlAllowCredentials] = "true" }
    headers[.accessControlAllowMethods] = rule.allowedMethods.joined(separator: ", ")
    if !rule.exposedHeaders.isEmpty {
      headers[.accessControlExposeHeaders] = rule.exposedHeaders.joined(separator: ", ")
    }
    if let seconds = rule.maximumAgeSeconds { headers[.accessControlMaxAge] = "\(seconds)" }
    headers[.vary] = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
  }

  private static func list(_ value: String?) -> [String] {
    (value ?? "").split(separator: ",").map { SignatureV4.canonicalValue(String($0)) }
      .filter { !$0.isEmpty }
  }
}
