import Foundation
import HTTPTypes
import HummingbirdTesting
import Primitives
import Testing

@testable import StorageGateway

@Suite struct S3MultipartTests {
  static let five = 5 << 20

  static func completion(_ parts: [(Int, String)]) -> [UInt8] {
    let list = parts.map {
      "<Part><PartNumber>\($0.0)</PartNumber><ETag>\($0.1)</ETag></Part>"
    }
    return Array(
      "<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>".utf8)
  }

  static func begin(
    _ client: S3Client, headers: [(String, String)] = []
  ) async throws -> String {
    let answer = try await client.send(.post, "/bucket/big?uploads", headers: headers)
    return try #require(answer.element("UploadId"))
  }

  static func upload(
    _ client: S3Client, _ id: String, _ number: Int, _ body: [UInt8]
  ) async throws -> String {
    let answer = try await client.send(
      .put, "/bucket/big?partNumber=\(number)&uploadId=\(id)", body: body)
    #expect(answer.status == .ok, "\(answer.text)")
    return answer.header("etag") ?? ""
  }

  @Test func partsBecomeAnObject() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let id = try await Self.begin(
        client, headers: [("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-meta-k", "v")])
      let first = [UInt8](repeating: 1, count: Self.five)
      let second = [UInt8](repeating: 2, count: 1_000)
      let tag2 = try await Self.upload(client, id, 5, second)
      let tag1 = try await Self.upload(client, id, 2, first)
      let listed = try await client.send(.get, "/bucket/big?uploadId=\(id)&max-parts=1")
      #expect(listed.elements("PartNumber") == ["2"] && listed.element("IsTruncated") == "true")
      #expect(try await client.send(.get, "/bucket?uploads").elements("UploadId") == [id])
      let target = "/bucket/big?uploadId=\(id)"
      for (parts, code) in [
        ([(5, tag2), (2, tag1)], "InvalidPartOrder"), ([(2, tag1), (3, tag2)], "InvalidPart"),
        ([(2, tag2), (5, tag2)], "InvalidPart"),
      ] {
        let bad = try await client.send(.post, target, body: Self.completion(parts))
        #expect(bad.element("Code") == code)
      }
      let done = try await client.send(
        .post, target, body: Self.completion([(2, tag1), (5, tag2)]))
      #expect(done.status == .ok, "\(done.text)")
      #expect(done.element("ETag")?.hasSuffix("-2&quot;") == true)
      let expected = ChecksumAlgorithm.crc64nvme.hash(first + second).base64
      #expect(done.element("ChecksumCRC64NVME") == expected)
      let got = try await client.send(
        .get, "/bucket/big", headers: [("x-amz-checksum-mode", "ENABLED")])
      #expect(got.bytes == first + second)
      #expect(got.header("x-amz-checksum-crc64nvme") == expected)
      #expect(got.header("x-amz-meta-k") == "v")
      let part = try await client.send(.get, "/bucket/big?partNumber=2")
      #expect(part.bytes == second && part.header("x-amz-mp-parts-count") == "2")
      let across = try await client.send(
        .get, "/bucket/big", headers: [("range", "bytes=\(Self.five - 1)-\(Self.five)")])
      #expect(across.bytes == [1, 2])
      let repeated = try await client.send(
        .post, target, body: Self.completion([(2, tag1), (5, tag2)]))
      #expect(repeated.status == .ok)
      #expect(try await client.send(.get, target).element("Code") == "NoSuchUpload")
    }
  }

  @Test func smallPartsAbortsAndCopies() async throws {
    let harness = try await S3Harness()
    try await harness.run { client in
      try await client.send(.put, "/bucket")
      try await client.send(.put, "/bucket/source", body: Array("0123456789".utf8))
      let id = try await Self.begin(client)
      let copied = try await client.send(
        .put, "/bucket/big?partNumber=1&uploadId=\(id)",
        headers: [
          ("x-amz-copy-source", "/bucket/source"), ("x-amz-copy-source-range", "bytes=2-5"),
        ])
      #expect(copied.status == .ok, "\(copied.text)")
      let tag1 = copied.element("ETag")?.replacing("&quot;", with: "") ?? ""
      let tag2 = try await Self.upload(client, id, 2, [9])
      let small = try await client.send(
        .post, "/bucket/big?uploadId=\(id)", body: Self.completion([(1, tag1), (2, tag2)]))
      #expect(small.element("Code") == "EntityTooSmall")
      let one = try await client.send(
        .post, "/bucket/big?uploadId=\(id)", body: Self.completion([(1, tag1)]))
      #expect(one.status == .ok)
      #expect(try await client.send(.get, "/bucket/big").text == "2345")
      let next = try await Self.begin(client)
      _ = try await Self.upload(client, next, 1, [1, 2, 3])
      #expect(try await client.send(.delete, "/bucket/big?uploadId=\(next)").status == .noContent)
      let late = try await client.send(
        .put, "/bucket/big?partNumber=1&uploadId=\(next)", body: [1])
      #expect(late.element("Code") == "NoSuchUpload")
      let use = try await harness.engines["main"]?.index.segmentUse() ?? []
      #expect(use.first?.live == 10 + 16 + 4 + 16)
    }
  }

  @Test func compositeChecksums() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let id = try await Self.begin(client, headers: [("x-amz-checksum-algorithm", "SHA256")])
      let tag = try await Self.upload(client, id, 1, [1, 2, 3])
      let done = try await client.send(
        .post, "/bucket/big?uploadId=\(id)", body: Self.completion([(1, tag)]))
      let inner = ChecksumAlgorithm.sha256.hash([1, 2, 3])
      #expect(
        done.element("ChecksumSHA256") == ChecksumAlgorithm.sha256.hash(inner).base64 + "-1")
      #expect(done.element("ChecksumType") == "COMPOSITE")
    }
  }
}
