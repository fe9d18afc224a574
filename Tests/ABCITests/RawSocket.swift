import ABCI
import Glibc

/// A bare socket to a server: sends, and never reads unless told to.
final class RawSocket {
  private let descriptor: Int32

  struct Failed: Error { let code: Int32 }

  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard result == 0 else { throw Failed(code: errno) }
  }

  /// How many bytes the kernel took; nil when it takes none.
  func trySend(_ bytes: [UInt8]) -> Int? {
    let count = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    return count < 0 ? nil : count
  }

  func close() { _ = Glibc.close(descriptor) }
}

extension TestLedger {
  /// The socket's path.
  var path: String {
    if case .unix(let path) = endpoint { path } else { "" }
  }
}
