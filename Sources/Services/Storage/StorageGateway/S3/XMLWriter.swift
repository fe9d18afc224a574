/// Writes S3's response documents.
///
/// Own code and not XMLCoder, because a key may hold any character: carriage returns and control
/// characters must go out as numeric references, which an encoder over `Codable` does not do, and
/// because a listing has thousands of elements.
struct XMLWriter {
  private(set) var bytes: [UInt8] = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)

  static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

  /// A document with one root element in S3's namespace.
  static func document(
    _ root: String, hasNamespace: Bool = true, _ body: (inout XMLWriter) throws -> Void
  ) rethrows -> [UInt8] {
    var writer = XMLWriter()
    writer.raw(hasNamespace ? "<\(root) xmlns=\"\(namespace)\">" : "<\(root)>")
    try body(&writer)
    writer.raw("</\(root)>")
    return writer.bytes
  }

  /// An element with others inside.
  mutating func element(_ name: String, _ body: (inout XMLWriter) throws -> Void) rethrows {
    raw("<\(name)>")
    try body(&self)
    raw("</\(name)>")
  }

  /// An element with text.
  mutating func text(_ name: String, _ value: some StringProtocol) {
    raw("<\(name)>")
    escape(value.utf8)
    raw("</\(name)>")
  }

  /// An element with text, when there is one.
  mutating func text(_ name: String, ifPresent value: String?) {
    if let value { text(name, value) }
  }

  /// An element with a number.
  mutating func number(_ name: String, _ value: some BinaryInteger) {
    raw("<\(name)>\(value)</\(name)>")
  }

  /// An element with `true` or `false`.
  mutating func flag(_ name: String, _ value: Bool) {
    raw("<\(name)>\(value ? "true" : "false")</\(name)>")
  }

  /// Markup as it is.
  mutating func raw(_ markup: String) { bytes.append(contentsOf: markup.utf8) }

  private mutating func escape(_ text: some Sequence<UInt8>) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "&"): raw("&amp;")
      case UInt8(ascii: "<"): raw("&lt;")
      case UInt8(ascii: ">"): raw("&gt;")
      case UInt8(ascii: "\""): raw("&quot;")
      case 0x09, 0x0A: raw("&#\(byte);")
      case 0..<0x20: raw("&#x\(String(byte, radix: 16));")
      default: bytes.append(byte)
      }
    }
  }
}
