import Crypto
import Cryptography
import Foundation
import Hummingbird
import Locks
import NIOCore
import Primitives

/// How a request's payload is protected.
enum PayloadProtection: Sendable {
  /// The whole body has this SHA-256.
  case hashed([UInt8])
  /// Nothing is said.
  case unsigned
  /// `aws-chunked` framing; each chunk is signed when there is a signer.
  case chunked(signer: ChunkSigner?, hasTrailer: Bool)
}

/// What a client promises about a body, checked when it has ended.
struct BodyPromise: Sendable {
  /// The bytes without framing.
  var length: UInt64?
  /// How many bytes there may be.
  var lengthRange: ClosedRange<UInt64>?
  /// The `Content-MD5`.
  var md5: [UInt8]?
  /// The checksum to be computed.
  var checksum: ChecksumAlgorithm?
  /// Its promised value, unless it comes in a trailer.
  var checksumValue: String?
  /// Whether the value comes behind the body.
  var checksumInTrailer = false
}

/// What was found out about a body while it passed.
final class BodyDigests: Sendable {
  private struct State {
    var md5 = Insecure.MD5()
    var sha256: SHA256?
    var checksum: ChecksumHasher?
    var count: UInt64 = 0
    var result: BodySummary?
  }

  private let state: Locked<State>

  init(needsSHA256: Bool, checksum: ChecksumAlgorithm?) {
    state = Locked(
      State(sha256: needsSHA256 ? SHA256() : nil, checksum: checksum.map { ChecksumHasher($0) }))
  }

  /// Bytes so far.
  var count: UInt64 { state.withLock { $0.count } }

  func update(_ buffer: ByteBuffer) {
    state.withLock { state in
      buffer.withUnsafeReadableBytes { bytes in
        state.md5.update(bufferPointer: bytes)
        state.sha256?.update(bufferPointer: bytes)
        state.checksum?.update(bytes)
        state.count += UInt64(bytes.count)
      }
    }
  }

  /// Ends the digests; nil before ``BodySummary`` could be made.
  func finish() -> BodySummary {
    state.withLock { state in
      let summary = BodySummary(
        length: state.count, md5: Array(state.md5.finalize()),
        sha256: state.sha256.map { Array($0.finalize()) },
        checksum: state.checksum.map { ($0.algorithm, $0.finalize()) })
      state.result = summary
      return summary
    }
  }

  /// What was found; nil before the body has ended well.
  var summary: BodySummary? { state.withLock { $0.result } }
}

/// The digests of a whole body.
struct BodySummary: Sendable {
  let length: UInt64
  let md5: [UInt8]
  let sha256: [UInt8]?
  let checksum: (algorithm: ChecksumAlgorithm, value: [UInt8])?
}

/// A request's body without framing, which throws at its end when it is not what was promised.
struct UploadBody: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let source: RequestBody
  let protection: PayloadProtection
  let promise: BodyPromise
  let digests: BodyDigests

  init(source: RequestBody, protection: PayloadProtection, promise: BodyPromise) {
    self.source = source
    self.protection = protection
    self.promise = promise
    let needsSHA256 = if case .hashed = protection { true } else { false }
    digests = BodyDigests(needsSHA256: needsSHA256, checksum: promise.checksum)
  }

  func makeAsyncIterator() -> Iterator { Iterator(self) }

  struct Iterator: AsyncIteratorProtocol {
    private let body: UploadBody
    private var upstream: RequestBody.AsyncIterator
    private var decoder: ChunkedBodyDecoder?
    private var hasEnded = false

    init(_ body: UploadBody) {
      self.body = body
      upstream = body.source.makeAsyncIterator()
      if case .chunked(let signer, let hasTrailer) = body.protection {
        decoder = ChunkedBodyDecoder(signer: signer, hasTrailer: hasTrailer)
      }
    }

    mutating func next() async throws -> ByteBuffer? {
      if hasEnded { return nil }
      while true {
        var trailers: [(name: String, value: String)] = []
        if decoder != nil, let output = try decoder?.next() {
          switch output {
          case .data(let buffer): return try count(buffer)
          case .finished(let found): trailers = found
          case .needsMore:
            if let more = try await upstream.next() {
              decoder?.feed(more)
              continue
            }
            guard decoder?.isFinished == true else { throw S3Error(.incompleteBody) }
          }
        } else if let buffer = try await upstream.next() {
          if buffer.readableBytes == 0 { continue }
          return try count(buffer)
        }
        hasEnded = true
        try body.check(trailers: trailers)
        return nil
      }
    }

    private func count(_ buffer: ByteBuffer) throws -> ByteBuffer {
      body.digests.update(buffer)
      if let length = body.promise.length, body.digests.count > length {
        throw S3Error(.incompleteBody, "The body is longer than the \(length) bytes announced.")
      }
      if let range = body.promise.lengthRange, body.digests.count > range.upperBound {
        throw S3Error(.entityTooLarge)
      }
      return buffer
    }
  }

  /// Compares what came with what was promised.
  private func check(trailers: [(name: String, value: String)]) throws {
    if let length = promise.length, digests.count != length {
      throw S3Error(
        .incompleteBody,
        "The body ended after \(digests.count) of the \(length) bytes announced.")
    }
    if let range = promise.lengthRange, !range.contains(digests.count) {
      throw S3Error(digests.count < range.lowerBound ? .entityTooSmall : .entityTooLarge)
    }
    var promisedChecksum = promise.checksumValue
    if promise.checksumInTrailer, let algorithm = promise.checksum {
      guard let value = trailers.first(where: { $0.name == algorithm.header })?.value,
        algorithm.isValid(value)
      else {
        throw S3Error(.malformedTrailer, "The trailing header \(algorithm.header) did not come.")
      }
      promisedChecksum = value
    }
    let summary = digests.finish()
    if case .hashed(let expected) = protection,
      !constantTimeEquals(expected, summary.sha256 ?? [])
    {
      throw S3Error(.contentSHA256Mismatch)
    }
    if let md5 = promise.md5, md5 != summary.md5 { throw S3Error(.badDigest) }
    if let promisedChecksum, let checksum = summary.checksum,
      promisedChecksum != checksum.value.base64
    {
      throw S3Error(
        .badDigest,
        "The \(checksum.algorithm.apiName) you specified did not match the calculated checksum.")
    }
  }

  /// The whole body, for small documents.
  /// - Throws: ``S3Error`` `EntityTooLarge` when it is longer than `limit` bytes.
  func collect(limit: Int) async throws -> [UInt8] {
    if let length = promise.length, length > UInt64(limit) { throw S3Error(.entityTooLarge) }
    var bytes: [UInt8] = []
    for try await buffer in self {
      guard bytes.count + buffer.readableBytes <= limit else { throw S3Error(.entityTooLarge) }
      bytes.append(contentsOf: buffer.readableBytesView)
    }
    return bytes
  }
}
