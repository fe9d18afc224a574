import Cryptography
import NIOCore
import Primitives
import StorageService

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
  mutating func take(_ bytes: ByteBuffer) throws -> [ByteBuffer] {
    length += UInt64(bytes.readableBytes)
    plain.writeImmutableBuffer(bytes)
    let record = Int(RecordMath.plainBytes)
    var pieces: [ByteBuffer] = []
    while plain.readableBytes > Self.recordsPerPiece * record {
      pieces.append(try sealRecords(Self.recordsPerPiece, endsHere: false))
    }
    plain.discardReadBytes()
    return pieces
  }

  /// The last piece: what is left, its last record sealed as the last. Empty for an empty body.
  mutating func finish() throws -> ByteBuffer {
    let record = Int(RecordMath.plainBytes)
    let records = (plain.readableBytes + record - 1) / record
    return try sealRecords(records, endsHere: true)
  }

  private mutating func sealRecords(_ count: Int, endsHere: Bool) throws -> ByteBuffer {
    var piece = ByteBuffer()
    piece.reserveCapacity(count * Int(RecordMath.sealedBytes))
    for index in 0..<count {
      let size = min(Int(RecordMath.plainBytes), plain.readableBytes)
      guard let bytes = plain.readBytes(length: size) else { break }
      piece.writeBytes(
        try cipher.seal(bytes, record: nextRecord, isLast: endsHere && index == count - 1))
      nextRecord += 1
    }
    return piece
  }
}
