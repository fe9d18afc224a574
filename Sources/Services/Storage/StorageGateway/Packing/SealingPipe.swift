import Cryptography
import NIOCore
import Primitives
import StorageService

/// Sealed records, and how many plain bytes they came from.
struct SealedPiece {
  let bytes: ByteBuffer
  let plainBytes: Int
}

/// Cuts plain bytes into records and seals them; gives out pieces of many records.
///
/// A full record is held back until more bytes follow, because the last record is sealed as the
/// last.
struct SealingPipe {
  /// How many records one piece has: 4 MiB of plain bytes.
  static let recordsPerPiece = 64

  private let cipher: ObjectRecordCipher
  private var plain = ByteBuffer()
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
    let record = Int(RecordMath.plainBytes)
    var pieces: [SealedPiece] = []
    while plain.readableBytes > Self.recordsPerPiece * record {
      pieces.append(try sealRecords(Self.recordsPerPiece, endsHere: false))
    }
    plain.discardReadBytes()
    return pieces
  }

  /// Seals the full records gathered so far, but for the last: for when memory is short.
  mutating func flush() throws -> SealedPiece? {
    let records = (plain.readableBytes - 1) / Int(RecordMath.plainBytes)
    return records > 0 ? try sealRecords(records, endsHere: false) : nil
  }

  /// The last piece: what is left, its last record sealed as the last. Empty for an empty body.
  mutating func finish() throws -> SealedPiece {
    let record = Int(RecordMath.plainBytes)
    let records = (plain.readableBytes + record - 1) / record
    return try sealRecords(records, endsHere: true)
  }

  private mutating func sealRecords(_ count: Int, endsHere: Bool) throws -> SealedPiece {
    let before = plain.readableBytes
    var piece = ByteBuffer()
    piece.reserveCapacity(count * Int(RecordMath.sealedBytes))
    for index in 0..<count {
      let size = min(Int(RecordMath.plainBytes), plain.readableBytes)
      guard let bytes = plain.readBytes(length: size) else { break }
      piece.writeBytes(
        try cipher.seal(bytes, record: nextRecord, isLast: endsHere && index == count - 1))
      nextRecord += 1
    }
    return SealedPiece(bytes: piece, plainBytes: before - plain.readableBytes)
  }
}
