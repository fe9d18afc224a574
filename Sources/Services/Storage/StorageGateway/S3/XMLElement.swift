/// An element of a document that a client sent, without attributes.
///
/// Read by own code: FoundationXML, which XMLCoder stands on, traps on some malformed documents,
/// and a client must not be able to end the gateway. Read are elements, text, character references,
/// CDATA, comments and processing instructions; a document type declaration is refused.
struct XMLElement: Sendable {
  /// Without its prefix.
  let name: String
  /// The text directly inside, references resolved.
  private(set) var text: String = ""
  private(set) var children: [XMLElement] = []

  /// How deep elements may be nested.
  private static let depthLimit = 16
  /// How many elements a document may have: ten thousand parts with their checksums fit.
  private static let elementLimit = 100_000

  private init(name: String) { self.name = name }

  /// Reads a document; nil when it is not well formed or beyond the limits.
  init?(document bytes: [UInt8]) {
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    var reader = XMLReader(bytes)
    var open: [(element: XMLElement, text: [UInt8], tag: [UInt8])] = []
    var root: XMLElement?
    var count = 0
    while let token = reader.next() {
      switch token {
      case .start(let tag, let isEmpty):
        count += 1
        guard root == nil, open.count < Self.depthLimit, count <= Self.elementLimit else {
          return nil
        }
        let local = tag.split(separator: UInt8(ascii: ":")).last ?? []
        open.append((XMLElement(name: String(decoding: local, as: UTF8.self)), [], tag))
        if !isEmpty { continue }
      case .end(let tag): guard open.last?.tag == tag else { return nil }
      case .text(let text):
        if open.isEmpty {
          guard text.allSatisfy({ " \t\r\n".utf8.contains($0) }) else { return nil }
        } else {
          open[open.count - 1].text += text
        }
        continue
      }
      guard var done = open.popLast() else { return nil }
      done.element.text = String(decoding: done.text, as: UTF8.self)
      if open.isEmpty {
        root = done.element
      } else {
        open[open.count - 1].element.children.append(done.element)
      }
    }
    guard let root, open.isEmpty, !reader.hasFailed else { return nil }
    self = root
  }

  /// The first child of that name.
  func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

  /// The text of the first child of that name.
  func text(_ name: String) -> String? { child(name)?.text }

  /// All children of that name, in their order.
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

/// Cuts a document into tags and text.
private struct XMLReader {
  enum Token {
    case start([UInt8], isEmpty: Bool)
    case end([UInt8])
    case text([UInt8])
  }

  private let bytes: [UInt8]
  private var offset = 0
  private(set) var hasFailed = false

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // A byte order mark means nothing in UTF-8.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
  }

  /// The next token; nil at the end and after a failure.
  mutating func next() -> Token? {
    while offset < bytes.count {
      if bytes[offset] != UInt8(ascii: "<") { return readText() }
      if starts(with: "<!--") {
        if !skip(behind: "-->", from: offset + 4) { return nil }
      } else if starts(with: "<?") {
        if !skip(behind: "?>", from: offset + 2) { return nil }
      } else if starts(with: "<![CDATA[") {
        let start = offset + 9
        guard skip(behind: "]]>", from: start) else { return nil }
        return .text(Array(bytes[start..<offset - 3]))
      } else {
        return readTag()
      }
    }
    return nil
  }

  private mutating func fail() -> Token? {
    hasFailed = true
    offset = bytes.count
    return nil
  }

  private func starts(with text: String) -> Bool { bytes[offset...].starts(with: text.utf8) }

  /// Moves behind the next `end`; false, and failed, when there is none.
  private mutating func skip(behind end: String, from start: Int) -> Bool {
    let pattern = Array(end.utf8)
    var index = start
    while index + pattern.count <= bytes.count {
      if bytes[index..<index + pattern.count].elementsEqual(pattern) {
        offset = index + pattern.count
        return true
      }
      index += 1
    }
    _ = fail()
    return false
  }

  private mutating func readText() -> Token? {
    var text: [UInt8] = []
    while offset < bytes.count, bytes[offset] != UInt8(ascii: "<") {
      if bytes[offset] == UInt8(ascii: "&") {
        guard let character = readReference() else { return fail() }
        text += character
      } else if bytes[offset] == UInt8(ascii: "\r") {
        // XML reads every kind of line end as a line feed.
        text.append(UInt8(ascii: "\n"))
        offset += 1
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "\n") { offset += 1 }
      } else {
        text.append(bytes[offset])
        offset += 1
      }
    }
    return .text(text)
  }

  /// Reads `&…;`; nil when it names nothing.
  private mutating func readReference() -> [UInt8]? {
    guard let end = bytes[offset...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
      return nil
    }
    let name = String(decoding: bytes[(offset + 1)..<end], as: UTF8.self)
    offset = end + 1
    switch name {
    case "amp": return [UInt8(ascii: "&")]
    case "lt": return [UInt8(ascii: "<")]
    case "gt": return [UInt8(ascii: ">")]
    case "quot": return [UInt8(ascii: "\"")]
    case "apos": return [UInt8(ascii: "'")]
    default:
      guard name.first == "#" else { return nil }
      let digits = name.dropFirst()
      let number =
        digits.first == "x" || digits.first == "X"
        ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
      guard let number, let scalar = Unicode.Scalar(number) else { return nil }
      return Array(String(scalar).utf8)
    }
  }

  /// Reads `<name …>`, `<name …/>` or `</name>`; attributes are passed over.
  private mutating func readTag() -> Token? {
    offset += 1
    let isEnd = offset < bytes.count && bytes[offset] == UInt8(ascii: "/")
    if isEnd { offset += 1 }
    let name = Array(bytes[offset...].prefix { !" \t\r\n/><=&'\"!".utf8.contains($0) })
    guard !name.isEmpty else { return fail() }
    offset += name.count
    var quote: UInt8?
    var previous: UInt8 = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: ">") {
        let isEmpty = previous == UInt8(ascii: "/")
        if isEnd { return isEmpty ? fail() : .end(name) }
        return .start(name, isEmpty: isEmpty)
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: "<") {
        return fail()
      }
      previous = byte
    }
    return fail()
  }
}
