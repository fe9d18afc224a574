import HTTPTypes
import HummingbirdTesting
import StorageService
import Testing

@testable import StorageGateway

@Suite struct S3ConditionTests {
  @Test func conditionsOnWrites() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      func put(_ header: String, _ value: String) async throws -> TestResponse {
        try await client.send(.put, "/bucket/o", body: [1], headers: [(header, value)])
      }
      #expect(try await put("if-match", "*").element("Code") == "NoSuchKey")
      #expect(try await put("if-match", "\"other\"").element("Code") == "NoSuchKey")
      let made = try await put("if-none-match", "\"other\"")
      let etag = made.header("etag") ?? ""
      #expect(made.status == .ok && !etag.isEmpty)
      for (header, value, isKept) in [
        ("if-none-match", "*", false), ("if-none-match", etag, false),
        ("if-match", "\"other\"", false), ("if-match", etag, true), ("if-match", "*", true),
        ("if-none-match", "\"other\"", true),
      ] {
        let answer = try await put(header, value)
        #expect(answer.status == (isKept ? .ok : .preconditionFailed), "\(header) \(value)")
        let copy = try await client.send(
          .put, "/bucket/o",
          headers: [
            ("x-amz-copy-source", "/bucket/o"), ("x-amz-metadata-directive", "REPLACE"),
            (header, value),
          ])
        #expect(copy.status == (isKept ? .ok : .preconditionFailed), "copy \(header) \(value)")
      }
    }
  }

  @Test func conditionsOnDeletes() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      func makeAgain() async throws -> (etag: String, modified: String) {
        let made = try await client.send(.put, "/bucket/o", body: [1, 2, 3])
        let head = try await client.send(.head, "/bucket/o")
        return (made.header("etag") ?? "", head.header("last-modified") ?? "")
      }
      var now = try await makeAgain()
      let old = "Thu, 01 Jan 2015 00:00:00 GMT"
      for headers in [
        [("if-match", "\"other\"")], [("x-amz-if-match-size", "4")],
        [("x-amz-if-match-last-modified-time", old)],
        [("if-match", now.etag), ("x-amz-if-match-size", "4")],
        [("x-amz-if-match-size", "3"), ("x-amz-if-match-last-modified-time", old)],
      ] {
        let refused = try await client.send(.delete, "/bucket/o", headers: headers)
        #expect(refused.status == .preconditionFailed)
      }
      let none = try await client.send(
        .delete, "/bucket/o", headers: [("x-amz-if-match-size", "many")])
      #expect(none.element("Code") == "InvalidArgument")
      for headers in [
        [("if-match", now.etag)], [("if-match", "*")], [("x-amz-if-match-size", "3")],
        [("x-amz-if-match-last-modified-time", now.modified)],
        [
          ("if-match", now.etag), ("x-amz-if-match-size", "3"),
          ("x-amz-if-match-last-modified-time", now.modified),
        ],
      ] {
        #expect(try await client.send(.delete, "/bucket/o", headers: headers).status == .noContent)
        #expect(try await client.send(.head, "/bucket/o").status == .notFound)
        // What is not there is deleted already, whatever it was expected to be.
        #expect(try await client.send(.delete, "/bucket/o", headers: headers).status == .noContent)
        now = try await makeAgain()
      }
      for (condition, isDeleted) in [
        ("<Size>4</Size>", false), ("<LastModifiedTime>\(old)</LastModifiedTime>", false),
        ("<ETag>other</ETag>", false), ("<Size>3</Size><ETag>\(now.etag)</ETag>", true),
      ] {
        let document = "<Delete><Object><Key>o</Key>\(condition)</Object></Delete>"
        let answer = try await client.send(
          .post, "/bucket?delete", body: Array(document.utf8))
        #expect(answer.status == .ok)
        #expect(answer.element("Code") == (isDeleted ? nil : "PreconditionFailed"))
      }
    }
  }

  @Test func whatAConditionSays() {
    let current = (etag: "a", modifiedMilliseconds: UInt64(1_999), length: UInt64(3))
    typealias Outcome = WritePrecondition.Outcome
    let cases: [(WritePrecondition, Outcome, Outcome)] = [
      (.none, .holds, .holds),
      (.ifAbsent, .failed, .holds), (.ifPresent, .holds, .noSuchKey),
      (.ifETag("a"), .holds, .noSuchKey), (.ifETag("b"), .failed, .noSuchKey),
      (.unlessETag("a"), .failed, .holds), (.unlessETag("b"), .holds, .holds),
      (.ifExpected(.init(modifiedSeconds: 1)), .holds, .noSuchKey),
      (.ifExpected(.init(modifiedSeconds: 2)), .failed, .noSuchKey),
      (.ifExpected(.init(etag: "a", length: 4)), .failed, .noSuchKey),
      (.ifExpected(.init(etag: "a", modifiedSeconds: 1, length: 3)), .holds, .noSuchKey),
    ]
    for (condition, present, absent) in cases {
      #expect(condition.evaluate(current) == present, "\(condition)")
      #expect(condition.evaluate(nil) == absent, "\(condition)")
    }
  }
}
