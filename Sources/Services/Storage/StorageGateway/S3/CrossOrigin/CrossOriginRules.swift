/// A bucket's rules for requests that web pages of other origins make (CORS).
struct CrossOriginRules: Hashable, Sendable {
  struct Rule: Hashable, Sendable {
    var id: String?
    var allowedOrigins: [String] = []
    var allowedMethods: [String] = []
    var allowedHeaders: [String] = []
    var exposedHeaders: [String] = []
    var maximumAgeSeconds: UInt32?
  }

  /// The most rules of one bucket.
  static let ruleLimit = 100
  private static let methods: Set<String> = ["GET", "PUT", "POST", "DELETE", "HEAD"]

  let rules: [Rule]

  /// Reads a `CORSConfiguration`.
  /// - Throws: ``S3Error`` `MalformedXML`, or `InvalidRequest` for what S3 refuses in it.
  init(_ root: XMLElement) throws(S3Error) {
    guard root.name == "CORSConfiguration" else { throw S3Error(.malformedXML) }
    var rules: [Rule] = []
    for element in root.all("CORSRule") {
      guard rules.count < Self.ruleLimit else { throw S3Error(.malformedXML) }
      rules.append(try Self.rule(element))
    }
    guard !rules.isEmpty else { throw S3Error(.malformedXML) }
    self.rules = rules
  }

  private static func rule(_ element: XMLElement) throws(S3Error) -> Rule {
    var rule = Rule()
    rule.id = element.text("ID")
    rule.allowedOrigins = element.all("AllowedOrigin").map(\.text)
    rule.allowedMethods = element.all("AllowedMethod").map(\.text)
    rule.allowedHeaders = element.all("AllowedHeader").map(\.text)
    rule.exposedHeaders = element.all("ExposeHeader").map(\.text)
    if let text = element.text("MaxAgeSeconds") {
      guard let seconds = UInt32(text) else { throw S3Error(.malformedXML) }
      rule.maximumAgeSeconds = seconds
    }
    guard !rule.allowedOrigins.isEmpty, !rule.allowedMethods.isEmpty else {
      throw S3Error(.malformedXML)
    }
    for method in rule.allowedMethods where !methods.contains(method) {
      throw S3Error(
        .invalidRequest,
        "Found unsupported HTTP method in CORS config. Unsupported method is \(method)")
    }
    for (what, patterns) in [
      ("AllowedOrigin", rule.allowedOrigins), ("AllowedHeader", rule.allowedHeaders),
    ] {
      for pattern in patterns where pattern.utf8.count(where: { $0 == UInt8(ascii: "*") }) > 1 {
        throw S3Error(
          .invalidRequest, "\(what) \"\(pattern)\" can not have more than one wildcard.")
      }
    }
    // They go out as header values.
    for text in rule.allowedOrigins + rule.exposedHeaders
    where text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw S3Error(.malformedXML)
    }
    return rule
  }

  /// Writes the document anew.
  func write(into xml: inout XMLWriter) {
    for rule in rules {
      xml.element("CORSRule") { xml in
        xml.text("ID", ifPresent: rule.id)
        for method in rule.allowedMethods { xml.text("AllowedMethod", method) }
        for origin in rule.allowedOrigins { xml.text("AllowedOrigin", origin) }
        for header in rule.allowedHeaders { xml.text("AllowedHeader", header) }
        for header in rule.exposedHeaders { xml.text("ExposeHeader", header) }
        if let seconds = rule.maximumAgeSeconds { xml.number("MaxAgeSeconds", seconds) }
      }
    }
  }

  /// The first rule that lets a page of `origin` send `method` with `headers`.
  func match(origin: String, method: String, headers: [String] = []) -> Match? {
    for rule in rules where rule.allowedMethods.contains(method) {
      guard let pattern = rule.allowedOrigins.first(where: { Self.covers($0, origin) }) else {
        continue
      }
      let areAllowed = headers.allSatisfy { header in
        rule.allowedHeaders.contains { Self.covers($0.lowercased(), header.lowercased()) }
      }
      if areAllowed { return Match(rule: rule, isForAnyone: pattern == "*") }
    }
    return nil
  }

  /// A rule that fits.
  struct Match: Sendable {
    let rule: Rule
    /// Whether the rule names no origin in particular.
    let isForAnyone: Bool
  }

  /// Whether a pattern with at most one `*` fits the text.
  static func covers(_ pattern: String, _ text: String) -> Bool {
    guard let star = pattern.utf8.firstIndex(of: UInt8(ascii: "*")) else { return pattern == text }
    let head = pattern.utf8[..<star]
    let tail = pattern.utf8[pattern.utf8.index(after: star)...]
    return text.utf8.count >= head.count + tail.count && text.utf8.starts(with: head)
      && text.utf8.reversed().starts(with: tail.reversed())
  }
}
