import Foundation

/// What the signer of a form lets its sender fill in.
struct PostPolicy: Sendable {
  enum Condition: Hashable, Sendable {
    /// The field, in lower case, has this value.
    case equals(String, String)
    /// The field's value begins with this.
    case startsWith(String, String)
  }

  /// When it ends, in seconds since 1970.
  let expirySeconds: Int64
  let conditions: [Condition]
  /// How long the file may be.
  let lengthRange: ClosedRange<UInt64>?

  /// Fields that need no condition.
  private static let freeFields: Set<String> = [
    "awsaccesskeyid", "signature", "file", "policy", "x-amz-signature",
  ]

  /// Reads a policy from its base-64 text.
  /// - Throws: ``S3Error`` `InvalidPolicyDocument`.
  init(base64 text: String) throws(S3Error) {
    guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters),
      let root = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
    else { throw Self.invalid("it is not JSON in base 64") }
    guard let expiration = root["expiration"] as? String,
      let seconds = HTTPDate.parse(expiration)
    else { throw Self.invalid("it lacks an expiration") }
    guard let list = root["conditions"] as? [Any] else {
      throw Self.invalid("it lacks conditions")
    }
    var conditions: [Condition] = []
    var range: ClosedRange<UInt64>?
    for item in list {
      if let object = item as? [String: Any] {
        conditions += try Self.equalities(object)
      } else if let parts = item as? [Any] {
        if let bounds = try Self.lengthRange(parts) {
          range = bounds
        } else {
          conditions.append(try Self.condition(parts))
        }
      } else {
        throw Self.invalid("a condition is neither an object nor a list")
      }
    }
    expirySeconds = seconds
    self.conditions = conditions
    lengthRange = range
  }

  private static func invalid(_ what: String) -> S3Error {
    S3Error(.invalidPolicyDocument, "The policy cannot be used: \(what).")
  }

  private static func equalities(_ object: [String: Any]) throws(S3Error) -> [Condition] {
    guard !object.isEmpty else { throw invalid("a condition is empty") }
    var conditions: [Condition] = []
    for (name, value) in object.sorted(by: { $0.key < $1.key }) {
      guard let value = value as? String else { throw invalid("\(name) is no text") }
      conditions.append(.equals(name.lowercased(), value))
    }
    return conditions
  }

  private static func lengthRange(_ parts: [Any]) throws(S3Error) -> ClosedRange<UInt64>? {
    guard (parts.first as? String)?.lowercased() == "content-length-range" else { return nil }
    guard parts.count == 3, let low = length(parts[1]), let high = length(parts[2]), low <= high
    else { throw invalid("content-length-range needs two lengths in order") }
    return low...high
  }

  private static func length(_ value: Any) -> UInt64? {
    if let text = value as? String { return UInt64(text) }
    return (value as? NSNumber).flatMap { UInt64(exactly: $0.doubleValue) }
  }

  private static func condition(_ parts: [Any]) throws(S3Error) -> Condition {
    guard parts.count == 3, let kind = parts[0] as? String, let field = parts[1] as? String,
      let value = parts[2] as? String, field.hasPrefix("$")
    else { throw invalid("a condition is not of the form [\"eq\", \"$field\", \"value\"]") }
    let name = field.dropFirst().lowercased()
    switch kind.lowercased() {
    case "eq": return .equals(name, value)
    case "starts-with": return .startsWith(name, value)
    default: throw invalid("\(kind) is no kind of condition")
    }
  }

  /// Checks a form against the policy.
  /// - Parameter fields: names in lower case; the bucket is one of them.
  /// - Throws: ``S3Error`` `AccessDenied`.
  func check(
    _ fields: [(name: String, value: String)], nowSeconds: Int64
  ) throws(S3Error) {
    guard nowSeconds <= expirySeconds else {
      throw S3Error(.accessDenied, "Invalid according to Policy: Policy expired.")
    }
    var covered = Self.freeFields
    for condition in conditions {
      switch condition {
      case .equals(let name, let expected):
        covered.insert(name)
        guard fields.contains(where: { $0.name == name && $0.value == expected }) else {
          throw Self.failed("\"eq\", \"$\(name)\", \"\(expected)\"")
        }
      case .startsWith(let name, let prefix):
        covered.insert(name)
        // An empty prefix lets the field be anything, and missing.
        let isGood = fields.contains { $0.name == name && $0.value.hasPrefix(prefix) }
        guard isGood || prefix.isEmpty else {
          throw Self.failed("\"starts-with\", \"$\(name)\", \"\(prefix)\"")
        }
      }
    }
    for field in fields where !covered.contains(field.name) {
      // Checksums say what the bytes are and give nobody anything.
      if field.name.hasPrefix("x-ignore-") || field.name.hasPrefix("x-amz-checksum-") { continue }
      throw S3Error(
        .accessDenied, "Invalid according to Policy: Extra input fields: \(field.name)")
    }
  }

  private static func failed(_ condition: String) -> S3Error {
    S3Error(
      .accessDenied, "Invalid according to Policy: Policy Condition failed: [\(condition)]")
  }
}
