import Logging
import NIOCore
import SwiftProtobuf

/// One connection of a node: cuts frames, answers them in order, and reads no more than it can
/// answer.
///
/// Requests that only read may run at the same time; every other one waits for all before it and
/// holds up all behind it. Responses go out strictly in the order of requests. At most
/// ``windowCount`` requests and ``windowBytes`` bytes of them are taken in; beyond that, and while
/// the peer does not read its responses, nothing is read from the socket.
final class ABCIConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  /// How many requests are being answered at once.
  static let windowCount = 128
  /// How many bytes of requests are being answered at once, but for one that is larger by itself.
  static let windowBytes = 16 << 20
  /// How many short requests are answered in one go on another thread.
  private static let batchCount = 32
  /// Responses up to so many bytes are written to the socket as one.
  private static let joinedBytes = 1 << 14
  /// Asked once: the answer is read from files.
  private static let coreCount = System.coreCount

  private struct Slot {
    let method: RequestMethod?
    let size: Int
    /// The request; nil once it has been begun.
    var frame: ByteBuffer?
    var response: ByteBuffer?
    var endsConnection = false
  }

  private let answerer: RequestAnswerer
  private let logger: Logger
  private var decoder: FrameDecoder
  private var slots = CircularBuffer<Slot>()
  /// The serial number of the first slot.
  private var firstSerial = 0
  /// How many slots, from the first, have been begun.
  private var begunCount = 0
  private var runningCount = 0
  private var exclusiveRuns = false
  private var slotBytes = 0
  private var wantsRead = false
  private var isEnding = false
  /// The peer sends no more; what it asked is answered.
  private var inputIsClosed = false
  private var isPumping = false
  private var wasRefused = false
  private var context: ChannelHandlerContext?

  init(answerer: RequestAnswerer, frameLimit: Int, logger: Logger) {
    self.answerer = answerer
    self.logger = logger
    decoder = FrameDecoder(limit: frameLimit)
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    decoder.append(unwrapInboundIn(data))
    pump(context)
  }

  func read(context: ChannelHandlerContext) {
    if canTake(context) { context.read() } else { wantsRead = true }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    pump(context)
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // The node has closed its side: what it asked is answered first.
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { endAfterAnswers(context) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    if decoder.pendingByteCount > 0, !wasRefused {
      logger.warning(
        "connection ended inside a frame", metadata: ["bytes": "\(decoder.pendingByteCount)"])
    } else {
      logger.debug("connection closed")
    }
    isEnding = true
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.warning("connection failed", metadata: ["reason": "\(error)"])
    context.close(promise: nil)
  }

  private func canTake(_ context: ChannelHandlerContext) -> Bool {
    !isEnding && slots.count < Self.windowCount && slotBytes < Self.windowBytes
      && context.channel.isWritable
  }

  private func pump(_ context: ChannelHandlerContext) {
    if isPumping { return }
    isPumping = true
    defer { isPumping = false }
    // Writing frees the window, and frames that were read long ago may wait for that: no more
    // bytes need come to call this again.
    repeat {
      takeFrames(context)
      begin(context)
    } while writeReady(context)
    if inputIsClosed, slots.isEmpty, canTake(context) { close(context) }
    if wantsRead, canTake(context) {
      wantsRead = false
      context.read()
    }
  }

  private func takeFrames(_ context: ChannelHandlerContext) {
    while canTake(context) {
      do throws(FrameError) {
        guard let frame = try decoder.next() else { return }
        take(frame)
      } catch {
        refuse("\(error)", context)
      }
    }
  }

  private func take(_ frame: ByteBuffer) {
    let isFlush = frame.readableBytesView.elementsEqual(FramedResponse.flushRequest)
    slots.append(
      Slot(
        method: RequestMethod(peeking: frame), size: frame.readableBytes,
        frame: isFlush ? nil : frame, response: isFlush ? FramedResponse.flush : nil))
    slotBytes += frame.readableBytes
  }

  // MARK: Answering

  /// Begins what may run now. Of many short requests each core that is free gets its part.
  private func begin(_ context: ChannelHandlerContext) {
    let part = (slots.count - begunCount) / max(Self.coreCount - runningCount, 1)
    while begunCount < slots.count, !exclusiveRuns {
      // A flush, and what is refused, have their answers already.
      if slots[slots.index(slots.startIndex, offsetBy: begunCount)].response != nil {
        begunCount += 1
        continue
      }
      let serial = firstSerial + begunCount
      let batch = nextBatch(limit: min(max(part, 1), Self.batchCount))
      if batch.isEmpty { return }
      begunCount += batch.count
      runningCount += 1
      run(batch, serial: serial, context)
    }
  }

  /// Takes the next requests that may run together: some short ones, or one of any kind, which runs
  /// alone if it does more than read.
  private func nextBatch(limit: Int) -> [ByteBuffer] {
    var batch: [ByteBuffer] = []
    while batch.count < limit, begunCount + batch.count < slots.count {
      let index = slots.index(slots.startIndex, offsetBy: begunCount + batch.count)
      let method = slots[index].method
      let (onlyReads, isShort) = (method?.onlyReads ?? false, method?.isShort ?? false)
      guard batch.isEmpty ? onlyReads || runningCount == 0 : isShort,
        let frame = slots[index].frame
      else { break }
      slots[index].frame = nil
      batch.append(frame)
      exclusiveRuns = !onlyReads
      if !isShort { break }
    }
    return batch
  }

  private func run(_ batch: [ByteBuffer], serial: Int, _ context: ChannelHandlerContext) {
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    let (frames, eventLoop) = (FrameAnswerer(answerer: answerer), context.eventLoop)
    Task {
      let answers = await frames.answers(batch)
      eventLoop.execute { handler.value.finish(serial, answers) }
    }
  }

  private func finish(_ serial: Int, _ answers: [FrameAnswerer.Answer]) {
    guard let context else { return }
    var index = slots.index(slots.startIndex, offsetBy: serial - firstSerial)
    for answer in answers {
      slots[index].response = answer.response
      slots[index].endsConnection = answer.ends
      slots.formIndex(after: &index)
    }
    runningCount -= 1
    exclusiveRuns = false
    pump(context)
  }

  /// Writes the responses whose turn it is. Whether there were any.
  private func writeReady(_ context: ChannelHandlerContext) -> Bool {
    var joined = ByteBuffer()
    var wrote = false
    while let first = slots.first, var response = first.response {
      slots.removeFirst()
      firstSerial += 1
      begunCount -= 1
      slotBytes -= first.size
      wrote = true
      if joined.readableBytes + response.readableBytes > Self.joinedBytes {
        write(&joined, context)
      }
      if joined.readableBytes == 0 { joined = response } else { joined.writeBuffer(&response) }
      if first.endsConnection {
        write(&joined, context)
        close(context)
        return false
      }
    }
    write(&joined, context)
    if wrote { context.flush() }
    return wrote
  }

  private func write(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) {
    guard buffer.readableBytes > 0 else { return }
    context.write(wrapOutboundOut(buffer), promise: nil)
    buffer = ByteBuffer()
  }

  private func endAfterAnswers(_ context: ChannelHandlerContext) {
    inputIsClosed = true
    pump(context)
  }

  private func refuse(_ reason: String, _ context: ChannelHandlerContext) {
    logger.error("ABCI garbage", metadata: ["reason": "\(reason)"])
    isEnding = true
    wasRefused = true
    let exception = ABCIResponse.with { $0.exception.error = reason }
    slots.append(
      Slot(
        method: nil, size: 0, frame: nil,
        response: FramedResponse.encode(exception), endsConnection: true))
  }

  private func close(_ context: ChannelHandlerContext) {
    isEnding = true
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
      channel.close(promise: nil)
    }
  }
}
