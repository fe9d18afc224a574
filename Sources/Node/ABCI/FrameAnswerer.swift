import NIOCore

/// From a request's bytes to its response's, away from the connection's event loop.
struct FrameAnswerer: Sendable {
  let answerer: RequestAnswerer

  /// The framed response, and whether the connection is of no use any more.
  func answer(_ frame: ByteBuffer) async -> (response: ByteBuffer, ends: Bool) {
    switch Self.parse(frame) {
    case .success(let request):
      return (await answerer.answer(request).frame, request.message.value == nil)
    case .failure(let error):
      let text = "a frame of \(frame.readableBytes) bytes is no ABCI request: \(error)"
      answerer.logger.error("ABCI garbage", metadata: ["reason": "\(text)"])
      return (
        FramedResponse.encode(ABCIResponse.with { $0.exception.error = text }), true
      )
    }
  }

  private static func parse(_ frame: ByteBuffer) -> Result<ParsedRequest, any Error> {
    Result { try ParsedRequest(frame) }
  }
}
