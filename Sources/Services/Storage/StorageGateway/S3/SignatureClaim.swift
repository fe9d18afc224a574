import HTTPTypes

/// What a request says about its own signature, before anything of it is believed.
struct SignatureClaim: Sendable {
  let accessKeyID: String
  let scope: SignatureV4.Scope
  /// `20130524T000000Z`.
  let dateTime: String
  /// The same in seconds since 1970.
  let seconds: Int64
  /// The signed headers, ascending by name, with canonical values.
  let headers: [(name: String, value: String)]
  /// The payload's hash, or a word instead of one.
  let payloadHash: String
  let signature: String
  /// How long a presigned URL lives, in seconds; nil for a signature in the header.
  let expiresSeconds: Int64?

  var isPresigned: Bool { expiresSeconds != nil }

  static let unsupported = S3Error(
    .invalidRequest,
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")

  /// Reads an `Authorization` header.
  init(authorization: String, head: HTTPRequest) throws(S3Error) {
    guard authorization.hasPrefix(SignatureV4.algorithm) else { throw Self.unsupported }
    var fields: [(String, String)] = []
    for field in authorization.dropFirst(SignatureV4.algorithm.count).split(separator: ",") {
      let parts = field.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { throw Self.malformed("a field has no value") }
      fields.append((parts[0].trimmed, parts[1].trimmed))
    }
    func field(_ name: String) throws(S3Error) -> String {
      guard let value = fields.first(where: { $0.0 == name })?.1 else {
        throw Self.malformed("\(name) is missing")
      }
      return value
    }
    let (id, scope) = try Self.credential(try field("Credential")) { Self.malformed($0) }
    accessKeyID = id
    self.scope = scope
    signature = try field("Signature")
    expiresSeconds = nil
    (dateTime, seconds) = try Self.time(of: head)
    guard dateTime.hasPrefix(scope.date) else {
      throw Self.malformed("the credential's date is not the request's")
    }
    guard let hash = head.headerFields.text("x-amz-content-sha256") else {
      throw S3Error(
        .invalidRequest, "Missing required header for this request: x-amz-content-sha256")
    }
    payloadHash = hash
    headers = try Self.signedHeaders(try field("SignedHeaders"), head: head)
    try Self.checkAllSigned(headers, head: head)
  }

  /// Reads the query of a presigned URL.
  init(presigned query: Query, head: HTTPRequest) throws(S3Error) {
    func item(_ name: String) throws(S3Error) -> String {
      guard let value = query[name], !value.isEmpty else {
        throw S3Error(
          .authorizationQueryParametersError,
          "Query-string authentication version 4 requires X-Amz-Algorithm, X-Amz-Credential, "
            + "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders and X-Amz-Expires; "
            + "\(name) is missing.")
      }
      return value
    }
    func refusal(_ text: String) -> S3Error { S3Error(.authorizationQueryParametersError, text) }
    guard try item("X-Amz-Algorithm") == SignatureV4.algorithm else {
      throw refusal("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"")
    }
    let (id, scope) = try Self.credential(try item("X-Amz-Credential"), error: refusal)
    accessKeyID = id
    self.scope = scope
    signature = try item("X-Amz-Signature")
    dateTime = try item("X-Amz-Date")
    guard let seconds = HTTPDate.parseBasic(dateTime), dateTime.hasPrefix(scope.date) else {
      throw refusal("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    }
    self.seconds = seconds
    guard let expires = Int64(try item("X-Amz-Expires")) else {
      throw refusal("X-Amz-Expires should be a number")
    }
    guard (1...RequestAuthenticator.longestExpirySeconds).contains(expires) else {
      throw S3Error(
        .accessDenied,
        "X-Amz-Expires must be more than 0 and less than a week (in seconds) that is 604800")
    }
    expiresSeconds = expires
    headers = try Self.signedHeaders(try item("X-Amz-SignedHeaders"), head: head)
    payloadHash =
      query["X-Amz-Content-Sha256"] ?? head.headerFields.text("x-amz-content-sha256")
      ?? "UNSIGNED-PAYLOAD"
    try Self.checkAllSigned(headers, head: head)
  }

  private static func malformed(_ what: String) -> S3Error {
    S3Error(
      .authorizationHeaderMalformed, "The authorization header is malformed: \(what).")
  }

  static func credential(
    _ text: String, error: (String) -> S3Error
  ) throws(S3Error) -> (String, SignatureV4.Scope) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 5, parts[parts.count - 1] == "aws4_request" else {
      throw error("the Credential must be <access key>/YYYYMMDD/region/s3/aws4_request")
    }
    let scope = SignatureV4.Scope(
      date: String(parts[parts.count - 4]), region: String(parts[parts.count - 3]),
      service: String(parts[parts.count - 2]))
    guard scope.service == "s3" else {
      throw error("incorrect service \"\(scope.service)\"; this endpoint belongs to \"s3\"")
    }
    return (parts[..<(parts.count - 4)].joined(separator: "/"), scope)
  }

  private static func time(of head: HTTPRequest) throws(S3Error) -> (String, Int64) {
    if let text = head.headerFields.text("x-amz-date") {
      if let seconds = HTTPDate.parseBasic(text) { return (text, seconds) }
    } else if let text = head.headerFields[.date] {
      if let seconds = HTTPDate.parseBasic(text) { return (text, seconds) }
      if let seconds = HTTPDate.parse(text) {
        return (HTTPDate.basic(seconds), seconds)
      }
    }
    throw S3Error(
      .accessDenied, "AWS authentication requires a valid Date or x-amz-date header")
  }

  private static func signedHeaders(
    _ list: String, head: HTTPRequest
  ) throws(S3Error) -> [(name: String, value: String)] {
    var headers: [(name: String, value: String)] = []
    for name in list.lowercased().split(separator: ";").sorted() {
      let values =
        name == "host"
        ? head.authority.map { [$0] } ?? [] : head.headerFields.texts(String(name))
      headers.append(
        (String(name), values.map(SignatureV4.canonicalValue).joined(separator: ",")))
    }
    guard headers.contains(where: { $0.name == "host" }) else {
      throw S3Error(.accessDenied, "The host header must be signed")
    }
    return headers
  }

  /// What means something to S3 must be signed, or somebody between could add it.
  private static func checkAllSigned(
    _ headers: [(name: String, value: String)], head: HTTPRequest
  ) throws(S3Error) {
    for field in head.headerFields {
      let name = field.name.canonicalName
      guard name.hasPrefix("x-amz-"), name != "x-amz-content-sha256" else { continue }
      guard headers.contains(where: { $0.name == name }) else {
        throw S3Error(
          .accessDenied, "There were headers present in the request which were not signed",
          details: [S3Error.Detail(name: "HeadersNotSigned", value: name)])
      }
    }
  }
}

extension Substring {
  /// Without white space at both ends.
  fileprivate var trimmed: String {
    var text = self
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}

extension HTTPFields {
  /// The value of a header; nil when it is not there.
  func text(_ name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }

  /// All values of a header, in their order.
  func texts(_ name: String) -> [String] { HTTPField.Name(name).map { self[values: $0] } ?? [] }

  /// Sets a header; a name that is none is left out.
  mutating func set(_ name: String, _ value: String) {
    if let name = HTTPField.Name(name) { self[name] = value }
  }
}
