import NIOCore
import SwiftProtobuf

/// A request taken apart so that what is large in it is copied once: transactions and snapshot
/// chunks go from the frame into arrays of their own, and the message is parsed without them.
package struct ParsedRequest: Sendable {
  /// The request without its bulk.
  package let message: ABCIRequest
  /// Its transactions, or its chunk, in order.
  package let bulk: [[UInt8]]

  /// Parses a frame without its length.
  /// - Throws: `BinaryDecodingError`.
  package init(_ frame: ByteBuffer) throws {
    if let parts = Self.split(frame) {
      message =
        if let rest = parts.rest {
          try ABCIRequest(serializedBytes: rest.readableBytesSpan)
        } else {
          ABCIRequest.with { $0.checkTx = ABCIRequestCheckTx() }
        }
      bulk = parts.bulk
    } else {
      message = try ABCIRequest(serializedBytes: frame.readableBytesSpan)
      bulk = Self.bulk(of: message)
    }
  }

  /// The field of a request's message that is bulk.
  private static func bulkField(_ method: RequestMethod) -> UInt64? {
    switch method {
    case .checkTransaction, .processProposal, .finalizeBlock: 1
    case .prepareProposal, .applySnapshotChunk: 2
    case .extendVote: 4
    default: nil
    }
  }

  /// Takes the bulk out of a frame that is one field with one message; nil for any other, which
  /// protobuf's rules for repeated fields decide upon. No rest is a CheckTx of a transaction that
  /// is new, of which there are many.
  private static func split(_ frame: ByteBuffer) -> (rest: ByteBuffer?, bulk: [[UInt8]])? {
    guard let method = RequestMethod(peeking: frame), let field = bulkField(method) else {
      return nil
    }
    var reader = frame
    let tag = method.rawValue << 3 | Int(WireKind.bytes)
    guard reader.readVarint() == UInt64(tag), let length = reader.readVarint(),
      length == UInt64(reader.readableBytes)
    else { return nil }
    var (inner, bulk) = (ByteBuffer(), [[UInt8]]())
    while reader.readableBytes > 0 {
      let start = reader.readerIndex
      guard let key = reader.readVarint() else { return nil }
      if key == field << 3 | WireKind.bytes {
        guard let count = reader.readVarint(), count <= UInt64(reader.readableBytes),
          let bytes = reader.readBytes(length: Int(count))
        else { return nil }
        bulk.append(bytes)
      } else {
        guard key >> 3 != field, reader.skipField(kind: key & 7),
          let other = frame.getSlice(at: start, length: reader.readerIndex - start)
        else { return nil }
        inner.writeImmutableBuffer(other)
      }
    }
    if method == .checkTransaction, inner.readableBytes == 0 { return (nil, bulk) }
    var rest = ByteBuffer()
    FrameDecoder.writePrefix(tag, to: &rest)
    FrameDecoder.writePrefix(inner.readableBytes, to: &rest)
    rest.writeImmutableBuffer(inner)
    return (rest, bulk)
  }

  private static func bulk(of message: ABCIRequest) -> [[UInt8]] {
    switch message.value {
    case .checkTx(let request): [[UInt8](request.tx)]
    case .prepareProposal(let request): MessageTranslation.items(request.txs)
    case .processProposal(let request): MessageTranslation.items(request.txs)
    case .finalizeBlock(let request): MessageTranslation.items(request.txs)
    case .applySnapshotChunk(let request): [[UInt8](request.chunk)]
    default: []
    }
  }
}

/// The wire's kinds of fields.
private enum WireKind {
  static let varint: UInt64 = 0
  static let eightBytes: UInt64 = 1
  static let bytes: UInt64 = 2
  static let fourBytes: UInt64 = 5
}

extension ByteBuffer {
  /// An unsigned LEB128 number; nil when it does not end here or has more than 64 bits.
  fileprivate mutating func readVarint() -> UInt64? {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte: UInt8 = readInteger() else { return nil }
      guard shift < 63 || byte < 2 else { return nil }
      number |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return number }
    }
    return nil
  }

  /// Steps over a field's content; false for what is cut short or of a kind that ABCI has not.
  fileprivate mutating func skipField(kind: UInt64) -> Bool {
    let length: UInt64?
    switch kind {
    case WireKind.varint: return readVarint() != nil
    case WireKind.eightBytes: length = 8
    case WireKind.fourBytes: length = 4
    case WireKind.bytes: length = readVarint()
    default: return false
    }
    guard let length, length <= UInt64(readableBytes) else { return false }
    moveReaderIndex(forwardBy: Int(length))
    return true
  }
}
