import NIOCore

/// From a request's bytes to its response's, away from the connection's event loop.
struct FrameAnswerer: Sendable {
  let answerer: RequestAnswerer

  /// What is sent for a request.
  struct Answer {
    /// The framed response.
    let response: ByteBuffer
    /// Whether the connection is of no use any more.
    let ends: Bool
  }

  /// The answers to requests, in their order.
  func answers(_ frames: [ByteBuffer]) async -> [Answer] {
    var answers: [Answer] = []
    answers.reserveCapacity(frames.count)
    for frame in frames { answers.append(await answer(frame)) }
    return answers
  }

  private func answer(_ frame: ByteBuffer) async -> Answer {
    switch Self.parse(frame) {
    case .success(let request):
      return Answer(
        response: await answerer.answer(request).frame, ends: request.message.value == nil)
    case .failure(let error):
      let text = "a frame of \(frame.readableBytes) bytes is no ABCI request: \(error)"
      answerer.logger.error("ABCI garbage", metadata: ["reason": "\(text)"])
      return Answer(
        response: FramedResponse.encode(ABCIResponse.with { $0.exception.error = text }),
        ends: true)
    }
  }

  private static func parse(_ frame: ByteBuffer) -> Result<ParsedRequest, any Error> {
    Result { try ParsedRequest(frame) }
  }
}
