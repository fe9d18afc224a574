import ABCI
import Foundation
import NIOCore
import SwiftProtobuf

/// A node's end of an ABCI connection: a socket with nothing between, so that what is measured is
/// the server. Its calls block, so they are made on threads of their own.
final class ABCISocket: Sendable {
  private let descriptor: Int32

  /// Connects to a socket in the file system.
  /// - Throws: `POSIXError`.
  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let result = withUnsafeBytes(of: &address) {
      connect(
        descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress!,
        socklen_t($0.count))
    }
    guard result == 0 else { throw Self.failure() }
  }

  private static func failure() -> POSIXError { POSIXError(.init(rawValue: errno) ?? .EIO) }

  func close() { Foundation.close(descriptor) }

  /// Writes all of it.
  func write(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Self.failure() }
      sent += count
    }
  }

  /// Reads exactly so many bytes.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress! + done, count - done, 0)
      }
      guard got > 0 else { throw Self.failure() }
      done += got
    }
    return bytes
  }

  /// Reads a frame, without its length.
  func readFrame() throws -> [UInt8] {
    var (length, shift) = (0, 0)
    while true {
      let byte = try read(1)[0]
      length |= Int(byte & 0x7F) << shift
      if byte < 0x80 { break }
      shift += 7
    }
    return try read(length)
  }

  /// Asks and waits for the answer, as a node does: the request and a flush.
  func call(_ fill: (inout ABCIRequest) -> Void) throws -> ABCIResponse {
    var request = ABCIRequest()
    fill(&request)
    try write(Self.frame(request) + Self.flush)
    let response = try ABCIResponse(serializedBytes: try readFrame())
    if case .exception(let exception)? = response.value {
      throw ABCIFailure(description: exception.error)
    }
    _ = try readFrame()
    return response
  }

  /// A flush in its frame.
  static let flush: [UInt8] = [0x02, 0x12, 0x00]

  static func frame(_ request: ABCIRequest) throws -> [UInt8] {
    let body: [UInt8] = try request.serializedBytes()
    return framed(body)
  }

  static func framed(_ body: [UInt8]) -> [UInt8] {
    var buffer = ByteBuffer()
    FrameDecoder.writePrefix(body.count, to: &buffer)
    return Array(buffer.readableBytesView) + body
  }
}

/// The server answered with an exception.
struct ABCIFailure: Error, CustomStringConvertible { let description: String }

/// Work that blocks, away from the threads that tasks share.
enum BlockingThread {
  /// Runs `body` on a thread of its own; returns what it returns and the processor seconds that
  /// the thread took.
  static func run<T: Sendable>(
    _ body: @escaping @Sendable () throws -> T
  ) async throws -> (value: T, processorSeconds: Double) {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { (try body(), Processors.threadSeconds) })
      }
    }
  }
}
