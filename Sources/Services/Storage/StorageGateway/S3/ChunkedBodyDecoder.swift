import Crypto
import Cryptography
import NIOCore
import Primitives

/// Takes `aws-chunked` framing off a body: `size[;chunk-signature=…]CRLF data CRLF`, a chunk of
/// size zero, and trailing headers when they were announced.
///
/// A signed chunk's bytes are given out before its signature is known to be right; a wrong one
/// throws before the body ends, so nothing of it ever becomes visible.
struct ChunkedBodyDecoder {
  enum Output {
    case data(ByteBuffer)
    case needsMore
    /// The body is over; these are its trailing headers, names in lower case.
    case finished([(name: String, value: String)])
  }

  private enum State {
    case header
    case data(remaining: UInt64)
    case endOfData
    case trailers
    case finished
  }

  /// A chunk's header or a trailing header is at most so long.
  static let lineLimit = 4_096
  private static let trailerLimit = 16

  private var signer: ChunkSigner?
  private let hasTrailer: Bool
  private var state = State.header
  private var buffer = ByteBuffer()
  private var hasher = SHA256()
  private var claimedSignature = ""
  private var isLast = false
  private var trailers: [(name: String, value: String)] = []

  init(signer: ChunkSigner?, hasTrailer: Bool) {
    self.signer = signer
    self.hasTrailer = hasTrailer
  }

  /// Whether the body may end here.
  var isFinished: Bool {
    if case .finished = state { return true }
    // A last chunk without the empty line behind it is tolerated, as AWS does.
    if case .endOfData = state, isLast { return buffer.readableBytes == 0 }
    return false
  }

  mutating func feed(_ more: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = more
    } else {
      buffer.discardReadBytes()
      buffer.writeImmutableBuffer(more)
    }
  }

  /// The next bytes of the body.
  /// - Throws: ``S3Error`` for broken framing and wrong signatures.
  mutating func next() throws(S3Error) -> Output {
    while true {
      switch state {
      case .header:
        guard let line = try readLine() else { return .needsMore }
        try startChunk(line)
      case .data(let remaining):
        let count = Int(min(remaining, UInt64(buffer.readableBytes)))
        guard count > 0, let slice = buffer.readSlice(length: count) else { return .needsMore }
        if signer != nil { hasher.update(bufferPointer: slice) }
        let left = remaining - UInt64(count)
        if left == 0 { try endChunk() } else { state = .data(remaining: left) }
        return .data(slice)
      case .endOfData:
        guard let line = try readLine() else { return .needsMore }
        guard line.isEmpty else {
          throw S3Error(.incompleteBody, "A chunk is longer than it says.")
        }
        state = isLast ? .finished : .header
      case .trailers:
        guard let line = try readLine() else { return .needsMore }
        if line.isEmpty { try endTrailers() } else { try addTrailer(line) }
      case .finished: return .finished(trailers)
      }
    }
  }

  private mutating func startChunk(_ line: String) throws(S3Error) {
    let fields = line.split(separator: ";", omittingEmptySubsequences: false)
    let digits = fields[0].utf8
    guard (1...15).contains(digits.count), let size = UInt64(fields[0], radix: 16),
      fields[0].first != "+"
    else { throw S3Error(.invalidRequest, "A chunk's size is not a hexadecimal number.") }
    claimedSignature = ""
    for field in fields.dropFirst() where field.hasPrefix("chunk-signature=") {
      claimedSignature = String(field.dropFirst("chunk-signature=".count))
    }
    hasher = SHA256()
    isLast = size == 0
    if isLast { try endChunk() } else { state = .data(remaining: size) }
  }

  private mutating func endChunk() throws(S3Error) {
    if signer != nil {
      let hash = Array(hasher.finalize()).hex
      let expected = signer?.signChunk(hash: hash) ?? ""
      guard constantTimeEquals(Array(expected.utf8), Array(claimedSignature.utf8)) else {
        throw S3Error(.signatureDoesNotMatch, "A chunk's signature does not match its bytes.")
      }
    }
    state = isLast && hasTrailer ? .trailers : .endOfData
  }

  private mutating func addTrailer(_ line: String) throws(S3Error) {
    guard let colon = line.firstIndex(of: ":"), trailers.count < Self.trailerLimit else {
      throw S3Error(.malformedTrailer, "A trailing header has no colon, or there are too many.")
    }
    trailers.append(
      (
        line[..<colon].lowercased(),
        SignatureV4.canonicalValue(String(line[line.index(after: colon)...]))
      ))
  }

  private mutating func endTrailers() throws(S3Error) {
    let signature = trailers.first { $0.name == "x-amz-trailer-signature" }?.value
    trailers.removeAll { $0.name == "x-amz-trailer-signature" }
    if let signer {
      let lines = trailers.map { "\($0.name):\($0.value)\n" }.joined()
      let expected = signer.signTrailer(lines)
      guard constantTimeEquals(Array(expected.utf8), Array((signature ?? "").utf8)) else {
        throw S3Error(.signatureDoesNotMatch, "The trailing headers' signature does not match.")
      }
    }
    state = .finished
  }

  /// The next line without its end, or nil when it has not come yet.
  private mutating func readLine() throws(S3Error) -> String? {
    // An array: `last` of an empty slice of a ByteBufferView traps.
    let ahead = buffer.getBytes(
      at: buffer.readerIndex, length: min(buffer.readableBytes, Self.lineLimit))
    guard let ahead, let end = ahead.firstIndex(of: UInt8(ascii: "\n")) else {
      guard buffer.readableBytes < Self.lineLimit else {
        throw S3Error(.invalidRequest, "A line of the chunked body is too long.")
      }
      return nil
    }
    var line = ahead[..<end]
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    buffer.moveReaderIndex(forwardBy: end + 1)
    return String(decoding: line, as: UTF8.self)
  }
}

extension SHA256 {
  /// Reads a buffer's bytes.
  mutating func update(bufferPointer buffer: ByteBuffer) {
    buffer.withUnsafeReadableBytes { update(bufferPointer: $0) }
  }
}
