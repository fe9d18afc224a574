import NIOCore
import Primitives
import TestSupport
import Testing

@testable import NodeLink

/// What a peer that keeps to no rule gets: a clear end, while others are served.
@Suite(.timeLimit(.minutes(1))) struct LinkHostileInputTests {
  private typealias F = LinkFixtures

  private func withEcho(
    _ limits: LinkServerLimits = .init(), _ body: (LinkServer, Int) async throws -> Void
  ) async throws {
    try await F.withServer(limits: limits) { _, body in
      body
    } run: { server, port in
      try await body(server, port)
      try await F.withClient(port: port, identity: F.identity(99)) { client in
        try await F.expectEcho(client, "well")
      }
    }
  }

  /// The one frame that a server sends before it closes.
  private func refusal(in bytes: [UInt8]) throws -> LinkRefusal? {
    var assembler = FrameAssembler()
    assembler.append(ByteBuffer(bytes: bytes))
    guard let frame = try assembler.next(), frame.kind == .error, frame.number == 0 else {
      return nil
    }
    return try LinkRefusal(canonicalBytes: Array(frame.body.readableBytesView))
  }

  @Test(arguments: [
    ([255, 255, 255, 255, 0] + [UInt8](repeating: 0, count: 8), "larger than the limit"),
    ([0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 8), "no room"),
    ([0, 0, 0, 9, 9] + [UInt8](repeating: 0, count: 8), "no frame kind 9"),
    ([0, 0, 0, 9, 1] + [UInt8](repeating: 0, count: 8), "does not belong"),
  ])
  func aBrokenFrameIsRefusedWithItsReason(bytes: [UInt8], reason: String) async throws {
    try await withEcho { _, port in
      let peer = try await RawPeer.connect(port: port, identity: F.identity(2))
      try await peer.send(bytes)
      let found = try refusal(in: try await peer.bytesUntilClosed())
      #expect(found?.code == LinkRefusal.malformedCode)
      #expect(found?.text.contains(reason) == true)
    }
  }

  @Test func aBegunFrameMustArriveInTime() async throws {
    var limits = LinkServerLimits()
    limits.slowPeerSeconds = 0.2
    try await withEcho(limits) { server, port in
      let peer = try await RawPeer.connect(port: port, identity: F.identity(2))
      try await peer.send([0, 0, 1, 0, 0])
      #expect(try await peer.bytesUntilClosed().isEmpty)
      try await eventually("the connection is gone") { server.connectionCount == 0 }
    }
  }

  @Test func anAnswerMustBeTaken() async throws {
    var limits = LinkServerLimits()
    limits.slowPeerSeconds = 0.3
    try await withEcho(limits) { server, port in
      let peer = try await RawPeer.connect(port: port, identity: F.identity(2))
      // The handshake needs the peer to read, so one echo comes first.
      let hello = LinkFrame(kind: .request, number: 100, body: ByteBuffer(string: "hello"))
      peer.channel.write(hello.header(allocator: ByteBufferAllocator()), promise: nil)
      try await peer.send(Array("hello".utf8))
      try await eventually("the echo") { peer.receivedCount > 0 }
      try await peer.channel.setOption(.autoRead, value: false).get()
      let body = ByteBuffer(repeating: 1, count: 2_000_000)
      // More than the sockets' buffers hold, however far the kernel lets them grow.
      for number in 1...40 {
        let frame = LinkFrame(kind: .request, number: UInt64(number), body: body)
        peer.channel.write(frame.header(allocator: ByteBufferAllocator()), promise: nil)
        peer.channel.writeAndFlush(body, promise: nil)
      }
      try await eventually("the server gives up") { server.connectionCount == 0 }
      await peer.close()
    }
  }

  @Test func theHandshakeMustBeDoneInTime() async throws {
    var limits = LinkServerLimits()
    limits.handshakeSeconds = 0.2
    try await withEcho(limits) { server, port in
      let peer = try await RawPeer.connect(port: port, identity: nil)
      #expect(try await peer.bytesUntilClosed().isEmpty)
    }
  }

  @Test func garbageInsteadOfTLSIsRefused() async throws {
    try await withEcho { _, port in
      let peer = try await RawPeer.connect(port: port, identity: nil)
      try? await peer.send(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
      _ = try await peer.bytesUntilClosed()
    }
  }

  @Test func aTruncatedFrameAtTheEndHarmsNobody() async throws {
    try await withEcho { server, port in
      let peer = try await RawPeer.connect(port: port, identity: F.identity(2))
      try await peer.send([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 7])
      await peer.close()
      try await eventually("the connection is gone") { server.connectionCount == 0 }
    }
  }

  @Test func randomStreamsHarmNobody() async throws {
    var generator = SeededGenerator.fromEnvironment(default: 0xF0)
    try await withEcho { server, port in
      for _ in 0..<40 {
        let peer = try await RawPeer.connect(
          port: port, identity: Bool.random(using: &generator) ? F.identity(2) : nil)
        var stream = generator.bytes(Int.random(in: 1...3000, using: &generator))
        if stream.count > 20, Bool.random(using: &generator) {
          stream.replaceSubrange(0..<5, with: [0, 0, 0, 12, 0])
        }
        try? await peer.send(stream)
        await peer.close()
      }
      try await eventually("all connections are gone") { server.connectionCount == 0 }
    }
  }

  /// A server that answers nonsense: the client says so and does not crash.
  @Test func aClientSurvivesRefusalsThatCannotBeRead() async throws {
    let unreadable = LinkFrame(kind: .error, number: 1, body: ByteBuffer(bytes: [0, 0, 0, 9]))
    #expect(unreadable.body.readableBytes == 4)
    #expect(throws: CodecError.self) {
      try LinkRefusal(canonicalBytes: Array(unreadable.body.readableBytesView))
    }
    let long = LinkRefusal(
      code: String(repeating: "é", count: 100), text: String(repeating: "é", count: 4000))
    #expect(long.code.utf8.count <= 64 && long.text.utf8.count <= 1024)
    #expect(try LinkRefusal(canonicalBytes: long.canonicalBytes()) == long)
  }
}
