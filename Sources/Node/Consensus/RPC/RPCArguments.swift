import Foundation
import Primitives

/// A call's parameters, by name, from a JSON body or from a URI's query.
struct RPCArguments: Sendable {
  /// One argument as it came.
  enum Raw: Sendable {
    case json(JSONValue)
    case uri(String)
  }

  private let values: [String: Raw]
  private let isURI: Bool

  /// From the query of a URI: `name=value&…`, percent-encoded. The first of equal names counts.
  init(query: String) throws(RPCError) {
    var values: [String: Raw] = [:]
    for part in query.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let text = pair.count == 2 ? pair[1].replacingOccurrences(of: "+", with: " ") : ""
      guard let name = String(pair[0]).removingPercentEncoding,
        let value = text.removingPercentEncoding
      else { throw .invalidParameters("invalid URL escape", isURI: true) }
      if values[name] == nil { values[name] = .uri(value) }
    }
    self.values = values.filter { if case .uri("") = $0.value { false } else { true } }
    isURI = true
  }

  /// From `params`: by name, or by position in the order of `names`.
  init(json: JSONValue?, names: [String]) throws(RPCError) {
    isURI = false
    switch json {
    case nil, .null: values = [:]
    case .object(let fields):
      values = Dictionary(
        fields.filter { $0.value != .null }.map { ($0.name, Raw.json($0.value)) },
        uniquingKeysWith: { $1 })
    case .array(let list):
      if list.isEmpty {
        values = [:]
        return
      }
      guard list.count == names.count else {
        throw .invalidParameters(
          "expected \(names.count) parameters ([\(names.joined(separator: " "))]), got "
            + "\(list.count)", isURI: false)
      }
      values = Dictionary(
        zip(names, list).filter { $0.1 != .null }.map { ($0.0, Raw.json($0.1)) },
        uniquingKeysWith: { $1 })
    default:
      throw .invalidParameters(
        "unknown type for JSON params: expected map or array", isURI: false)
    }
  }

  private func bad(_ reason: String) -> RPCError { .invalidParameters(reason, isURI: isURI) }

  /// A 64-bit number: a text in JSON; bare or quoted in a URI.
  func integer(_ name: String) throws(RPCError) -> Int64? {
    guard let raw = values[name] else { return nil }
    let text: String
    switch raw {
    case .json(.string(let inner)): text = inner
    case .json(let other):
      throw bad(
        "invalid 64-bit integer encoding \""
          + "\(String(decoding: other.bytes.prefix(64), as: UTF8.self))\", expected string")
    case .uri(let outer): text = Self.unquoted(outer) ?? outer
    }
    guard let value = Int64(text), !text.hasPrefix("+") else {
      throw bad("“\(text.prefix(40))” is no 64-bit integer")
    }
    return value
  }

  /// A small number such as a page: as ``integer(_:)``, and a bare one in JSON too.
  func count(_ name: String) throws(RPCError) -> Int? {
    if case .json(.number(let text))? = values[name] {
      guard let value = Int(text) else { throw bad("“\(text.prefix(40))” is no whole number") }
      return value
    }
    return try integer(name).flatMap { Int(exactly: $0) }
  }

  func flag(_ name: String) throws(RPCError) -> Bool {
    switch values[name] {
    case nil: return false
    case .json(.bool(let flag)): return flag
    case .uri(let text) where text == "true" || text == "false": return text == "true"
    default: throw bad("“\(name)” must be true or false")
    }
  }

  /// A text: quoted in a URI.
  func text(_ name: String) throws(RPCError) -> String {
    switch values[name] {
    case nil: return ""
    case .json(.string(let text)): return text
    case .uri(let text): return Self.unquoted(text) ?? text
    case .json: throw bad("“\(name)” must be a string")
    }
  }

  /// How bytes are written in JSON.
  enum ByteForm { case base64, hex }

  /// Bytes: base 64 or hexadecimal in JSON; `0x…` or a quoted text in a URI.
  func bytes(_ name: String, _ form: ByteForm) throws(RPCError) -> [UInt8] {
    switch values[name] {
    case nil: return []
    case .json(.string(let text)):
      switch form {
      case .base64:
        guard let data = Data(base64Encoded: text) else {
          throw bad("illegal base64 data in “\(name)”")
        }
        return Array(data)
      case .hex:
        guard let bytes = [UInt8](hex: text) else { throw bad("encoding/hex: invalid byte") }
        return bytes
      }
    case .uri(let text):
      if text.hasPrefix("0x") {
        guard let bytes = [UInt8](hex: String(text.dropFirst(2))) else {
          throw bad("encoding/hex: odd length hex string or invalid byte")
        }
        return bytes
      }
      guard let inner = Self.unquoted(text) else { throw bad("“\(name)” must be 0x… or quoted") }
      return Array(inner.utf8)
    case .json: throw bad("“\(name)” must be a string")
    }
  }

  private static func unquoted(_ text: String) -> String? {
    guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return nil }
    return String(text.dropFirst().dropLast())
  }
}
