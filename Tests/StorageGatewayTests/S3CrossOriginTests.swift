import HTTPTypes
import HummingbirdTesting
import Testing

@testable import StorageGateway

@Suite struct S3CrossOriginTests {
  static let document =
    "<CORSConfiguration><CORSRule><ID>one</ID><AllowedOrigin>http://*.example.com</AllowedOrigin>"
    + "<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>"
    + "<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
    + "<MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>"
    + "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>"
    + "</CORSConfiguration>"

  static func ask(
    _ client: S3Client, _ target: String, origin: String?, method: String? = "GET",
    headers: String? = nil
  ) async throws -> TestResponse {
    var fields = HTTPFields()
    if let origin { fields[.origin] = origin }
    if let method { fields[.accessControlRequestMethod] = method }
    if let headers { fields[.accessControlRequestHeaders] = headers }
    return try await client.client.execute(uri: target, method: .options, headers: fields)
  }

  @Test func preflight() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let page = "http://a.example.com"
      #expect(try await Self.ask(client, "/bucket/o", origin: nil).status == .badRequest)
      #expect(
        try await Self.ask(client, "/bucket/o", origin: page, method: nil).status == .badRequest)
      #expect(try await Self.ask(client, "/nobucket/o", origin: page).status == .notFound)
      let off = try await Self.ask(client, "/bucket/o", origin: page)
      #expect(off.status == .forbidden && off.element("Code") == "AccessForbidden")
      try await client.send(.put, "/bucket?cors", body: Array(Self.document.utf8))
      let allowed = try await Self.ask(
        client, "/bucket/o", origin: page, method: "PUT", headers: "X-Amz-Date, x-amz-acl")
      #expect(allowed.status == .ok)
      #expect(allowed.header("access-control-allow-origin") == page)
      #expect(allowed.header("access-control-allow-credentials") == "true")
      #expect(allowed.header("access-control-allow-methods") == "GET, PUT")
      #expect(allowed.header("access-control-allow-headers") == "X-Amz-Date, x-amz-acl")
      #expect(allowed.header("access-control-expose-headers") == "ETag")
      #expect(allowed.header("access-control-max-age") == "60")
      #expect(allowed.header("vary")?.contains("Origin") == true)
      let refusals: [(String, String, String?)] = [
        ("http://example.com", "GET", nil), ("https://a.example.com", "GET", nil),
        (page, "DELETE", nil), (page, "GET", "x-other"), (page + ".evil", "GET", nil),
      ]
      for (origin, method, headers) in refusals {
        let refused = try await Self.ask(
          client, "/bucket/o", origin: origin, method: method, headers: headers)
        #expect(refused.status == .forbidden, "\(origin) \(method)")
        #expect(refused.header("access-control-allow-origin") == nil)
      }
      let anyone = try await Self.ask(client, "/bucket", origin: "null", method: "HEAD")
      #expect(anyone.header("access-control-allow-origin") == "*")
      #expect(anyone.header("access-control-allow-credentials") == nil)
    }
  }

  @Test func answersToPages() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket", headers: [("x-amz-acl", "public-read")])
      try await client.send(.put, "/bucket?cors", body: Array(Self.document.utf8))
      for (origin, allowed) in [("http://a.example.com", true), ("http://b.org", false)] {
        // Errors too: a page must be able to read what went wrong.
        for (target, status) in [("/bucket", 200), ("/bucket/none", 404)] {
          let answer = try await client.client.execute(
            uri: target, method: .get, headers: [.origin: origin])
          #expect(answer.status.code == status)
          #expect(answer.header("access-control-allow-origin") == (allowed ? origin : nil))
        }
      }
    }
  }

  @Test(arguments: [
    ("*", "", true), ("*", "a", true), ("a*b", "ab", true), ("a*b", "acb", true),
    ("a*b", "a", false), ("aba*aba", "aba", false), ("aba*aba", "abaaba", true),
    ("*.b", "a.b", true), ("*.b", "a.bc", false), ("a", "a", true), ("a", "A", false),
  ])
  func patterns(pattern: String, text: String, isCovered: Bool) {
    #expect(CrossOriginRules.covers(pattern, text) == isCovered)
  }

  @Test(arguments: [
    "<CORSConfiguration/>", "<CORSConfiguration><CORSRule/></CORSConfiguration>",
    "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
    "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>"
      + "<AllowedMethod>PATCH</AllowedMethod></CORSRule></CORSConfiguration>",
    "<CORSConfiguration><CORSRule><AllowedOrigin>*a*</AllowedOrigin>"
      + "<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
    "<CORSConfiguration><CORSRule><AllowedOrigin>a&#13;&#10;b</AllowedOrigin>"
      + "<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
  ])
  func brokenRules(document: String) throws {
    let root = try #require(XMLElement(document: Array(document.utf8)))
    #expect(throws: S3Error.self) { try CrossOriginRules(root) }
  }
}
