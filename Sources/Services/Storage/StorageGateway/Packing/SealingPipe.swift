import Cryptography
import NIOCore
import Primitives
import StorageService

/// Sealed records, and how many plain bytes they came from.
struct SealedPiece {
  let bytes: ByteBuffer
  let plainBytes: Int
}

/// Seals plain bytes record by record as they come, while they are still in the processor's cache,
/// and gives out pieces of many records.
///
/// A full record is held back until more bytes follow, because the last record is sealed as the
/// last.
struct SealingPipe {
  /// How many records one piece has: 4 MiB of plain bytes, which fill a stripe.
  static let recordsPerPiece = 64

  private let cipher: ObjectRecordCipher
  /// Bytes that are not sealed yet: after ``take(_:)`` at most a record.
  private var plain = ByteBuffer()
  /// The records sealed so far of the piece in hand.
  private var piece = ByteBuffer()
  private var pieceRecords = 0
  private var piecePlainBytes = 0
  private var nextRecord: UInt64 = 0
  /// Plain bytes taken in so far.
  private(set) var length: UInt64 = 0

  init(key: SymmetricKeyBytes, attempt: AttemptID) {
    cipher = ObjectRecordCipher(key: key, attempt: attempt)
  }

  /// Takes in bytes. Returns a sealed piece whenever enough have gathered and more follow.
  mutating func take(_ bytes: ByteBuffer) throws -> [SealedPiece] {
    length += UInt64(bytes.readableBytes)
    plain.writeImmutableBuffer(bytes)
    var pieces: [SealedPiece] = []
    while plain.readableBytes > Int(RecordMath.plainBytes) {
      try sealRecord(isLast: false)
      if pieceRecords == Self.recordsPerPiece { pieces.append(takePiece()) }
    }
    if plain.readerIndex > 4 * Int(RecordMath.plainBytes) { plain.discardReadBytes() }
    return pieces
  }

  /// The records sealed so far: for when memory is short.
  mutating func flush() -> SealedPiece? { pieceRecords > 0 ? takePiece() : nil }

  /// The last piece: what is left, its last record sealed as the last. Empty for an empty body.
  mutating func finish() throws -> SealedPiece {
    if plain.readableBytes > 0 { try sealRecord(isLast: true) }
    return takePiece()
  }

  private mutating func takePiece() -> SealedPiece {
    let whole = SealedPiece(bytes: piece, plainBytes: piecePlainBytes)
    piece = ByteBuffer()
    pieceRecords = 0
    piecePlainBytes = 0
    return whole
  }

  /// Seals the next record from where its bytes gathered to where they leave from.
  private mutating func sealRecord(isLast: Bool) throws {
    let size = min(Int(RecordMath.plainBytes), plain.readableBytes)
    let sealedSize = size + Int(RecordMath.tagBytes)
    // A body of many records is likely to fill its piece: its memory is taken once.
    if pieceRecords == 2 || nextRecord >= UInt64(Self.recordsPerPiece) && pieceRecords == 0 {
      piece.reserveCapacity(Self.recordsPerPiece * Int(RecordMath.sealedBytes))
    }
    let (cipher, number) = (self.cipher, nextRecord)
    try plain.readWithUnsafeReadableBytes { source in
      try piece.writeWithUnsafeMutableBytes(minimumWritableBytes: sealedSize) { target in
        try cipher.seal(
          UnsafeRawBufferPointer(rebasing: source[..<size]), record: number, isLast: isLast,
          into: UnsafeMutableRawBufferPointer(rebasing: target[..<sealedSize]))
        return sealedSize
      }
      return size
    }
    nextRecord += 1
    pieceRecords += 1
    piecePlainBytes += size
  }
}
