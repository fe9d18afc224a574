/// What a request's target names: a bucket, a key and a query, read from the raw bytes of the
/// request line. A key may hold `//`, `..`, `%2F` and anything else that is UTF-8.
struct RequestTarget: Sendable {
  /// nil for the service itself.
  let bucket: String?
  /// nil for a bucket or the service.
  let key: [UInt8]?
  let query: Query
  /// The path of the request line, decoded once.
  let path: [UInt8]
  /// Whether the bucket is named by the host and not by the path.
  let isVirtualHost: Bool

  /// The path as if the bucket were in it: what Version 2 signatures cover.
  var resourcePath: [UInt8] {
    isVirtualHost ? Array("/\(bucket ?? "")".utf8) + path : path
  }

  /// - Parameters:
  ///   - authority: the `Host` header.
  ///   - domains: host names whose first labels may name a bucket.
  /// - Throws: ``S3Error`` `InvalidURI` for broken percent-encoding or a path that is not UTF-8.
  init(_ target: String, authority: String? = nil, domains: [String] = []) throws(S3Error) {
    let utf8 = target.utf8
    let mark = utf8.firstIndex(of: UInt8(ascii: "?")) ?? utf8.endIndex
    guard let path = PercentEncoding.decode(utf8[..<mark]), path.first == UInt8(ascii: "/"),
      String(validating: path, as: UTF8.self) != nil
    else { throw S3Error(.invalidURI) }
    self.path = path
    query = try Query(mark == utf8.endIndex ? "" : String(target[target.index(after: mark)...]))
    let rest = path.dropFirst()
    if let name = authority.flatMap({ Self.bucket(inHost: $0, domains: domains) }) {
      isVirtualHost = true
      bucket = name
      key = rest.isEmpty ? nil : Array(rest)
      return
    }
    isVirtualHost = false
    let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
    let name = String(decoding: rest[..<slash], as: UTF8.self)
    bucket = name.isEmpty ? nil : name
    let key = slash == rest.endIndex ? [] : Array(rest[(slash + 1)...])
    if name.isEmpty && !key.isEmpty { throw S3Error(.invalidBucketName) }
    self.key = key.isEmpty ? nil : key
  }

  /// A bucket and a key by themselves.
  init(bucket: String, key: [UInt8]) {
    self.bucket = bucket
    self.key = key
    query = Query(items: [])
    path = Array("/\(bucket)/".utf8) + key
    isVirtualHost = false
  }

  /// The bucket in `bucket.domain:port`; nil when the host is none of ours or a domain itself.
  private static func bucket(inHost authority: String, domains: [String]) -> String? {
    let host = authority.split(separator: ":", maxSplits: 1).first.map { $0.lowercased() } ?? ""
    // The longest first, so that a domain below another is not taken for a bucket.
    for domain in domains.sorted(by: { $0.utf8.count > $1.utf8.count }) {
      if host == domain { return nil }
      guard host.hasSuffix("." + domain) else { continue }
      let name = String(host.dropLast(domain.count + 1))
      return BucketName.isValid(name) ? name : nil
    }
    return nil
  }

  /// The key as text.
  var keyText: String { String(decoding: key ?? [], as: UTF8.self) }
}

/// A query string, decoded, in its order.
struct Query: Sendable {
  struct Item: Sendable {
    let name: String
    let value: String
    /// Whether there was a `=`.
    let hasValue: Bool
  }

  let items: [Item]

  init(items: [Item]) { self.items = items }

  init(_ text: String) throws(S3Error) {
    var items: [Item] = []
    for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
      let equals = pair.firstIndex(of: UInt8(ascii: "="))
      let value = equals.map { pair[pair.index(after: $0)...] } ?? pair[pair.endIndex...]
      guard let nameBytes = PercentEncoding.decode(pair[..<(equals ?? pair.endIndex)]),
        let valueBytes = PercentEncoding.decode(value, plusIsSpace: true),
        let name = String(validating: nameBytes, as: UTF8.self),
        let text = String(validating: valueBytes, as: UTF8.self)
      else { throw S3Error(.invalidURI) }
      items.append(Item(name: name, value: text, hasValue: equals != nil))
    }
    self.items = items
  }

  /// The first value under that name; nil when there is none.
  subscript(name: String) -> String? { items.first { $0.name == name }?.value }

  /// Whether the name is there, with or without a value.
  func contains(_ name: String) -> Bool { items.contains { $0.name == name } }

  /// The canonical query of Signature Version 4, without the items that `excluding` names.
  func canonical(excluding excluded: String? = nil) -> String {
    items.filter { $0.name != excluded }
      .map { (PercentEncoding.encode($0.name.utf8), PercentEncoding.encode($0.value.utf8)) }
      .sorted { $0 < $1 }
      .map { "\($0.0)=\($0.1)" }
      .joined(separator: "&")
  }
}
