import ABCI
import Foundation
import NIOCore
import Primitives
import TestSupport
import Testing

/// What a recorded node wrote on its connections.
struct Transcript: Sendable {
  let name: String
  /// The bytes of each connection, in the order in which they were dialled.
  let streams: [[UInt8]]

  init(_ name: String) throws {
    self.name = name
    let folder = SourceTree.root + "/Tests/Fixtures/abci/" + name
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    streams = try names.filter { $0.hasSuffix(".c2s.bin") }.map {
      [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + $0)))
    }
  }

  init(name: String, streams: [[UInt8]]) {
    self.name = name
    self.streams = streams
  }

  /// The recordings of CometBFT v0.38 from which a chain begins.
  static let beginnings = [
    "kvstore/p1_fresh", "kvstore/p4_full_replay", "kvstore_recheck/p6_recheck",
    "e2e_ve_statesync/node0",
  ]

  /// The requests in a stream.
  static func methods(_ stream: [UInt8]) throws -> [RequestMethod?] {
    try frames(stream).map { RequestMethod(peeking: $0) }
  }

  static func frames(_ stream: [UInt8]) throws -> [ByteBuffer] {
    var decoder = FrameDecoder()
    decoder.append(ByteBuffer(bytes: stream))
    var frames: [ByteBuffer] = []
    while let frame = try decoder.next() { frames.append(frame) }
    #expect(decoder.pendingByteCount == 0, "a recording ends with a whole frame")
    return frames
  }

  /// The genesis that the recording's InitChain names.
  func genesis() throws -> TestGenesis {
    for frame in try streams.flatMap(Self.frames) {
      if case .initChain(let start)? = try ABCIRequest(
        serializedBytes: frame.readableBytesSpan
      ).value {
        return TestGenesis(
          chainName: start.chainID,
          genesisTimeMilliseconds: UInt64(start.time.seconds) * 1000
            + UInt64(start.time.nanos / 1_000_000),
          engine: start.validators.map {
            // A v1.0 node names its keys in fields that v0.38 does not know.
            (key: Bytes32($0.pubKey.ed25519) ?? .zero, power: UInt64($0.power))
          })
      }
    }
    return TestGenesis(chainName: "no-init-chain", genesisTimeMilliseconds: 1)
  }
}

/// How a stream's bytes are cut into writes.
enum Splitting: Sendable {
  case whole
  case singleBytes
  case seeded(UInt64)

  func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    switch self {
    case .whole: return bytes.isEmpty ? [] : [bytes[...]]
    case .singleBytes: return bytes.indices.map { bytes[$0...$0] }
    case .seeded(let seed):
      var generator = SeededGenerator(seed: seed)
      var pieces: [ArraySlice<UInt8>] = []
      var start = 0
      while start < bytes.count {
        let most = [3, 40, 700, 9000].randomElement(using: &generator) ?? 1
        let end = min(bytes.count, start + Int.random(in: 1...most, using: &generator))
        pieces.append(bytes[start..<end])
        start = end
      }
      return pieces
    }
  }
}
