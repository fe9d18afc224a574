import HTTPTypes
import NIOCore
import Primitives
import TestSupport
import Testing

@testable import StorageGateway

/// Every reader of foreign bytes answers with a value or an error, never with a trap, and never
/// works on what is absurdly long.
@Suite struct S3FuzzTests {
  static let rounds = 3_000

  /// Bytes near a valid sample: a few changed, cut off or repeated.
  static func mutate(_ sample: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = sample
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      if bytes.isEmpty { return generator.bytes(8) }
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes.removeSubrange(place...)
      case 2: bytes.insert(contentsOf: bytes[..<place], at: place)
      default: bytes.remove(at: place)
      }
    }
    return Array(bytes.prefix(4_096))
  }

  @Test func targetsAndQueries() throws {
    var generator = SeededGenerator.fromEnvironment(default: 11)
    let sample = Array("/bucket/a%20b//c?prefix=x%2Fy&list-type=2&uploads&=&a=b=c+d%".utf8)
    for _ in 0..<Self.rounds {
      let text = String(decoding: Self.mutate(sample, &generator), as: UTF8.self)
      guard let target = try? RequestTarget(text) else { continue }
      _ = target.query.canonical()
      #expect((target.key?.count ?? 0) <= text.utf8.count)
    }
  }

  @Test func chunkedBodies() throws {
    var generator = SeededGenerator.fromEnvironment(default: 12)
    let sample = Array(
      "5;chunk-signature=00\r\nHello\r\n3\r\nabc\r\n0\r\nx-amz-checksum-crc32:99GJgg==\r\n\r\n".utf8
    )
    for round in 0..<Self.rounds {
      let bytes = Self.mutate(sample, &generator)
      var decoder = ChunkedBodyDecoder(signer: nil, hasTrailer: round.isMultiple(of: 2))
      var fed = 0
      var produced = 0
      reading: while true {
        guard let output = try? decoder.next() else { break }
        switch output {
        case .data(let buffer): produced += buffer.readableBytes
        case .finished: break reading
        case .needsMore:
          if fed == bytes.count { break reading }
          let end = min(bytes.count, fed + Int.random(in: 1...40, using: &generator))
          decoder.feed(ByteBuffer(bytes: bytes[fed..<end]))
          fed = end
        }
      }
      #expect(produced <= bytes.count)
    }
  }

  @Test func signatures() throws {
    var generator = SeededGenerator.fromEnvironment(default: 13)
    let header = Array(
      ("AWS4-HMAC-SHA256 Credential=A/20130524/us-east-1/s3/aws4_request,"
        + "SignedHeaders=host;x-amz-date,Signature=00").utf8)
    let query = Array(S3SignatureTests.presigned.utf8)
    for _ in 0..<Self.rounds {
      var head = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/")
      head.headerFields.set("x-amz-date", "20130524T000000Z")
      head.headerFields.set("x-amz-content-sha256", SignatureV4.emptyHash)
      let text = String(decoding: Self.mutate(header, &generator), as: UTF8.self)
      _ = try? SignatureClaim(authorization: text, head: head)
      let target = String(decoding: Self.mutate(query, &generator), as: UTF8.self)
      if let target = try? RequestTarget(target) {
        _ = try? SignatureClaim(presigned: target.query, head: head)
      }
    }
  }

  @Test func documentsRangesAndDates() throws {
    var generator = SeededGenerator.fromEnvironment(default: 14)
    let delete = Array(
      ("<?xml version=\"1.0\"?><Delete><Object><Key>a&amp;b</Key></Object>"
        + "<Quiet>true</Quiet></Delete>")
        .utf8)
    let range = Array("bytes=0-18446744073709551615".utf8)
    let date = Array("Fri, 24 May 2013 00:00:00 GMT".utf8)
    for _ in 0..<Self.rounds {
      let items = try? RequestDocuments.Delete(Self.mutate(delete, &generator)).objects
      #expect((items?.count ?? 0) <= 500)
      let text = String(decoding: Self.mutate(range, &generator), as: UTF8.self)
      for length: UInt64 in [0, 1, 100, .max] {
        if case .some(let found) = ByteRange(text, length: length) {
          #expect(found.upperBound <= length && !found.isEmpty)
        }
      }
      let day = String(decoding: Self.mutate(date, &generator), as: UTF8.self)
      _ = HTTPDate.parse(day)
      _ = HTTPDate.parseBasic(day)
      _ = ContinuationToken.decode(day)
      _ = UploadIdentifier.parse(day)
    }
  }

  @Test func datesThereAndBack() {
    var generator = SeededGenerator.fromEnvironment(default: 15)
    for _ in 0..<Self.rounds {
      let seconds = Int64.random(in: 0..<253_402_300_800, using: &generator)
      #expect(HTTPDate.parseBasic(HTTPDate.basic(seconds)) == seconds)
      #expect(HTTPDate.parse(HTTPDate.httpDate(UInt64(seconds) * 1_000)) == seconds)
      #expect(HTTPDate.parse(HTTPDate.iso8601(UInt64(seconds) * 1_000)) == seconds)
    }
  }
}
