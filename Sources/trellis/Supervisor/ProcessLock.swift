import Foundation

/// A file that a process holds as long as it lives, so that others know that it does and who it is.
///
/// A POSIX record lock: the kernel drops it with the process, however that ends, and tells who holds
/// it without taking it. A process must open its lock file only once.
final class ProcessLock: Sendable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Takes the lock, or fails naming the holder.
  /// - Throws: ``UserError``.
  static func acquire(_ path: String, retryingFor seconds: Double = 0) throws -> ProcessLock {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw UserError.system("cannot open \(path)") }
    let deadline = Date().addingTimeInterval(seconds)
    repeat {
      var request = Self.request()
      if fcntl(descriptor, F_SETLK, &request) == 0 { return ProcessLock(descriptor: descriptor) }
      if Date() < deadline { usleep(20_000) }
    } while Date() < deadline
    let owner = query(descriptor).map { "process \($0)" } ?? "another process"
    close(descriptor)
    throw UserError("\(owner) holds \(path)")
  }

  /// Who holds the lock now; nil when nobody does.
  static func holder(of path: String) -> pid_t? {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return query(descriptor)
  }

  /// Gives the lock back before the process ends.
  func release() { close(descriptor) }

  private static func query(_ descriptor: Int32) -> pid_t? {
    var request = request()
    guard fcntl(descriptor, F_GETLK, &request) == 0, request.l_type != Int16(F_UNLCK) else {
      return nil
    }
    return request.l_pid
  }

  private static func request() -> flock {
    var request = flock()
    request.l_type = Int16(F_WRLCK)
    request.l_whence = Int16(SEEK_SET)
    return request
  }
}
