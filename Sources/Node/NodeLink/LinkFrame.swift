import NIOCore

/// What a frame is.
enum LinkFrameKind: UInt8, Sendable {
  case request = 0
  case response = 1
  case error = 2
}

/// One message on a node link: `u32 length ‖ u8 kind ‖ u64 call number ‖ body`, big-endian, the
/// length counting everything after itself.
package struct LinkFrame: Sendable {
  let kind: LinkFrameKind
  /// Chosen by the client, from 1; an error frame with 0 speaks of the whole connection.
  let number: UInt64
  let body: ByteBuffer
  /// More of the body, in memory of its own; empty in what was received.
  var tail = ByteBuffer()

  /// The largest frame, its length field included: 2 MiB.
  package static let maximumBytes = 2 << 20
  /// Length, kind and call number.
  static let headerBytes = 13
  /// Kind and call number: what the length counts besides the body.
  static let countedHeaderBytes = 9
  /// The largest body in bytes.
  package static let maximumBodyBytes = maximumBytes - headerBytes

  /// Bytes of the body and its tail.
  var bodyBytes: Int { body.readableBytes + tail.readableBytes }

  /// The most bytes of a body that are copied behind the header: below it a TLS record of their own
  /// costs more.
  private static let copiedBytes = 4 << 10

  /// The frame as what is written: one buffer of header and what is small, and what is large as it
  /// lies in memory. A megabyte is never copied to stand behind thirteen bytes.
  func pieces(allocator: ByteBufferAllocator) -> [ByteBuffer] {
    var pieces = [header(allocator: allocator, room: Self.copiedBytes)]
    for part in [body, tail] where part.readableBytes > 0 {
      if pieces.count == 1, part.readableBytes <= Self.copiedBytes {
        pieces[0].writeImmutableBuffer(part)
      } else {
        pieces.append(part)
      }
    }
    return pieces
  }

  /// The thirteen bytes before the body, with room for some bytes of it.
  func header(allocator: ByteBufferAllocator, room: Int = 0) -> ByteBuffer {
    var header = allocator.buffer(capacity: Self.headerBytes + min(room, bodyBytes))
    header.writeInteger(UInt32(Self.countedHeaderBytes + bodyBytes))
    header.writeInteger(kind.rawValue)
    header.writeInteger(number)
    return header
  }
}

/// Why bytes are not a frame. The connection ends with it.
enum LinkFrameError: Error, Hashable, Sendable, CustomStringConvertible {
  case tooLarge(length: UInt32)
  case tooShort(length: UInt32)
  case unknownKind(UInt8)
  case unexpectedKind(UInt8)

  var description: String {
    switch self {
    case .tooLarge(let length):
      "a frame of \(length) bytes is larger than the limit of \(LinkFrame.maximumBytes)"
    case .tooShort(let length): "a frame of \(length) bytes has no room for kind and call number"
    case .unknownKind(let byte): "no frame kind \(byte) is known"
    case .unexpectedKind(let byte): "a frame of kind \(byte) does not belong in this direction"
    }
  }
}

/// Cuts a byte stream into frames. A value without I/O, so that a table can test it.
///
/// A body is copied once, into a buffer of its size: the buffers that TLS hands out are large and
/// reused, and a slice of twenty bytes would keep a megabyte alive.
struct FrameAssembler {
  private var input = CircularBuffer<ByteBuffer>()
  private var header = ByteBuffer()
  private var current: (kind: LinkFrameKind, number: UInt64, missing: Int)?
  private var body = ByteBuffer()
  private let allocator: ByteBufferAllocator

  init(allocator: ByteBufferAllocator = ByteBufferAllocator()) { self.allocator = allocator }

  /// Whether bytes of an unfinished frame are here.
  var isMidFrame: Bool {
    current != nil || header.readableBytes > 0 || !input.isEmpty
  }

  /// Takes bytes from the stream.
  mutating func append(_ bytes: ByteBuffer) {
    if bytes.readableBytes > 0 { input.append(bytes) }
  }

  /// The next whole frame, or nil when more bytes are needed.
  /// - Throws: ``LinkFrameError``; the stream is unusable afterwards.
  mutating func next() throws(LinkFrameError) -> LinkFrame? {
    if current == nil, try !readHeader() { return nil }
    guard let (kind, number, missing) = current else { return nil }
    let left = move(missing, to: \.body)
    if left > 0 {
      current?.missing = left
      return nil
    }
    current = nil
    let whole = body
    body = ByteBuffer()
    return LinkFrame(kind: kind, number: number, body: whole)
  }

  private mutating func readHeader() throws(LinkFrameError) -> Bool {
    let missing = LinkFrame.headerBytes - header.readableBytes
    guard move(missing, to: \.header) == 0 else { return false }
    guard let length = header.readInteger(as: UInt32.self),
      let kindByte = header.readInteger(as: UInt8.self),
      let number = header.readInteger(as: UInt64.self)
    else { return false }
    header.clear()
    if length > LinkFrame.maximumBytes - 4 { throw .tooLarge(length: length) }
    if length < LinkFrame.countedHeaderBytes { throw .tooShort(length: length) }
    guard let kind = LinkFrameKind(rawValue: kindByte) else { throw .unknownKind(kindByte) }
    let bodyBytes = Int(length) - LinkFrame.countedHeaderBytes
    // At most 2 MiB, and untouched pages cost nothing: a peer's number reserves address space only.
    body = allocator.buffer(capacity: bodyBytes)
    current = (kind, number, bodyBytes)
    return true
  }

  /// Moves up to `count` bytes of input; returns how many are still missing.
  private mutating func move(
    _ count: Int, to target: WritableKeyPath<FrameAssembler, ByteBuffer>
  ) -> Int {
    var missing = count
    while missing > 0, !input.isEmpty {
      let available = min(missing, input[input.startIndex].readableBytes)
      if var part = input[input.startIndex].readSlice(length: available) {
        self[keyPath: target].writeBuffer(&part)
      }
      missing -= available
      if input[input.startIndex].readableBytes == 0 { input.removeFirst() }
    }
    return missing
  }
}
