import Foundation

/// Small files of a process that must be whole or absent, never half written.
package enum AtomicFile {
  /// A file operation that the system refused.
  package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    package let action: String
    /// The system's error number.
    package let code: Int32

    package init(path: String, action: String, code: Int32) {
      self.path = path
      self.action = action
      self.code = code
    }

    package var description: String {
      "\(path): cannot \(action): \(String(cString: strerror(code)))"
    }
  }

  /// Writes `bytes` to `path` so that after a crash the file holds all of them or what it held
  /// before: a new file beside it, synced, renamed over it, and the directory synced.
  /// - Parameter mode: the permission bits of the file from its first moment, such as `0o600`.
  /// - Throws: ``Failure``.
  package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
    let draft = "\(path).\(UUID().uuidString).new"
    do {
      try create(bytes, at: draft, mode: mode)
      try check(rename(draft, path), "rename to", path)
      try syncDirectory(of: path)
    } catch {
      unlink(draft)
      throw error
    }
  }

  /// Like ``write(_:to:mode:)``, but fails with `EEXIST` when there is such a file already.
  /// - Throws: ``Failure``.
  package static func writeNew(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws {
    let draft = "\(path).\(UUID().uuidString).new"
    defer { unlink(draft) }
    try create(bytes, at: draft, mode: mode)
    // A link, unlike a rename, never replaces what is there.
    try check(link(draft, path), "create", path)
    try syncDirectory(of: path)
  }

  /// The bytes of a file, at most `limit` of them; nil when there is no file.
  /// - Throws: ``Failure``; `EFBIG` for a longer file.
  package static func read(_ path: String, limit: Int = 1 << 20) throws -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    if file < 0, errno == ENOENT { return nil }
    try check(file, "open", path)
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      try check(Int32(clamping: count), "read", path)
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[0..<count])
      if bytes.count > limit { throw Failure(path: path, action: "read", code: EFBIG) }
    }
  }

  private static func create(_ bytes: [UInt8], at path: String, mode: mode_t) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    try check(file, "create", path)
    defer { close(file) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      try check(Int32(clamping: count), "write", path)
      written += count
    }
    try check(fsync(file), "sync", path)
  }

  private static func syncDirectory(of path: String) throws {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let handle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try check(handle, "open", directory)
    defer { close(handle) }
    try check(fsync(handle), "sync", directory)
  }

  private static func check(_ result: Int32, _ action: String, _ path: String) throws {
    if result < 0 { throw Failure(path: path, action: action, code: errno) }
  }
}
