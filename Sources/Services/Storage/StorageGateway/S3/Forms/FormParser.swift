import NIOCore

/// Cuts a `multipart/form-data` body into its fields, as far as the field `file`, whose bytes it
/// hands on as they come. What follows the file is ignored, as S3 does.
struct FormParser {
  enum Event {
    case needsMore
    case field(Field)
    /// The file's bytes follow.
    case file(FileHeader)
    case fileBytes(ByteBuffer)
    /// The file is complete, or the form has none.
    case end
  }

  struct Field: Sendable {
    /// In lower case.
    let name: String
    let value: String
  }

  struct FileHeader: Sendable {
    /// Without directories.
    let name: String
    let contentType: String?
  }

  /// Bytes of all fields before the file, their headers included.
  static let fieldByteLimit = 64 << 10
  /// The most fields.
  static let fieldLimit = 128

  private enum State {
    case headers
    case value(PartHeader)
    case file, end
  }

  private struct PartHeader {
    var name = ""
    var fileName: String?
    var contentType: String?
  }

  private let delimiter: [UInt8]
  private var buffer: ByteBuffer
  private var state = State.headers
  private var hasBegun = false
  private var fieldBytes = 0
  private var fieldCount = 0

  init(boundary: String) {
    delimiter = Array("\r\n--\(boundary)".utf8)
    // The first delimiter has no line before it.
    buffer = ByteBuffer(string: "\r\n")
  }

  mutating func feed(_ more: ByteBuffer) {
    buffer.discardReadBytes()
    buffer.writeImmutableBuffer(more)
  }

  /// The next event.
  /// - Throws: ``S3Error`` `MalformedPOSTRequest` when the body is no form or its fields are too
  ///   long.
  mutating func next() throws(S3Error) -> Event {
    if !hasBegun {
      guard let place = find(delimiter) else { return try tooLong() ?? .needsMore }
      guard place == 0 else { throw S3Error(.malformedPOST) }
      skip(delimiter.count)
      hasBegun = true
    }
    switch state {
    case .headers: return try readHeaders()
    case .value(let header): return try readValue(header)
    case .file: return readFile()
    case .end: return .end
    }
  }

  /// Throws when no more bytes may be waited for.
  private func tooLong() throws(S3Error) -> Event? {
    guard fieldBytes + buffer.readableBytes <= Self.fieldByteLimit else {
      throw S3Error(
        .malformedPOST, "The form's fields before the file are longer than 64 KiB.")
    }
    return nil
  }

  /// Behind a delimiter: `--` ends the form, a line end begins a part's headers.
  private mutating func readHeaders() throws(S3Error) -> Event {
    if buffer.readableBytes < 2 { return .needsMore }
    if peek(2) == Array("--".utf8) {
      state = .end
      return .end
    }
    let end = Array("\r\n\r\n".utf8)
    guard let length = find(end) else { return try tooLong() ?? .needsMore }
    let bytes = take(length)
    skip(end.count)
    fieldCount += 1
    guard fieldCount <= Self.fieldLimit, let text = String(validating: bytes, as: UTF8.self)
    else { throw S3Error(.malformedPOST) }
    let header = try Self.partHeader(text)
    fieldBytes += bytes.count
    if header.name == "file" {
      state = .file
      return .file(
        FileHeader(name: header.fileName ?? "", contentType: header.contentType))
    }
    state = .value(header)
    return try readValue(header)
  }

  private mutating func readValue(_ header: PartHeader) throws(S3Error) -> Event {
    guard let length = find(delimiter) else { return try tooLong() ?? .needsMore }
    let bytes = take(length)
    skip(delimiter.count)
    fieldBytes += bytes.count
    guard fieldBytes <= Self.fieldByteLimit, let value = String(validating: bytes, as: UTF8.self)
    else { throw S3Error(.malformedPOST) }
    state = .headers
    return .field(Field(name: header.name, value: value))
  }

  private mutating func readFile() -> Event {
    if let length = find(delimiter) {
      if length == 0 {
        state = .end
        return .end
      }
      return .fileBytes(buffer.readSlice(length: length) ?? ByteBuffer())
    }
    // A delimiter may have begun.
    let safe = buffer.readableBytes - delimiter.count + 1
    guard safe > 0, let bytes = buffer.readSlice(length: safe) else { return .needsMore }
    return .fileBytes(bytes)
  }

  private static func partHeader(_ text: String) throws(S3Error) -> PartHeader {
    var header = PartHeader()
    for line in text.split(separator: "\r\n") {
      guard let colon = line.firstIndex(of: ":") else { throw S3Error(.malformedPOST) }
      let value = String(line[line.index(after: colon)...])
      switch line[..<colon].lowercased() {
      case "content-disposition":
        header.name = FormHeader.parameter("name", of: value)?.lowercased() ?? ""
        header.fileName = FormHeader.parameter("filename", of: value).map(Self.lastComponent)
      case "content-type": header.contentType = SignatureV4.canonicalValue(value)
      default: continue
      }
    }
    guard !header.name.isEmpty else { throw S3Error(.malformedPOST) }
    return header
  }

  private static func lastComponent(_ path: String) -> String {
    String(path.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? "")
  }

  // MARK: Bytes

  private func peek(_ count: Int) -> [UInt8] {
    buffer.getBytes(at: buffer.readerIndex, length: count) ?? []
  }

  private mutating func take(_ count: Int) -> [UInt8] { buffer.readBytes(length: count) ?? [] }

  private mutating func skip(_ count: Int) { buffer.moveReaderIndex(forwardBy: count) }

  /// Where `pattern` begins in what is not read yet.
  private func find(_ pattern: [UInt8]) -> Int? {
    buffer.withUnsafeReadableBytes { bytes in
      guard bytes.count >= pattern.count else { return nil }
      let last = bytes.count - pattern.count
      var start = 0
      while start <= last {
        guard let place = bytes[start...last].firstIndex(of: pattern[0]) else { return nil }
        if bytes[place..<place + pattern.count].elementsEqual(pattern) { return place }
        start = place + 1
      }
      return nil
    }
  }
}
