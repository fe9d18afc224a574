import HTTPTypes
import Hummingbird
import NIOCore

/// The headers of forms and of their parts.
enum FormHeader {
  static func isForm(_ request: Request) -> Bool {
    request.method == .post && boundary(request.headers[.contentType]) != nil
  }

  /// The boundary in `multipart/form-data; boundary=…`; nil for any other type.
  static func boundary(_ contentType: String?) -> String? {
    guard let contentType, contentType.lowercased().hasPrefix("multipart/form-data"),
      let boundary = parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count)
    else { return nil }
    return boundary
  }

  /// A parameter of a header such as `form-data; name="key"; filename="a;b"`.
  static func parameter(_ wanted: String, of value: String) -> String? {
    var rest = Substring(value)
    while let semicolon = rest.firstIndex(of: ";") {
      rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
      guard let equals = rest.firstIndex(of: "=") else { return nil }
      let name = rest[..<equals].lowercased()
      rest = rest[rest.index(after: equals)...]
      let text = takeValue(&rest)
      if name == wanted { return text }
    }
    return nil
  }

  private static func takeValue(_ rest: inout Substring) -> String {
    guard rest.first == "\"" else {
      let text = rest.prefix { $0 != ";" }
      rest = rest.dropFirst(text.count)
      return SignatureV4.canonicalValue(String(text))
    }
    rest = rest.dropFirst()
    var text = ""
    while let character = rest.popFirst(), character != "\"" {
      // A quote within quotes is escaped; a lone backslash is part of a Windows path.
      if character == "\\", rest.first == "\"" {
        text.append(rest.removeFirst())
      } else {
        text.append(character)
      }
    }
    return text
  }
}

/// A form's fields, as far as the file.
struct FormFields: Sendable {
  let fields: [FormParser.Field]
  let file: FormParser.FileHeader

  /// The object's key, with the file's name where the form wants it.
  var key: String { (self["key"] ?? "").replacing("${filename}", with: file.name) }

  /// The first value of a field, whose name is in lower case; nil when there is none.
  subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// Reads a form from a request's body, first its fields and then its file.
///
/// A class because its state must live on in the sequence of the file's bytes; used by one task at
/// a time.
final class FormReader: @unchecked Sendable {
  private var upstream: RequestBody.AsyncIterator
  private var parser: FormParser

  /// - Throws: ``S3Error`` when the request is no form.
  init(_ request: Request) throws(S3Error) {
    guard let boundary = FormHeader.boundary(request.headers[.contentType]) else {
      throw S3Error(.malformedPOST)
    }
    parser = FormParser(boundary: boundary)
    upstream = request.body.makeAsyncIterator()
  }

  /// The fields before the file.
  func fields() async throws -> FormFields {
    var fields: [FormParser.Field] = []
    while true {
      switch try await event() {
      case .field(let field): fields.append(field)
      case .file(let header): return FormFields(fields: fields, file: header)
      case .end:
        throw S3Error(
          .invalidArgument, "POST requires exactly one file upload per request.")
      case .fileBytes, .needsMore: throw S3Error(.internalError)
      }
    }
  }

  /// The file's next bytes; nil at its end.
  func fileBytes() async throws -> ByteBuffer? {
    while true {
      switch try await event() {
      case .fileBytes(let buffer): if buffer.readableBytes > 0 { return buffer }
      default: return nil
      }
    }
  }

  private func event() async throws -> FormParser.Event {
    while true {
      let event = try parser.next()
      guard case .needsMore = event else { return event }
      guard let more = try await upstream.next() else {
        throw S3Error(.incompleteBody, "The form ended before its last boundary.")
      }
      parser.feed(more)
    }
  }
}

/// The bytes of a form's file.
struct FormFileBytes: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let reader: FormReader

  func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

  struct Iterator: AsyncIteratorProtocol {
    let reader: FormReader
    mutating func next() async throws -> ByteBuffer? { try await reader.fileBytes() }
  }
}
