import NIOCore
import SwiftProtobuf

/// From a request's bytes to its response's, away from the connection's event loop.
struct FrameAnswerer: Sendable {
  let answerer: RequestAnswerer

  /// The framed response, and whether the connection is of no use any more.
  func answer(_ frame: ByteBuffer) async -> (response: ByteBuffer, ends: Bool) {
    switch Self.parse(frame) {
    case .success(let request):
      return (Self.encode(await answerer.answer(request)), request.value == nil)
    case .failure(let error):
      let text = "a frame of \(frame.readableBytes) bytes is no ABCI request: \(error)"
      answerer.logger.error("ABCI garbage", metadata: ["reason": "\(text)"])
      return (Self.encode(ABCIResponse.with { $0.exception.error = text }), true)
    }
  }

  private static func parse(_ frame: ByteBuffer) -> Result<ABCIRequest, any Error> {
    Result { try ABCIRequest(serializedBytes: frame.readableBytesSpan) }
  }

  /// A response with its length in front.
  static func encode(_ response: ABCIResponse) -> ByteBuffer {
    do {
      let body: [UInt8] = try response.serializedBytes()
      var buffer = ByteBuffer()
      buffer.reserveCapacity(body.count + 5)
      FrameDecoder.writePrefix(body.count, to: &buffer)
      buffer.writeBytes(body)
      return buffer
    } catch {
      // More than 2 GiB: nothing that the ledger answers comes near it.
      return encode(ABCIResponse.with { $0.exception.error = "\(error)" })
    }
  }
}
