import Crypto
import Cryptography
import Foundation
import HTTPTypes

/// Presigned URLs of Signature Version 2.
///
/// Old, but `aws s3 presign` of the AWS CLI 1 and boto3's `generate_presigned_url` still make them
/// for
/// `us-east-1` unless told otherwise. Served in the query only; a header must be of Version 4.
struct LegacyPresignedURL: Sendable {
  let accessKeyID: String
  let expires: Int64
  let signature: String
  private let stringToSign: String

  /// Parts of a query that are signed along with the path.
  private static let signedItems: Set<String> = [
    "acl", "cors", "delete", "lifecycle", "location", "logging", "notification", "partNumber",
    "policy", "requestPayment", "response-cache-control", "response-content-disposition",
    "response-content-encoding", "response-content-language", "response-content-type",
    "response-expires", "restore", "tagging", "torrent", "uploadId", "uploads", "versionId",
    "versioning", "versions", "website",
  ]

  /// - Throws: ``S3Error`` `AccessDenied` when an item is missing.
  init(_ query: Query, head: HTTPRequest, target: RequestTarget) throws(S3Error) {
    guard let id = query["AWSAccessKeyId"], let signature = query["Signature"],
      let text = query["Expires"], let expires = Int64(text)
    else {
      throw S3Error(
        .accessDenied,
        "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
    }
    accessKeyID = id
    self.expires = expires
    self.signature = signature
    let headers = head.headerFields
    let items = query.items.filter { Self.signedItems.contains($0.name) }
      .map { $0.hasValue ? "\($0.name)=\($0.value)" : $0.name }.sorted()
    let resource =
      PercentEncoding.encode(target.resourcePath, keepsSlash: true)
      + (items.isEmpty ? "" : "?" + items.joined(separator: "&"))
    var amazon: [String: [String]] = [:]
    for field in headers where field.name.canonicalName.hasPrefix("x-amz-") {
      amazon[field.name.canonicalName, default: []].append(
        SignatureV4.canonicalValue(field.value))
    }
    let lines = amazon.sorted { $0.key < $1.key }
      .map { "\($0.key):\($0.value.joined(separator: ","))\n" }.joined()
    stringToSign =
      "\(head.method.rawValue)\n\(headers.text("content-md5") ?? "")\n"
      + "\(headers[.contentType] ?? "")\n\(text)\n\(lines)\(resource)"
  }

  /// The signature of a text: HMAC-SHA-1 in base 64.
  static func sign(_ text: String, secret: String) -> String {
    let key = SymmetricKey(data: Array(secret.utf8))
    let code = HMAC<Insecure.SHA1>.authenticationCode(for: Array(text.utf8), using: key)
    return Array(code).base64
  }

  /// - Throws: ``S3Error`` when it has expired, lives for longer than seven days, or was not signed
  ///   with this secret.
  func check(secret: String, nowSeconds: Int64) throws(S3Error) {
    guard nowSeconds <= expires else { throw S3Error(.accessDenied, "Request has expired") }
    guard expires - nowSeconds <= RequestAuthenticator.longestExpirySeconds else {
      throw S3Error(.accessDenied, "A presigned URL may live for at most seven days")
    }
    let expected = Self.sign(stringToSign, secret: secret)
    guard constantTimeEquals(Array(expected.utf8), Array(signature.utf8)) else {
      throw S3Error(
        .signatureDoesNotMatch,
        details: [S3Error.Detail(name: "StringToSign", value: stringToSign)])
    }
  }
}
