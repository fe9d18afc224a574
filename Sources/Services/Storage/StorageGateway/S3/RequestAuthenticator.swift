import Crypto
import Cryptography
import HTTPTypes
import Primitives

/// Who sent a request, and how its body is protected.
struct Authentication: Sendable {
  /// nil when the request is not signed.
  let credential: S3Credential?
  let protection: PayloadProtection
}

/// Checks Signature Version 4 in the `Authorization` header and in presigned URLs.
struct RequestAuthenticator: Sendable {
  /// How far a request's clock may be off, in seconds.
  static let allowedSkewSeconds: Int64 = 15 * 60
  /// How long a presigned URL may live, in seconds: seven days.
  static let longestExpirySeconds: Int64 = 7 * 24 * 3_600

  let credentials: any CredentialStore
  /// Now, in milliseconds since 1970.
  let now: @Sendable () -> UInt64

  /// - Throws: ``S3Error`` with the code that S3 gives.
  func authenticate(_ head: HTTPRequest, target: RequestTarget) async throws -> Authentication {
    let claim: SignatureClaim
    if let header = head.headerFields[.authorization] {
      claim = try SignatureClaim(authorization: header, head: head)
    } else if target.query.contains("X-Amz-Algorithm") || target.query.contains("X-Amz-Signature") {
      claim = try SignatureClaim(presigned: target.query, head: head)
    } else if target.query.contains("AWSAccessKeyId") {
      return try await authenticateLegacy(head, target: target)
    } else {
      return Authentication(credential: nil, protection: try Self.unsignedProtection(head))
    }
    try checkTime(claim)
    let credential = try await credential(claim.accessKeyID)
    let key = SignatureV4.signingKey(secret: credential.secretKey, scope: claim.scope)
    try checkSignature(claim, key: key, head: head, target: target)
    let protection = try Self.protection(claim, key: key)
    return Authentication(credential: credential, protection: protection)
  }

  private func authenticateLegacy(
    _ head: HTTPRequest, target: RequestTarget
  ) async throws -> Authentication {
    let url = try LegacyPresignedURL(target.query, head: head, target: target)
    let credential = try await credential(url.accessKeyID)
    try url.check(secret: credential.secretKey, nowSeconds: Int64(clamping: now() / 1_000))
    return Authentication(credential: credential, protection: .unsigned)
  }

  /// How the body of a request without a signature is framed.
  private static func unsignedProtection(_ head: HTTPRequest) throws -> PayloadProtection {
    switch head.headerFields.text("x-amz-content-sha256") {
    case nil, "UNSIGNED-PAYLOAD": return .unsigned
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": return .chunked(signer: nil, hasTrailer: true)
    case .some(let text):
      guard let hash = [UInt8](hex: text), hash.count == 32 else {
        throw S3Error(.accessDenied, "A body can be signed only by who signs the request.")
      }
      return .hashed(hash)
    }
  }

  /// The credential of that access key id.
  /// - Throws: ``S3Error`` `InvalidAccessKeyId`.
  func credential(_ id: String) async throws -> S3Credential {
    guard let credential = try await credentials.lookup(accessKeyID: id) else {
      throw S3Error(
        .invalidAccessKeyID, details: [S3Error.Detail(name: "AWSAccessKeyId", value: id)])
    }
    return credential
  }

  private func checkTime(_ claim: SignatureClaim) throws {
    let current = Int64(clamping: now() / 1_000)
    if let expires = claim.expiresSeconds {
      guard claim.seconds <= current + Self.allowedSkewSeconds else {
        throw S3Error(.accessDenied, "Request is not valid yet")
      }
      guard current <= claim.seconds + expires else {
        throw S3Error(
          .accessDenied, "Request has expired",
          details: [
            S3Error.Detail(name: "X-Amz-Expires", value: "\(expires)"),
            S3Error.Detail(
              name: "ServerTime", value: HTTPDate.iso8601(UInt64(clamping: current * 1_000))),
          ])
      }
    } else if abs(current - claim.seconds) > Self.allowedSkewSeconds {
      throw S3Error(
        .requestTimeTooSkewed,
        details: [
          S3Error.Detail(name: "RequestTime", value: claim.dateTime),
          S3Error.Detail(
            name: "ServerTime", value: HTTPDate.iso8601(UInt64(clamping: current * 1_000))),
        ])
    }
  }

  private func checkSignature(
    _ claim: SignatureClaim, key: SymmetricKey, head: HTTPRequest, target: RequestTarget
  ) throws {
    let canonical = SignatureV4.canonicalRequest(
      method: head.method.rawValue, path: target.path,
      query: target.query.canonical(excluding: claim.isPresigned ? "X-Amz-Signature" : nil),
      headers: claim.headers, payloadHash: claim.payloadHash)
    let text = SignatureV4.stringToSign(
      dateTime: claim.dateTime, scope: claim.scope, canonicalRequest: canonical)
    let expected = SignatureV4.sign(text, key: key)
    guard constantTimeEquals(Array(expected.utf8), Array(claim.signature.utf8)) else {
      throw S3Error(
        .signatureDoesNotMatch,
        details: [
          S3Error.Detail(name: "AWSAccessKeyId", value: claim.accessKeyID),
          S3Error.Detail(name: "StringToSign", value: text),
          S3Error.Detail(name: "SignatureProvided", value: claim.signature),
          S3Error.Detail(name: "CanonicalRequest", value: canonical),
        ])
    }
  }

  private static func protection(
    _ claim: SignatureClaim, key: SymmetricKey
  ) throws -> PayloadProtection {
    let signer = ChunkSigner(
      key: key, dateTime: claim.dateTime, scope: claim.scope, previous: claim.signature)
    switch claim.payloadHash {
    case "UNSIGNED-PAYLOAD": return .unsigned
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": return .chunked(signer: signer, hasTrailer: false)
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return .chunked(signer: signer, hasTrailer: true)
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": return .chunked(signer: nil, hasTrailer: true)
    case let text where text.hasPrefix("STREAMING-"):
      throw S3Error(.notImplemented, "The payload signing \(text) is not served.")
    default:
      guard let hash = [UInt8](hex: claim.payloadHash), hash.count == 32 else {
        throw S3Error(
          .invalidArgument,
          "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
            + "STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.")
      }
      return .hashed(hash)
    }
  }
}
