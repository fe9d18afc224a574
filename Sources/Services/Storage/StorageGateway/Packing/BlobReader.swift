import Cryptography
import GatewayKit
import NIOCore
import Primitives
import StorageService

/// Gives out a range of a blob's plain bytes, window by window, with a few windows read ahead.
actor BlobReader {
  /// Records of one window: a piece as a body's bytes were packed, most often a whole stripe, which
  /// any k of its chunks give back without reading anything twice.
  static let recordsPerWindow = UInt64(SealingPipe.recordsPerPiece)
  /// Windows read ahead of the consumer, the one that it waits for included.
  static let windowsAhead = 2

  private let blob: StoredBlob
  private let reader: ExtentReader
  private let cipher: ObjectRecordCipher
  private let end: UInt64
  private var position: UInt64
  private let budget: BufferBudget
  private var ahead: [Window] = []
  /// Bytes of the window that the consumer has now.
  private var lent = 0

  private struct Window {
    let bytes: Int
    let task: Task<ByteBuffer, any Error>
  }

  init(
    blob: StoredBlob, key: SymmetricKeyBytes, range: Range<UInt64>, reader: ExtentReader,
    budget: BufferBudget
  ) {
    self.blob = blob
    self.reader = reader
    self.budget = budget
    cipher = ObjectRecordCipher(key: key, attempt: blob.attempt)
    position = range.lowerBound
    end = range.upperBound
  }

  deinit {
    for window in ahead { window.task.cancel() }
    budget.giveBack(lent + ahead.reduce(0) { $0 + $1.bytes })
  }

  /// The next bytes; nil at the end. The first window waits for memory; those ahead of it are read
  /// only while there is some to spare, so that slow readers do not keep others waiting.
  func next() async throws -> ByteBuffer? {
    budget.giveBack(lent)
    lent = 0
    if ahead.isEmpty {
      guard let range = nextWindow() else { return nil }
      let bytes = Int(range.upperBound - range.lowerBound)
      try await budget.reserve(bytes)
      start(range, bytes: bytes)
    }
    while ahead.count < Self.windowsAhead, let range = peekWindow() {
      let bytes = Int(range.upperBound - range.lowerBound)
      guard budget.tryReserve(bytes) else { break }
      _ = nextWindow()
      start(range, bytes: bytes)
    }
    let window = ahead.removeFirst()
    lent = window.bytes
    return try await window.task.value
  }

  private func start(_ range: Range<UInt64>, bytes: Int) {
    let task = Task { [blob, reader, cipher] in
      try await Self.open(range, of: blob, reader: reader, cipher: cipher)
    }
    ahead.append(Window(bytes: bytes, task: task))
  }

  /// The next plain range, ending at a multiple of the window's size.
  private func peekWindow() -> Range<UInt64>? {
    guard position < end else { return nil }
    let window = Self.recordsPerWindow * RecordMath.plainBytes
    return position..<min(end, (position / window + 1) * window)
  }

  private func nextWindow() -> Range<UInt64>? {
    guard let range = peekWindow() else { return nil }
    position = range.upperBound
    return range
  }

  private static func open(
    _ range: Range<UInt64>, of blob: StoredBlob, reader: ExtentReader, cipher: ObjectRecordCipher
  ) async throws -> ByteBuffer {
    guard let window = RecordMath.window(of: range, length: blob.length),
      let extents = blob.extents.slice(window.sealed)
    else { throw EngineError.corrupt(reason: "the blob's extents do not hold \(range)") }
    let sealed = try await reader.read(extents)
    do {
      return try open(sealed, window, range, length: blob.length, with: cipher)
    } catch {
      throw EngineError.corrupt(reason: "\(error)")
    }
  }

  private static func open(
    _ sealed: ByteBuffer, _ window: RecordMath.Window, _ range: Range<UInt64>, length: UInt64,
    with cipher: ObjectRecordCipher
  ) throws -> ByteBuffer {
    let tags = window.records.count * Int(RecordMath.tagBytes)
    let count = sealed.readableBytes - tags
    let wanted = Int(range.upperBound - range.lowerBound)
    guard window.skip + wanted <= count else {
      throw StoredDataError.outOfRange("the window does not hold the range")
    }
    var plain = ByteBuffer()
    try plain.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
      try sealed.withUnsafeReadableBytes { source in
        try cipher.open(
          source, window: window, length: length,
          into: UnsafeMutableRawBufferPointer(rebasing: target[..<count]))
      }
      return count
    }
    plain.moveReaderIndex(forwardBy: window.skip)
    plain.moveWriterIndex(to: plain.readerIndex + wanted)
    return plain
  }
}
