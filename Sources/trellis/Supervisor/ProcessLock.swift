import Foundation
import Locks

/// A file that a process holds as long as it lives, so that others know that it does and who it is.
///
/// A POSIX record lock: the kernel drops it with the process, however that ends, and tells who
/// holds it without taking it. It drops the lock also when the process closes any descriptor of the
/// file, so a process never opens again what it holds.
final class ProcessLock: Sendable {
  /// The paths of the locks that this process holds.
  private static let held = Locked<Set<String>>([])

  private let descriptor: Int32
  private let path: String

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Takes the lock, or fails naming the holder.
  /// - Throws: ``UserError``.
  static func acquire(_ path: String, retryingFor seconds: Double = 0) throws -> ProcessLock {
    guard !held.withLock({ $0.contains(path) }) else {
      throw UserError("this process holds \(path) already")
    }
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw UserError.system("cannot open \(path)") }
    let deadline = Date().addingTimeInterval(seconds)
    repeat {
      var request = Self.request()
      if fcntl(descriptor, F_SETLK, &request) == 0 {
        held.withLock { _ = $0.insert(path) }
        return ProcessLock(descriptor: descriptor, path: path)
      }
      if Date() < deadline { usleep(20_000) }
    } while Date() < deadline
    let owner = query(descriptor).map { "process \($0)" } ?? "another process"
    close(descriptor)
    throw UserError("\(owner) holds \(path)")
  }

  /// Who holds the lock now; nil when nobody does, or a process that is being killed and will drop
  /// it within moments: on a busy machine that takes long enough to be met.
  static func holder(of path: String) -> pid_t? {
    if held.withLock({ $0.contains(path) }) { return getpid() }
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return query(descriptor).flatMap { isDying($0) ? nil : $0 }
  }

  /// Whether a process has been sent SIGKILL, or is on its way out, and will run no more code.
  private static func isDying(_ pid: pid_t) -> Bool {
    let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    // After the name in parentheses: state, five numbers, and the flags, of which 4 is "exiting".
    let fields = stat.suffix(from: stat.lastIndex(of: ")") ?? stat.endIndex).split(separator: " ")
    if fields.count > 7 {
      if ["Z", "X"].contains(fields[1]) { return true }
      if let flags = UInt64(fields[7]), flags & 4 != 0 { return true }
    }
    let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    let killed = UInt64(1) << (UInt64(SIGKILL) - 1)
    return status.split(separator: "\n").contains { line in
      guard line.hasPrefix("SigPnd:") || line.hasPrefix("ShdPnd:") else { return false }
      let mask = line.split(whereSeparator: \.isWhitespace).last ?? ""
      return (UInt64(mask, radix: 16) ?? 0) & killed != 0
    }
  }

  /// Gives the lock back before the process ends.
  func release() {
    Self.held.withLock { _ = $0.remove(path) }
    close(descriptor)
  }

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
