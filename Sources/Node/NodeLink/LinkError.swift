import Primitives

/// Why a call over a node link has no answer.
package enum LinkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The peer refused. `code` is stable and in kebab case, such as `quota-exceeded`; `text` is for
  /// people.
  case remote(code: String, text: String)
  /// No answer came within the call's time.
  case timedOut(seconds: Double)
  /// There is no connection and none can be made now.
  case notConnected(reason: String)
  /// The connection broke after the call was sent: the peer may have done what was asked.
  case connectionLost(reason: String)
  /// Who answered is not who was expected; `found` is nil when it showed no valid node key.
  case wrongPeer(expected: AccountID, found: AccountID?)
  /// A body does not fit in a frame.
  case bodyTooLarge(bytes: Int, limit: Int)
  /// The client or server was closed by its owner.
  case closed
  /// Certificates or keys could not be made or read.
  case identity(String)

  package var description: String {
    switch self {
    case .remote(let code, let text): "The peer refused (\(code)): \(text)"
    case .timedOut(let seconds): "The peer did not answer within \(seconds) s."
    case .notConnected(let reason): "There is no connection to the peer: \(reason)"
    case .connectionLost(let reason): "The connection broke before the answer: \(reason)"
    case .wrongPeer(let expected, let found):
      "Expected the node \(expected), found \(found?.description ?? "no valid node key")."
    case .bodyTooLarge(let bytes, let limit):
      "A message of \(bytes) bytes does not fit in a frame; at most \(limit) do."
    case .closed: "The link was closed."
    case .identity(let text): text
    }
  }

  /// The stable code of a peer's refusal; nil for every other error.
  package var remoteCode: String? {
    if case .remote(let code, _) = self { return code }
    return nil
  }

  /// Whether the request was certainly never handled, so that sending it again is harmless.
  package var isBeforeSending: Bool {
    switch self {
    case .notConnected, .wrongPeer, .bodyTooLarge, .identity: true
    case .remote(let code, _): code == LinkRefusal.busyCode
    case .timedOut, .connectionLost, .closed: false
    }
  }
}

/// What a server's handler throws to refuse a request with a stable code. Every other error that a
/// handler throws reaches the peer as `internal`, without its text.
package struct LinkRefusal: Error, Hashable, Sendable, CanonicalCodable, CustomStringConvertible {
  /// The code of a server that has as many calls in hand as it takes.
  package static let busyCode = "busy"
  /// The code of a handler that failed for a reason that is not the peer's business.
  package static let internalCode = "internal"
  /// The code of a peer that broke the framing rules; the connection closes after it.
  package static let malformedCode = "malformed-frame"

  /// A stable name in kebab case, at most 64 bytes.
  package let code: String
  /// What was wrong, with which value, and what to do; at most 1,024 bytes.
  package let text: String

  /// Longer texts are cut.
  package init(code: String, text: String) {
    self.code = Self.cut(code, toBytes: 64)
    self.text = Self.cut(text, toBytes: 1024)
  }

  package var description: String { "\(code): \(text)" }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(code)
    encoder.encode(text)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    code = try decoder.decodeString(limit: 64)
    text = try decoder.decodeString(limit: 1024)
  }

  /// The longest prefix of whole characters that fits.
  private static func cut(_ text: String, toBytes limit: Int) -> String {
    var kept = Substring(text)
    while kept.utf8.count > limit { kept.removeLast(max(1, (kept.utf8.count - limit) / 4)) }
    return String(kept)
  }
}
