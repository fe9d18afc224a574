import Foundation

/// Why a file operation failed, as far as the store cares.
package enum ShardFileError: Error, Hashable, Sendable {
  /// No space left on the device, or the user's quota on it is used up.
  case full
  /// Fewer bytes were written or read than asked.
  case short(expected: Int, done: Int)
  /// Anything else: the call and its error number.
  case failed(call: String, errorNumber: Int32)
}

/// One open file of shard bytes. Narrow, so that tests can inject faults.
package protocol ShardFile: Sendable {
  /// Reads up to `count` bytes at `offset`; fewer only at the file's end.
  /// - Throws: ``ShardFileError``.
  func read(at offset: UInt64, count: Int) throws -> [UInt8]
  /// Fills `target` from `offset` on; returns how many bytes there were, fewer only at the file's
  /// end.
  /// - Throws: ``ShardFileError``.
  func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws -> Int
  /// Writes all of `bytes` at `offset`. - Throws: ``ShardFileError``.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws
  /// Returns when everything written is durable. - Throws: ``ShardFileError``.
  func sync() throws
  /// Cuts the file. - Throws: ``ShardFileError``.
  func truncate(to length: UInt64) throws
  /// Bytes in the file. - Throws: ``ShardFileError``.
  func length() throws -> UInt64
}

extension ShardFile {
  package func read(
    at offset: UInt64, into target: UnsafeMutableRawBufferPointer
  ) throws -> Int {
    let bytes = try read(at: offset, count: target.count)
    target.copyBytes(from: bytes)
    return bytes.count
  }
}

/// Where shard files live. Narrow, so that tests can inject faults.
package protocol ShardFileSystem: Sendable {
  /// Opens a file, making it (durably) when it is not there. - Throws: ``ShardFileError``.
  func open(_ name: String) throws -> any ShardFile
  /// Removes a file; nothing happens when it is not there. - Throws: ``ShardFileError``.
  func remove(_ name: String) throws
  /// The names of all files, in no particular order. - Throws: ``ShardFileError``.
  func list() throws -> [String]
}

/// Files of a directory.
package struct DiskFileSystem: ShardFileSystem {
  private let directory: String

  /// Opens the directory, making it when it is not there.
  /// - Throws: when it cannot be made.
  package init(directory: String) throws {
    self.directory = directory
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
  }

  package func open(_ name: String) throws -> any ShardFile {
    let path = directory + "/" + name
    let isNew = access(path, F_OK) != 0
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw DiskFile.error("open") }
    let file = DiskFile(descriptor: descriptor)
    if isNew { try syncDirectory() }
    return file
  }

  package func remove(_ name: String) throws {
    if unlink(directory + "/" + name) != 0, errno != ENOENT { throw DiskFile.error("unlink") }
  }

  package func list() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory)
  }

  /// A new name is durable only when its directory is.
  private func syncDirectory() throws {
    let descriptor = Foundation.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DiskFile.error("open directory") }
    defer { close(descriptor) }
    if fsync(descriptor) != 0 { throw DiskFile.error("fsync directory") }
  }
}

/// A file by its descriptor; closed when nobody holds it any more.
private final class DiskFile: ShardFile {
  private let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  static func error(_ call: String) -> ShardFileError {
    let number = errno
    return number == ENOSPC || number == EDQUOT
      ? .full : .failed(call: call, errorNumber: number)
  }

  func read(at offset: UInt64, count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      done = try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let base = target.baseAddress else { return 0 }
    var done = 0
    while done < target.count {
      let result = pread(
        descriptor, base + done, target.count - done, off_t(offset) + off_t(done))
      if result < 0 {
        if errno == EINTR { continue }
        throw Self.error("pread")
      }
      if result == 0 { break }
      done += result
    }
    return done
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    guard let base = bytes.baseAddress else { return }
    var done = 0
    while done < bytes.count {
      let result = pwrite(
        descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
      if result < 0 {
        if errno == EINTR { continue }
        throw Self.error("pwrite")
      }
      if result == 0 { throw ShardFileError.short(expected: bytes.count, done: done) }
      done += result
    }
  }

  func sync() throws {
    if fdatasync(descriptor) != 0 { throw Self.error("fdatasync") }
  }

  func truncate(to length: UInt64) throws {
    if ftruncate(descriptor, off_t(length)) != 0 { throw Self.error("ftruncate") }
  }

  func length() throws -> UInt64 {
    var information = stat()
    if fstat(descriptor, &information) != 0 { throw Self.error("fstat") }
    return UInt64(information.st_size)
  }
}
