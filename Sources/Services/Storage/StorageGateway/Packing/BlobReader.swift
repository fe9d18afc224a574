import Cryptography
import NIOCore
import Primitives
import StorageService

/// Gives out a range of a blob's plain bytes, window by window, with a few windows read ahead.
actor BlobReader {
  /// Records of one window: 2 MiB of plain bytes.
  static let recordsPerWindow: UInt64 = 32
  /// Windows read ahead of the consumer.
  static let windowsAhead = 3

  private let blob: StoredBlob
  private let reader: ExtentReader
  private let cipher: ObjectRecordCipher
  private let end: UInt64
  private var position: UInt64
  private var ahead: [Task<ByteBuffer, any Error>] = []

  init(
    blob: StoredBlob, key: SymmetricKeyBytes, range: Range<UInt64>, reader: ExtentReader
  ) {
    self.blob = blob
    self.reader = reader
    cipher = ObjectRecordCipher(key: key, attempt: blob.attempt)
    position = range.lowerBound
    end = range.upperBound
  }

  deinit { for task in ahead { task.cancel() } }

  /// The next bytes; nil at the end.
  func next() async throws -> ByteBuffer? {
    while ahead.count < Self.windowsAhead, let range = nextWindow() {
      ahead.append(
        Task { [blob, reader, cipher] in
          try await Self.open(range, of: blob, reader: reader, cipher: cipher)
        })
    }
    guard !ahead.isEmpty else { return nil }
    return try await ahead.removeFirst().value
  }

  /// The next plain range, ending at a multiple of the window's size.
  private func nextWindow() -> Range<UInt64>? {
    guard position < end else { return nil }
    let window = Self.recordsPerWindow * RecordMath.plainBytes
    let stop = min(end, (position / window + 1) * window)
    defer { position = stop }
    return position..<stop
  }

  private static func open(
    _ range: Range<UInt64>, of blob: StoredBlob, reader: ExtentReader, cipher: ObjectRecordCipher
  ) async throws -> ByteBuffer {
    guard let window = RecordMath.window(of: range, length: blob.length),
      let extents = blob.extents.slice(window.sealed)
    else { throw EngineError.corrupt(reason: "the blob's extents do not hold \(range)") }
    var sealed: [UInt8] = []
    sealed.reserveCapacity(Int(window.sealed.upperBound - window.sealed.lowerBound))
    for extent in extents {
      sealed.append(contentsOf: try await reader.read(extent).readableBytesView)
    }
    do {
      return ByteBuffer(
        bytes: try cipher.open(sealed, window: window, range: range, length: blob.length))
    } catch {
      throw EngineError.corrupt(reason: "\(error)")
    }
  }
}
