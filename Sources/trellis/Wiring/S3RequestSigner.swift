import Cryptography
import Foundation
import Primitives

/// Signs an S3 request with its whole body in hand (AWS Signature Version 4, headers form).
struct S3RequestSigner {
  let accessKeyID: String
  let secretKey: String
  let region: String

  /// The headers to send besides `host`.
  /// - Parameter path: may have a query, of one item or sorted, encoded as
  ///   ``queryValue(_:)`` does.
  func headers(
    _ method: String, host: String, path: String, body: [UInt8], at date: Date
  ) -> [(String, String)] {
    let time = Self.timestamp(date)
    let day = String(time.prefix(8))
    let hash = Digest.sha256(body).hex
    let signed = "host;x-amz-content-sha256;x-amz-date"
    let parts = path.split(separator: "?", maxSplits: 1)
    let query = parts.count > 1 ? parts[1] : ""
    let canonical =
      "\(method)\n\(parts[0])\n\(query)\nhost:\(host)\nx-amz-content-sha256:\(hash)\n"
      + "x-amz-date:\(time)\n\n\(signed)\n\(hash)"
    let scope = "\(day)/\(region)/s3/aws4_request"
    let text =
      "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n\(Digest.sha256(Array(canonical.utf8)).hex)"
    var key = Array("AWS4\(secretKey)".utf8)
    for step in [day, region, "s3", "aws4_request", text] {
      key = Self.authenticationCode(of: Array(step.utf8), key: key)
    }
    return [
      ("x-amz-date", time), ("x-amz-content-sha256", hash),
      (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope), SignedHeaders=\(signed), "
          + "Signature=\(key.hex)"
      ),
    ]
  }

  /// A query item's value with everything encoded but letters, digits and `-._~`.
  static func queryValue(_ text: String) -> String {
    let plain = CharacterSet(charactersIn: "-._~")
      .union(CharacterSet(charactersIn: "0"..."9")).union(CharacterSet(charactersIn: "a"..."z"))
      .union(CharacterSet(charactersIn: "A"..."Z"))
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
  }

  /// HMAC-SHA256 (RFC 2104).
  static func authenticationCode(of message: [UInt8], key: [UInt8]) -> [UInt8] {
    var block = key.count > 64 ? Digest.sha256(key).bytes : key
    block += [UInt8](repeating: 0, count: 64 - block.count)
    let inner = Digest.sha256(block.map { $0 ^ 0x36 } + message).bytes
    return Digest.sha256(block.map { $0 ^ 0x5c } + inner).bytes
  }

  private static func timestamp(_ date: Date) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    let c = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    return String(
      format: "%04d%02d%02dT%02d%02d%02dZ", c.year ?? 0, c.month ?? 0, c.day ?? 0, c.hour ?? 0,
      c.minute ?? 0, c.second ?? 0)
  }
}
