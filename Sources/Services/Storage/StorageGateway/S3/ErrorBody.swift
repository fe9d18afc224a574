import Foundation

/// An error as JSON, for programs that ask for it: the same as S3's document says.
struct ErrorBody: Codable, Hashable, Sendable {
  let code: String
  let message: String
  /// What else the document has, such as `Limit` and `LimitValue`.
  let details: [String: String]
  let resource: String
  let requestID: String

  init(_ error: S3Error, resource: String, requestID: String) {
    code = error.code.rawValue
    message = error.message
    details = Dictionary(
      error.details.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    self.resource = resource
    self.requestID = requestID
  }

  var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(["error": self])).map { Array($0) } ?? Array("{}".utf8)
  }
}
