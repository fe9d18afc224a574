import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers `Expect: 100-continue`, which Hummingbird 2.28 does not: boto3 and others hold a body
/// back until they get the answer or a second has passed.
///
/// The answer goes out when the request's head has arrived and no earlier response of the
/// connection is still being written, so that it never falls into the middle of one.
package final class ContinueHandler: ChannelDuplexHandler, RemovableChannelHandler {
  /// Parts of requests as the HTTP codec gives them.
  package typealias InboundIn = HTTPRequestPart
  /// The same parts, unchanged.
  package typealias InboundOut = HTTPRequestPart
  /// Parts of responses as the application writes them.
  package typealias OutboundIn = HTTPResponsePart
  /// The same parts, and the go-ahead.
  package typealias OutboundOut = HTTPResponsePart

  /// Requests whose head has come and whose response has not ended.
  private var unanswered = 0
  /// How many responses must end before the waiting answer goes out; nil when none waits.
  private var responsesBeforeContinue: Int?

  package init() {}

  /// Sees requests come.
  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      if Self.expectsContinue(head) {
        if unanswered == 0 { sendContinue(context) } else { responsesBeforeContinue = unanswered }
      }
      unanswered += 1
    case .body, .end:
      // A body that comes unasked needs no answer any more.
      responsesBeforeContinue = nil
    }
    context.fireChannelRead(data)
  }

  /// Sees responses go.
  package func write(
    context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
  ) {
    let part = unwrapOutboundIn(data)
    context.write(data, promise: promise)
    guard case .end = part else { return }
    unanswered = max(0, unanswered - 1)
    if let before = responsesBeforeContinue {
      responsesBeforeContinue = before > 1 ? before - 1 : nil
      if before <= 1 { sendContinue(context) }
    }
  }

  private func sendContinue(_ context: ChannelHandlerContext) {
    context.writeAndFlush(
      wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  /// Whether a head asks for the go-ahead. The value is compared without regard to case (RFC 9110).
  static func expectsContinue(_ head: HTTPRequest) -> Bool {
    head.headerFields[.expect]?.lowercased() == "100-continue"
  }
}
