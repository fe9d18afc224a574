import NIOCore
import NIOPosix

/// Where an ABCI server listens: `tcp://HOST:PORT` or `unix://PATH`, as in CometBFT's `proxy_app`.
package enum ABCIEndpoint: Hashable, Sendable, CustomStringConvertible {
  case tcp(host: String, port: Int)
  case unix(path: String)

  /// Why text is no endpoint.
  package struct Malformed: Error, CustomStringConvertible {
    package let description: String
  }

  /// The longest path that a socket's address holds.
  private static let pathLimit = 107

  /// Reads an endpoint.
  /// - Throws: ``Malformed``.
  package init(_ text: String) throws(Malformed) {
    if text.hasPrefix("unix://") {
      let path = String(text.dropFirst(7))
      guard !path.isEmpty, path.utf8.count <= Self.pathLimit else {
        throw Malformed(
          description: "“\(text)”: a socket's path has 1 to \(Self.pathLimit) bytes")
      }
      self = .unix(path: path)
      return
    }
    guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":"),
      let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
    else {
      throw Malformed(
        description: "“\(text)” is no endpoint; write tcp://127.0.0.1:26658 or unix:///run/app.sock"
      )
    }
    let start = text.index(text.startIndex, offsetBy: 6)
    guard start < colon else {
      throw Malformed(description: "“\(text)” names no host; write tcp://127.0.0.1:\(port)")
    }
    var host = String(text[start..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    self = .tcp(host: host, port: port)
  }

  /// Whether only this machine reaches it.
  package var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
  }

  package var description: String {
    switch self {
    case .tcp(let host, let port): "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .unix(let path): "unix://\(path)"
    }
  }
}
