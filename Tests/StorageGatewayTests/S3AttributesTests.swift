import HTTPTypes
import HummingbirdTesting
import Testing

@testable import StorageGateway

@Suite struct S3AttributesTests {
  static let all = ("x-amz-object-attributes", "ETag,Checksum,ObjectParts,StorageClass,ObjectSize")

  @Test func wholeObjects() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let body = Array("Hello".utf8)
      let sum = ChecksumAlgorithm.crc64nvme.hash(body).base64
      try await client.send(
        .put, "/bucket/o", body: body, headers: [("x-amz-checksum-crc64nvme", sum)])
      let answer = try await client.send(.get, "/bucket/o?attributes", headers: [Self.all])
      #expect(answer.element("ETag") == "8b1a9953c4611296a827abf8c47804d7")
      #expect(answer.element("ChecksumCRC64NVME") == sum)
      #expect(answer.element("ChecksumType") == "FULL_OBJECT")
      #expect(answer.element("ObjectSize") == "5" && answer.element("StorageClass") == "STANDARD")
      #expect(answer.element("ObjectParts") == nil)
      let some = try await client.send(
        .get, "/bucket/o?attributes", headers: [("x-amz-object-attributes", "ObjectSize")])
      #expect(some.element("ObjectSize") == "5" && some.element("ETag") == nil)
      let wrong: [[(String, String)]] = [[], [("x-amz-object-attributes", "Colour")]]
      for headers in wrong {
        let refused = try await client.send(.get, "/bucket/o?attributes", headers: headers)
        #expect(refused.element("Code") == "InvalidArgument")
      }
      let missing = try await client.send(.get, "/bucket/none?attributes", headers: [Self.all])
      #expect(missing.status == .notFound)
      #expect(
        try await client.other.send(.get, "/bucket/o?attributes", headers: [Self.all]).status
          == .forbidden)
    }
  }

  @Test(arguments: [("SHA256", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("CRC32C", "COMPOSITE")])
  func parts(name: String, type: String) async throws {
    let algorithm = try #require(ChecksumAlgorithm(name: name))
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let id = try await S3MultipartTests.begin(
        client, headers: [("x-amz-checksum-algorithm", name), ("x-amz-checksum-type", type)])
      let bodies = [
        [UInt8](repeating: 1, count: S3MultipartTests.five), Array("the rest".utf8),
      ]
      var tags: [(Int, String)] = []
      for (number, body) in zip([3, 7], bodies) {
        tags.append(
          (number, try await S3MultipartTests.upload(client, id, number, body)))
      }
      let sums = bodies.map { algorithm.hash($0) }
      let whole =
        type == "COMPOSITE"
        ? "\(algorithm.hash(sums[0] + sums[1]).base64)-2"
        : algorithm.hash(bodies[0] + bodies[1]).base64
      let target = "/bucket/big?uploadId=\(id)"
      let wrong = try await client.send(
        .post, target, body: S3MultipartTests.completion(tags),
        headers: [(algorithm.header, "AAAA")])
      #expect(wrong.element("Code") == "BadDigest")
      for _ in 0..<2 {  // Who lost the answer asks again and gets the same.
        let done = try await client.send(
          .post, target, body: S3MultipartTests.completion(tags),
          headers: [(algorithm.header, whole)])
        #expect(done.element(algorithm.element) == whole, "\(done.text)")
        #expect(done.element("ChecksumType") == type)
      }
      let answer = try await client.send(
        .get, "/bucket/big?attributes",
        headers: [Self.all, ("x-amz-max-parts", "1"), ("x-amz-part-number-marker", "1")])
      #expect(answer.element("PartsCount") == "2" && answer.element("IsTruncated") == "false")
      #expect(answer.elements("PartNumber") == ["2"] && answer.element("Size") == "8")
      #expect(answer.elements(algorithm.element) == [whole, sums[1].base64])
      for number in 1...2 {
        let part = try await client.send(
          .head, "/bucket/big?partNumber=\(number)",
          headers: [("x-amz-checksum-mode", "ENABLED")])
        #expect(part.header(algorithm.header) == sums[number - 1].base64)
        #expect(part.header("x-amz-checksum-type") == type)
      }
      // A copy is one part.
      try await client.send(
        .put, "/bucket/copy", headers: [("x-amz-copy-source", "/bucket/big")])
      let copy = try await client.send(.get, "/bucket/copy?attributes", headers: [Self.all])
      #expect(copy.element("ObjectParts") == nil && copy.element(algorithm.element) == whole)
    }
  }

  @Test(arguments: [
    ("bucket.localhost:9701", "bucket", "a/b"), ("BUCKET.LOCALHOST", "bucket", "a/b"),
    ("a.b.s3.example.org", "a.b", "a/b"), ("localhost:9701", "a", "b"),
    ("s3.example.org", "a", "b"), ("127.0.0.1:9701", "a", "b"), ("x_y.localhost", "a", "b"),
    ("bucket.example.com", "a", "b"), ("", "a", "b"),
  ])
  func virtualHosts(host: String, bucket: String, key: String) throws {
    let domains = ["localhost", "example.org", "s3.example.org"]
    let target = try RequestTarget("/a/b?acl", authority: host, domains: domains)
    #expect(target.bucket == bucket && target.keyText == key)
    #expect(String(decoding: target.path, as: UTF8.self) == "/a/b")
    let resource = target.isVirtualHost ? "/\(bucket)/a/b" : "/a/b"
    #expect(String(decoding: target.resourcePath, as: UTF8.self) == resource)
    let whole = try RequestTarget("/", authority: host, domains: domains)
    #expect(whole.key == nil && whole.bucket == (target.isVirtualHost ? bucket : nil))
  }
}
