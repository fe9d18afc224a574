import Foundation
import HTTPTypes
import HummingbirdTesting
import Primitives
import Testing

@testable import StorageGateway

@Suite struct S3ObjectTests {
  /// Keys that a router, a normaliser or a careless decoder would change.
  static let keys = [
    "a", "a//b", "/lead", "a/../b", "dir/", "pl+us", "sp ace", "100%", "a%2Fb", "ünï/日本",
    "e\u{301}",
    "q?u=e&r", "#hash", "~t.i-l_de", "\u{1}ctl\r\n", "<&>\"'",
  ]

  static func path(_ key: String) -> String {
    "/bucket/" + PercentEncoding.encode(key.utf8, keepsSlash: true)
  }

  @Test func keysAreBytes() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      for key in Self.keys {
        let put = try await client.send(.put, Self.path(key), body: Array("of \(key)".utf8))
        #expect(put.status == .ok, "\(key): \(put.text)")
      }
      for key in Self.keys {
        let get = try await client.send(.get, Self.path(key))
        #expect(get.text == "of \(key)")
      }
      let list = try await client.send(.get, "/bucket?list-type=2&encoding-type=url")
      let listed = list.elements("Key").map {
        String(decoding: PercentEncoding.decode($0.utf8) ?? [], as: UTF8.self)
      }
      let expected = Self.keys.sorted {
        Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
      }
      #expect(listed.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
      let plain = try await client.send(.get, "/bucket")
      #expect(plain.text.contains("&#x1;ctl&#xd;&#10;"))
    }
  }

  @Test func anObjectComesBackWithItsHeaders() async throws {
    let harness = try await S3Harness()
    try await harness.run { client in
      try await client.send(.put, "/bucket")
      let body = Array("Hello".utf8)
      let put = try await client.send(
        .put, "/bucket/o", body: body,
        headers: [
          ("content-type", "text/plain"), ("cache-control", "no-cache"),
          ("content-disposition", "inline"), ("content-encoding", "aws-chunked,gzip"),
          ("content-language", "de"), ("expires", "Thu, 01 Dec 2030 16:00:00 GMT"),
          ("x-amz-meta-Color", "red  and blue"), ("content-md5", "ixqZU8RhEpaoJ6v4xHgE1w=="),
          ("x-amz-checksum-crc32", "99GJgg=="),
        ])
      #expect(put.status == .ok, "\(put.text)")
      #expect(put.header("etag") == "\"8b1a9953c4611296a827abf8c47804d7\"")
      #expect(put.header("x-amz-checksum-crc32") == "99GJgg==")
      for method in [HTTPRequest.Method.get, .head] {
        let got = try await client.send(
          method, "/bucket/o", headers: [("x-amz-checksum-mode", "ENABLED")])
        #expect(got.status == .ok)
        #expect(got.text == (method == .get ? "Hello" : ""))
        #expect(got.header("content-length") == "5")
        #expect(got.header("content-type") == "text/plain")
        #expect(got.header("cache-control") == "no-cache")
        #expect(got.header("content-encoding") == "gzip")
        #expect(got.header("content-language") == "de")
        #expect(got.header("expires") == "Thu, 01 Dec 2030 16:00:00 GMT")
        #expect(got.header("x-amz-meta-color") == "red  and blue")
        #expect(got.header("etag") == "\"8b1a9953c4611296a827abf8c47804d7\"")
        #expect(got.header("last-modified") == "Tue, 14 Nov 2023 22:13:20 GMT")
        #expect(got.header("accept-ranges") == "bytes")
        #expect(got.header("x-amz-checksum-crc32") == "99GJgg==")
        #expect(got.header("x-amz-request-id") != nil)
      }
      let changed = try await client.send(
        .get, "/bucket/o?response-content-type=a%2Fb&response-cache-control=x")
      #expect(changed.header("content-type") == "a/b")
      #expect(changed.header("cache-control") == "x")
    }
  }

  @Test func rangesAndConditions() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      try await client.send(.put, "/bucket/o", body: Array("0123456789".utf8))
      try await client.send(.put, "/bucket/empty")
      for (range, expected) in [
        ("bytes=0-0", "0"), ("bytes=2-4", "234"), ("bytes=7-", "789"), ("bytes=-3", "789"),
        ("bytes=5-99", "56789"), ("bytes=-99", "0123456789"),
      ] {
        let got = try await client.send(.get, "/bucket/o", headers: [("range", range)])
        #expect(got.status == .partialContent)
        #expect(got.text == expected)
        #expect(got.header("content-length") == "\(expected.count)")
      }
      let got = try await client.send(.get, "/bucket/o", headers: [("range", "bytes=2-4")])
      #expect(got.header("content-range") == "bytes 2-4/10")
      for (range, key) in [("bytes=10-", "o"), ("bytes=-0", "o"), ("bytes=0-1", "empty")] {
        let bad = try await client.send(.get, "/bucket/\(key)", headers: [("range", range)])
        #expect(bad.status == .rangeNotSatisfiable)
        #expect(bad.element("Code") == "InvalidRange")
      }
      for range in ["bytes=4-2", "bytes=0-1,3-4", "items=0-1"] {
        let whole = try await client.send(.get, "/bucket/o", headers: [("range", range)])
        #expect(whole.status == .ok && whole.text == "0123456789")
      }
      let tag = got.header("etag") ?? ""
      let past = "Tue, 14 Nov 2023 22:13:19 GMT"
      let then = "Tue, 14 Nov 2023 22:13:20 GMT"
      for (name, value, status) in [
        ("if-match", tag, 200), ("if-match", "\"x\", \(tag)", 200), ("if-match", "\"x\"", 412),
        ("if-none-match", tag, 304), ("if-none-match", "*", 304), ("if-none-match", "\"x\"", 200),
        ("if-modified-since", then, 304), ("if-modified-since", past, 200),
        ("if-unmodified-since", past, 412), ("if-unmodified-since", then, 200),
      ] {
        let got = try await client.send(.get, "/bucket/o", headers: [(name, value)])
        #expect(got.status.code == status, "\(name): \(value)")
        if status == 304 { #expect(got.header("etag") == tag && got.bytes.isEmpty) }
      }
    }
  }

  @Test func uploadsThatAreNotWhatTheySayLeaveNothing() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let body = Array("Hello".utf8)
      let wrongHash = String(repeating: "0", count: 64)
      var answers: [(TestResponse, Int, String)] = []
      answers.append(
        (
          try await client.send(.put, "/bucket/o", body: body, payload: wrongHash), 400,
          "XAmzContentSHA256Mismatch"
        ))
      for (name, value, status, code) in [
        ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", 400, "BadDigest"),
        ("content-md5", "nonsense", 400, "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", 400, "BadDigest"),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", 400, "BadDigest"),
        ("x-amz-checksum-sha256", "AAAA", 400, "BadDigest"),
        ("x-amz-sdk-checksum-algorithm", "ROT13", 400, "InvalidRequest"),
        ("x-amz-acl", "log-delivery-write", 501, "NotImplemented"),
        ("x-amz-acl", "everybody", 400, "InvalidArgument"),
        ("x-amz-grant-read", "emailAddress=a@b", 400, "UnresolvableGrantByEmailAddress"),
        ("x-amz-grant-read", "id=nobody", 400, "InvalidArgument"),
        ("x-amz-expected-bucket-owner", "nobody", 403, "AccessDenied"),
        ("x-amz-storage-class", "GLACIER", 400, "InvalidStorageClass"),
        ("x-amz-server-side-encryption", "aws:kms", 501, "NotImplemented"),
        ("x-amz-meta-long", String(repeating: "x", count: 3_000), 400, "MetadataTooLarge"),
        ("x-amz-trailer", "x-amz-checksum-crc32", 400, "MalformedTrailerError"),
      ] {
        answers.append(
          (
            try await client.send(.put, "/bucket/o", body: body, headers: [(name, value)]), status,
            code
          ))
      }
      let long = String(repeating: "k", count: 1_025)
      answers.append(
        (try await client.send(.put, "/bucket/\(long)", body: body), 400, "KeyTooLongError"))
      answers.append((try await client.send(.put, "/nobucket/o", body: body), 404, "NoSuchBucket"))
      for (answer, status, code) in answers {
        #expect(answer.status.code == status, "\(code)")
        #expect(answer.element("Code") == code)
      }
      let list = try await client.send(.get, "/bucket?list-type=2")
      #expect(list.element("KeyCount") == "0")
    }
  }

  @Test func chunkedUploads() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let unsigned = "5\r\nHello\r\n0\r\nx-amz-checksum-crc32:99GJgg==\r\n\r\n"
      let headers = [
        ("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
      ]
      let payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
      let put = try await client.send(
        .put, "/bucket/u", body: Array(unsigned.utf8), headers: headers, payload: payload)
      #expect(put.status == .ok, "\(put.text)")
      let got = try await client.send(
        .get, "/bucket/u", headers: [("x-amz-checksum-mode", "ENABLED")])
      #expect(got.text == "Hello")
      #expect(got.header("content-encoding") == nil)
      #expect(got.header("x-amz-checksum-crc32") == "99GJgg==")
      for (body, code) in [
        (unsigned.replacing("99GJgg", with: "AAGJgg"), "BadDigest"),
        ("5\r\nHello\r\n0\r\n\r\n", "MalformedTrailerError"),
        ("5\r\nHello\r\n", "IncompleteBody"), ("4\r\nHell\r\n0\r\n\r\n", "IncompleteBody"),
        ("6\r\nHello!\r\n0\r\n\r\n", "IncompleteBody"),
        ("5\r\nHelloo\r\n0\r\n\r\n", "IncompleteBody"),
        ("zz\r\nHello\r\n0\r\n\r\n", "InvalidRequest"),
        (String(repeating: "1", count: 9_000), "InvalidRequest"),
      ] {
        let bad = try await client.send(
          .put, "/bucket/x", body: Array(body.utf8), headers: headers, payload: payload)
        #expect(bad.element("Code") == code, "\(body.prefix(40))")
      }
      let gone = try await client.send(.get, "/bucket/x")
      #expect(gone.element("Code") == "NoSuchKey")
    }
  }

  @Test func signedChunksWithATrailer() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
      let headers = [
        ("x-amz-decoded-content-length", "5"), ("x-amz-trailer", "x-amz-checksum-crc32"),
      ]
      let signed = try client.signed(.put, "/bucket/s", headers: headers, payload: payload)
      var signer = ChunkSigner(
        key: SignatureV4.signingKey(secret: client.secret, scope: client.scope),
        dateTime: client.dateTime, scope: client.scope, previous: signed.signature)
      let hash = ChecksumAlgorithm.sha256.hash(Array("Hello".utf8)).hex
      let first = signer.signChunk(hash: hash)
      let last = signer.signChunk(hash: SignatureV4.emptyHash)
      let trailer = signer.signTrailer("x-amz-checksum-crc32:99GJgg==\n")
      let body =
        "5;chunk-signature=\(first)\r\nHello\r\n0;chunk-signature=\(last)\r\n"
        + "x-amz-checksum-crc32:99GJgg==\r\nx-amz-trailer-signature:\(trailer)\r\n\r\n"
      let put = try await client.send(
        .put, "/bucket/s", body: Array(body.utf8), headers: headers, payload: payload)
      #expect(put.status == .ok, "\(put.text)")
      for changed in [
        body.replacing("Hello", with: "Jello"), body.replacing(trailer, with: last),
        body.replacing(first, with: last),
      ] {
        let bad = try await client.send(
          .put, "/bucket/s2", body: Array(changed.utf8), headers: headers, payload: payload)
        #expect(bad.element("Code") == "SignatureDoesNotMatch")
      }
    }
  }

  @Test func copiesShareBytes() async throws {
    let harness = try await S3Harness()
    try await harness.run { client in
      try await client.send(.put, "/bucket")
      try await client.send(.put, "/second")
      let body = [UInt8](repeating: 7, count: 100_000)
      try await client.send(
        .put, "/bucket/a%20b", body: body,
        headers: [("x-amz-meta-k", "v"), ("content-type", "text/x")])
      let copy = try await client.send(
        .put, "/second/c", headers: [("x-amz-copy-source", "/bucket/a%20b")])
      #expect(copy.status == .ok, "\(copy.text)")
      try await client.send(.delete, "/bucket/a%20b")
      let got = try await client.send(.get, "/second/c")
      #expect(got.bytes == body)
      #expect(got.header("x-amz-meta-k") == "v" && got.header("content-type") == "text/x")
      let replaced = try await client.send(
        .put, "/second/c",
        headers: [
          ("x-amz-copy-source", "second/c"), ("x-amz-metadata-directive", "REPLACE"),
          ("x-amz-meta-k", "w"),
        ])
      #expect(replaced.status == .ok)
      let again = try await client.send(.get, "/second/c")
      #expect(again.bytes == body && again.header("x-amz-meta-k") == "w")
      for (headers, code) in [
        ([("x-amz-copy-source", "/second/c")], "InvalidRequest"),
        ([("x-amz-copy-source", "/second/none")], "NoSuchKey"),
        ([("x-amz-copy-source", "nothing")], "InvalidArgument"),
        (
          [("x-amz-copy-source", "/second/c"), ("x-amz-copy-source-if-match", "\"x\"")],
          "PreconditionFailed"
        ),
      ] {
        let bad = try await client.send(.put, "/second/c", headers: headers)
        #expect(bad.element("Code") == code)
      }
      let use = try await harness.engines["main"]?.index.segmentUse() ?? []
      #expect(use.first?.live == use.first?.written)
      try await client.send(.delete, "/second/c")
      let after = try await harness.engines["main"]?.index.segmentUse() ?? []
      #expect(after.first?.live == 0)
    }
  }

  @Test func preconditionsOnWrites() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let first = try await client.send(
        .put, "/bucket/o", body: [1], headers: [("if-none-match", "*")])
      #expect(first.status == .ok)
      let second = try await client.send(
        .put, "/bucket/o", body: [2], headers: [("if-none-match", "*")])
      #expect(second.status == .preconditionFailed)
      let tag = first.header("etag") ?? ""
      let third = try await client.send(.put, "/bucket/o", body: [3], headers: [("if-match", tag)])
      #expect(third.status == .ok)
      let fourth = try await client.send(.put, "/bucket/o", body: [4], headers: [("if-match", tag)])
      #expect(fourth.status == .preconditionFailed)
      let absent = try await client.send(.put, "/bucket/p", body: [4], headers: [("if-match", tag)])
      #expect(absent.element("Code") == "NoSuchKey")
      let got = try await client.send(.get, "/bucket/o")
      #expect(got.bytes == [3])
    }
  }

  @Test func multiDeleteAndTags() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      for key in ["a", "b &", " c "] {
        try await client.send(
          .put, Self.path(key), body: [1], headers: [("x-amz-tagging", "k=v%20w")])
      }
      let tags = try await client.send(.get, "/bucket/a?tagging")
      #expect(tags.element("Key") == "k" && tags.element("Value") == "v w")
      let set = "<Tagging><TagSet><Tag><Key>x</Key><Value>y</Value></Tag></TagSet></Tagging>"
      #expect(try await client.send(.put, "/bucket/a?tagging", body: Array(set.utf8)).status == .ok)
      #expect(try await client.send(.get, "/bucket/a?tagging").element("Key") == "x")
      let request =
        "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
        + "<Object><Key>a</Key></Object><Object><Key>b &amp;</Key></Object>"
        + "<Object><Key> c </Key></Object>\n <Object><Key>none</Key></Object></Delete>"
      let deleted = try await client.send(.post, "/bucket?delete", body: Array(request.utf8))
      #expect(deleted.elements("Deleted").count == 4, "\(deleted.text)")
      #expect(try await client.send(.get, "/bucket?list-type=2").element("KeyCount") == "0")
      for bad in [
        "", "<Delete></Delete>", "<Other/>", "<Delete><Object>", "<!DOCTYPE a><Delete/>",
        String(repeating: "<Delete>", count: 100_000),
      ] {
        let answer = try await client.send(.post, "/bucket?delete", body: Array(bad.utf8))
        #expect(answer.status == .badRequest)
      }
    }
  }

  @Test func theEnginesRefusalsHaveTheirCodes() async throws {
    let harness = try await S3Harness()
    try await harness.run { client in
      try await client.send(.put, "/bucket")
      let engine = try #require(harness.engines["main"])
      engine.refuse(.unavailable(reason: "two operators are alive, three are needed"))
      let slow = try await client.send(.put, "/bucket/o", body: [1])
      #expect(slow.status == .serviceUnavailable && slow.element("Code") == "SlowDown")
      #expect(slow.element("Message") == "two operators are alive, three are needed")
      engine.refuse(.unfunded(needed: .whole(3)))
      let poor = try await client.send(.put, "/bucket/o", body: [1])
      #expect(poor.status == .forbidden && poor.text.contains("3 more are needed"))
    }
  }
}
