import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import StorageGateway

@Suite struct S3FormTests {
  static let boundary = "----boundary7"

  /// A form as browsers send it; the file comes last.
  static func form(
    _ fields: [(String, String)], file: [UInt8] = Array("Hello".utf8), name: String = "a.txt"
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += Array(
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8
      )
    }
    bytes += Array(
      ("--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
        + "Content-Type: text/plain\r\n\r\n").utf8)
    return bytes + file + Array("\r\n--\(boundary)--\r\n".utf8)
  }

  static func post(_ client: S3Client, _ body: [UInt8]) async throws -> TestResponse {
    try await client.client.execute(
      uri: "/bucket", method: .post,
      headers: [.contentType: "multipart/form-data; boundary=\(boundary)"],
      body: ByteBuffer(bytes: body))
  }

  static func policy(
    _ client: S3Client, seconds: Int64 = 600,
    conditions: String = "{\"bucket\": \"bucket\"}, [\"starts-with\", \"$key\", \"up/\"]"
  ) -> String {
    let expiry = HTTPDate.iso8601(client.harness.now + UInt64(bitPattern: seconds * 1_000))
    return Array("{\"expiration\": \"\(expiry)\", \"conditions\": [\(conditions)]}".utf8).base64
  }

  /// The fields that sign a policy, in the old way or the new.
  static func signature(
    _ client: S3Client, _ policy: String, isModern: Bool
  ) -> [(String, String)] {
    guard isModern else {
      return [
        ("AWSAccessKeyId", client.accessKey), ("policy", policy),
        ("signature", LegacyPresignedURL.sign(policy, secret: client.secret)),
      ]
    }
    let key = SignatureV4.signingKey(secret: client.secret, scope: client.scope)
    return [
      ("x-amz-algorithm", SignatureV4.algorithm), ("policy", policy),
      ("x-amz-credential", "\(client.accessKey)/\(client.scope.text)"),
      ("x-amz-date", client.dateTime),
      ("x-amz-signature", SignatureV4.sign(policy, key: key)),
    ]
  }

  @Test(arguments: [false, true]) func signedForms(isModern: Bool) async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let extra =
        isModern
        ? ", [\"starts-with\", \"$x-amz-credential\", \"\"], {\"x-amz-algorithm\": "
          + "\"AWS4-HMAC-SHA256\"}, [\"starts-with\", \"$x-amz-date\", \"\"]" : ""
      let conditions =
        "{\"bucket\": \"bucket\"}, [\"starts-with\", \"$key\", \"up/\"], [\"eq\", \"$acl\", "
        + "\"public-read\"], [\"starts-with\", \"$x-amz-meta-k\", \"\"], "
        + "[\"starts-with\", \"$tagging\", \"\"], [\"content-length-range\", 1, 10]" + extra
      let policy = Self.policy(client, conditions: conditions)
      let signed = Self.signature(client, policy, isModern: isModern)
      let tags = "<Tagging><TagSet><Tag><Key>t</Key><Value>1</Value></Tag></TagSet></Tagging>"
      let fields = [
        ("key", "up/${filename}"), ("acl", "public-read"), ("x-amz-meta-k", "v"),
        ("tagging", tags),
      ]
      let answer = try await Self.post(client, Self.form(fields + signed, name: "C:\\b\\a.txt"))
      #expect(answer.status == .noContent, "\(answer.text)")
      let read = try await S3AccessTests.anonymous(client, .get, "/bucket/up/a.txt")
      #expect(read.text == "Hello" && read.header("x-amz-meta-k") == "v")
      #expect(read.header("content-type") == "text/plain")
      #expect(try await client.send(.get, "/bucket/up/a.txt?tagging").element("Key") == "t")
      typealias Fields = [(String, String)]
      let elsewhere: Fields = [("key", "down/a")] + Fields(fields.dropFirst()) + signed
      let extra1: Fields = fields + signed + [("x-amz-meta-extra", "1")]
      let ignored: Fields = fields + signed + [("x-ignore-me", "1")]
      let whole: Fields = fields + signed
      let forged: Fields =
        fields + signed.map { ($0.0, $0.0.hasSuffix("signature") ? "00" : $0.1) }
      let unsigned: Fields = fields + signed.filter { !$0.0.hasSuffix("signature") }
      let keyless: Fields = Fields(fields.dropFirst()) + signed
      let lawless: Fields = fields + signed.filter { $0.0 != "policy" }
      let cases: [(fields: Fields, file: Int, status: Int, code: String)] = [
        (elsewhere, 5, 403, "AccessDenied"), (extra1, 5, 403, "AccessDenied"),
        (ignored, 5, 204, ""), (whole, 0, 400, "EntityTooSmall"),
        (whole, 11, 400, "EntityTooLarge"), (forged, 5, 403, "SignatureDoesNotMatch"),
        (unsigned, 5, 400, "InvalidArgument"), (keyless, 5, 400, "UserKeyMustBeSpecified"),
        (lawless, 5, 400, "InvalidArgument"),
      ]
      for one in cases {
        let form = Self.form(one.fields, file: [UInt8](repeating: 65, count: one.file))
        let answer = try await Self.post(client, form)
        #expect(answer.status.code == one.status, "\(one.code) \(answer.text)")
        #expect((answer.element("Code") ?? "") == one.code)
      }
      client.harness.advance(seconds: 700)
      let late = try await Self.post(client, Self.form(fields + signed))
      #expect(late.status == .forbidden && late.text.contains("expired"))
    }
  }

  @Test func unsignedForms() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let form = Self.form([("key", "o")])
      #expect(try await Self.post(client, form).status == .forbidden)
      try await client.send(.put, "/bucket?acl", headers: [("x-amz-acl", "public-read-write")])
      #expect(try await Self.post(client, form).status == .noContent)
      let created = try await Self.post(
        client, Self.form([("key", "o"), ("success_action_status", "201")]))
      #expect(created.status == .created && created.element("Key") == "o")
      let moved = try await Self.post(
        client, Self.form([("key", "ö b"), ("success_action_redirect", "http://h/x?y=1")]))
      #expect(moved.status == .seeOther)
      #expect(
        moved.header("location")?.hasPrefix("http://h/x?y=1&bucket=bucket&key=%C3%B6%20b&etag=%22")
          == true)
      let script = try await Self.post(
        client, Self.form([("key", "o"), ("success_action_redirect", "javascript:alert(1)")]))
      #expect(script.status == .noContent)
      let wrong = try await Self.post(
        client, Self.form([("key", "o"), ("x-amz-checksum-crc32", "AAAAAA==")]))
      #expect(wrong.element("Code") == "BadDigest")
      // A form that breaks off leaves what was there.
      let cut = try await Self.post(client, Array(form.dropLast(30)))
      #expect(cut.element("Code") == "IncompleteBody")
      #expect(try await client.send(.get, "/bucket/o").text == "Hello")
    }
  }

  @Test(arguments: [
    "", "{", "[]", "{}", "{\"expiration\": \"2030-01-01T00:00:00Z\"}",
    "{\"expiration\": \"soon\", \"conditions\": []}", "{\"conditions\": []}",
    "{\"expiration\": \"2030-01-01T00:00:00Z\", \"conditions\": [{}]}",
    "{\"expiration\": \"2030-01-01T00:00:00Z\", \"conditions\": [1]}",
    "{\"expiration\": \"2030-01-01T00:00:00Z\", \"conditions\": [[\"eq\", \"key\", \"a\"]]}",
    "{\"expiration\": \"2030-01-01T00:00:00Z\", \"conditions\": [[\"ne\", \"$key\", \"a\"]]}",
    "{\"expiration\": \"2030-01-01T00:00:00Z\", "
      + "\"conditions\": [[\"content-length-range\", 0]]}",
    "{\"expiration\": \"2030-01-01T00:00:00Z\", "
      + "\"conditions\": [[\"content-length-range\", -1, 0]]}",
    "{\"expiration\": \"2030-01-01T00:00:00Z\", "
      + "\"conditions\": [[\"content-length-range\", 2, 1]]}",
  ])
  func brokenPolicies(text: String) {
    #expect(throws: S3Error.self) { try PostPolicy(base64: Array(text.utf8).base64) }
  }

  /// However the bytes are cut, the same fields and the same file come out.
  @Test func formsInPieces() throws {
    var generator = SeededGenerator.fromEnvironment(default: 21)
    let file = Array("a\r\n--b\r\n------boundary\r\n------boundary".utf8) + generator.bytes(500)
    let bytes = Self.form([("Key", "k"), ("empty", ""), ("x", "1\r\n2")], file: file)
    for step in [1, 2, 3, 7, 64, bytes.count] {
      let (fields, name, found) = try Self.parse(bytes, step: step)
      #expect(fields.map(\.name) == ["key", "empty", "x"])
      #expect(fields.map(\.value) == ["k", "", "1\r\n2"])
      #expect(name == "a.txt" && found == file)
    }
  }

  @Test func longFieldsAreRefused() {
    let long = Self.form([("key", String(repeating: "k", count: FormParser.fieldByteLimit))])
    #expect(throws: S3Error.self) { try Self.parse(long, step: 1_000) }
    let many = Self.form((0..<200).map { ("f\($0)", "") })
    #expect(throws: S3Error.self) { try Self.parse(many, step: 1_000) }
    #expect(throws: S3Error.self) {
      try Self.parse([UInt8](repeating: 65, count: 100_000), step: 1_000)
    }
  }

  @Test func brokenForms() {
    var generator = SeededGenerator.fromEnvironment(default: 22)
    let sample = Self.form([("key", "k"), ("policy", "cG9saWN5"), ("acl", "private")])
    for _ in 0..<S3FuzzTests.rounds {
      let bytes = S3FuzzTests.mutate(sample, &generator)
      let step = Int.random(in: 1...100, using: &generator)
      let found = try? Self.parse(bytes, step: step)
      #expect((found?.file.count ?? 0) <= bytes.count)
      let header = String(decoding: bytes.prefix(100), as: UTF8.self)
      _ = FormHeader.boundary("multipart/form-data; boundary=" + header)
      _ = FormHeader.parameter("name", of: header)
      _ = try? PostPolicy(base64: header)
    }
  }

  static func parse(
    _ bytes: [UInt8], step: Int
  ) throws -> (fields: [FormParser.Field], name: String, file: [UInt8]) {
    var parser = FormParser(boundary: boundary)
    var (fields, name, file): ([FormParser.Field], String, [UInt8]) = ([], "", [])
    var fed = 0
    while true {
      switch try parser.next() {
      case .field(let field): fields.append(field)
      case .file(let header): name = header.name
      case .fileBytes(let buffer): file += Array(buffer.readableBytesView)
      case .end: return (fields, name, file)
      case .needsMore:
        if fed == bytes.count { return (fields, name, file) }
        let end = min(bytes.count, fed + step)
        parser.feed(ByteBuffer(bytes: bytes[fed..<end]))
        fed = end
      }
    }
  }
}
