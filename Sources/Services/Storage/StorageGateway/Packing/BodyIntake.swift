import GatewayKit
import NIOCore
import StorageService

/// Takes a body in, seals it piece by piece, and hands the pieces to the writer, two at a time.
///
/// Every byte taken in is reserved in the gateway's budget until its piece is durable. When memory
/// is short, what has gathered is sent before more is waited for, so that two bodies can never wait
/// for each other's memory.
struct BodyIntake {
  /// Pieces of one body that may be under way at once.
  static let piecesUnderWay = 2

  private var pipe: SealingPipe
  private let writer: SegmentWriter
  private let budget: BufferBudget
  private var extents: [Extent] = []
  private var underWay: [Task<[Extent], any Error>] = []
  /// Bytes reserved for what is still in the pipe.
  private var held = 0

  init(pipe: SealingPipe, writer: SegmentWriter, budget: BufferBudget) {
    self.pipe = pipe
    self.writer = writer
    self.budget = budget
  }

  /// Plain bytes taken in so far.
  var length: UInt64 { pipe.length }

  /// Takes in bytes; waits while memory is short or enough pieces are under way.
  mutating func take(_ buffer: ByteBuffer) async throws {
    let count = buffer.readableBytes
    if !budget.tryReserve(count) {
      if let piece = pipe.flush() { try await send(piece) }
      try await budget.reserve(count)
    }
    held += count
    for piece in try pipe.take(buffer) { try await send(piece) }
  }

  /// Waits for all pieces but the last. Returns their extents and the last piece, which is sent
  /// with the record that names them all.
  mutating func finish() async throws -> (extents: [Extent], last: SealedPiece) {
    let last = try pipe.finish()
    for task in underWay { extents += try await task.value }
    underWay = []
    return (extents, last)
  }

  /// Gives back what is still reserved: the last piece is durable, or nothing will come of it.
  mutating func giveUp() {
    budget.giveBack(held)
    held = 0
  }

  private mutating func send(_ piece: SealedPiece) async throws {
    if underWay.count == Self.piecesUnderWay {
      extents += try await underWay.removeFirst().value
    }
    held -= piece.plainBytes
    underWay.append(
      Task { [writer, budget] in
        defer { budget.giveBack(piece.plainBytes) }
        return try await writer.append(piece.bytes, makeMutation: nil)
      })
  }
}
