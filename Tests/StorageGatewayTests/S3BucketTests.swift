import Foundation
import HTTPTypes
import HummingbirdTesting
import Primitives
import Testing

@testable import StorageGateway

@Suite struct S3BucketTests {
  @Test func bucketsAndTheirOwners() async throws {
    try await S3Harness().run { client in
      #expect(try await client.send(.put, "/bucket").status == .ok)
      let again = try await client.send(.put, "/bucket")
      #expect(again.status == .ok)  // Nothing changes.
      let opened = try await client.send(.put, "/bucket", headers: [("x-amz-acl", "public-read")])
      #expect(opened.status == .conflict && opened.element("Code") == "BucketAlreadyExists")
      let taken = try await client.other.send(.put, "/bucket")
      #expect(taken.status == .conflict && taken.element("Code") == "BucketAlreadyExists")
      try await client.send(.put, "/bucket/o", body: [1])
      for (method, target) in [
        (HTTPRequest.Method.get, "/bucket/o"), (.put, "/bucket/o"), (.delete, "/bucket/o"),
        (.get, "/bucket"), (.delete, "/bucket"), (.post, "/bucket/o?uploads"),
      ] {
        let refused = try await client.other.send(method, target)
        #expect(refused.status == .forbidden && refused.element("Code") == "AccessDenied")
      }
      try await client.other.send(.put, "/theirs")
      let stolen = try await client.other.send(
        .put, "/theirs/o", headers: [("x-amz-copy-source", "/bucket/o")])
      #expect(stolen.status == .forbidden)
      #expect(try await client.send(.get, "/").elements("Name") == ["bucket"])
      #expect(try await client.other.send(.get, "/").elements("Name") == ["theirs"])
      let full = try await client.send(.delete, "/bucket")
      #expect(full.status == .conflict && full.element("Code") == "BucketNotEmpty")
      try await client.send(.delete, "/bucket/o")
      #expect(try await client.send(.delete, "/bucket").status == .noContent)
      #expect(try await client.send(.head, "/bucket").status == .notFound)
      #expect(try await client.other.send(.put, "/bucket").status == .ok)
    }
  }

  @Test(arguments: [
    "ab", "Abc", "a_b", "-ab", "ab-", "a..b", "a.-b", "192.168.0.1",
    String(repeating: "a", count: 64),
  ])
  func invalidNames(name: String) { #expect(!BucketName.isValid(name)) }

  @Test(arguments: ["abc", "a.b", "a-b.c-d", "1.2.3.4.5", String(repeating: "a", count: 63)])
  func validNames(name: String) { #expect(BucketName.isValid(name)) }

  @Test func locationAndConfigurations() async throws {
    try await S3Harness().run { client in
      let body =
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        + "<LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"
      #expect(try await client.send(.put, "/bucket", body: Array(body.utf8)).status == .ok)
      try await client.send(.put, "/plain")
      #expect(try await client.send(.get, "/bucket?location").text.contains(">eu-west-1<"))
      #expect(try await client.send(.get, "/plain?location").text.contains("/\"></Location"))
      for (name, status, code) in [
        ("cors", 404, "NoSuchCORSConfiguration"), ("policy", 404, "NoSuchBucketPolicy"),
        ("lifecycle", 404, "NoSuchLifecycleConfiguration"), ("tagging", 404, "NoSuchTagSet"),
        ("object-lock", 404, "ObjectLockConfigurationNotFoundError"),
        ("inventory", 501, "NotImplemented"),
      ] {
        let answer = try await client.send(.get, "/bucket?\(name)")
        #expect(answer.status.code == status && answer.element("Code") == code)
      }
      for name in ["versioning", "acl", "logging", "notification", "requestPayment", "versions"] {
        #expect(try await client.send(.get, "/bucket?\(name)").status == .ok)
      }
      for name in ["policy", "lifecycle", "object-lock", "logging", "website", "replication"] {
        #expect(try await client.send(.put, "/bucket?\(name)").status == .notImplemented)
      }
      #expect(try await client.send(.patch, "/bucket/o").status == .methodNotAllowed)
      #expect(try await client.send(.post, "/bucket").status == .methodNotAllowed)
      let malformed = try await client.send(.put, "/other", body: Array("<a".utf8))
      #expect(malformed.element("Code") == "MalformedXML")
    }
  }

  @Test func configurationsAreKeptAndGivenBack() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let cases: [(String, String, String)] = [
        (
          "tagging", "<Tagging><TagSet><Tag><Key>a&amp;</Key><Value/></Tag></TagSet></Tagging>",
          "<Key>a&amp;</Key>"
        ),
        (
          "cors",
          "<CORSConfiguration><CORSRule><AllowedOrigin>http://*.example.com</AllowedOrigin>"
            + "<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>", "http://*."
        ),
        (
          "encryption",
          "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
            + "<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>"
            + "</ServerSideEncryptionConfiguration>", "AES256"
        ),
        (
          "publicAccessBlock",
          "<PublicAccessBlockConfiguration><BlockPublicAcls>TRUE</BlockPublicAcls>"
            + "</PublicAccessBlockConfiguration>", "<BlockPublicAcls>true<"
        ),
        (
          "ownershipControls",
          "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerPreferred</ObjectOwnership></Rule>"
            + "</OwnershipControls>", "BucketOwnerPreferred"
        ),
      ]
      for (name, document, part) in cases {
        #expect(try await client.send(.get, "/bucket?\(name)").status == .notFound)
        let broken = try await client.send(.put, "/bucket?\(name)", body: Array("<a/>".utf8))
        #expect(broken.element("Code") == "MalformedXML")
        let other = try await client.other.send(
          .put, "/bucket?\(name)", body: Array(document.utf8))
        #expect(other.status == .forbidden)
        let kept = try await client.send(.put, "/bucket?\(name)", body: Array(document.utf8))
        #expect(kept.status.kind == .successful, "\(kept.text)")
        #expect(try await client.send(.get, "/bucket?\(name)").text.contains(part))
        #expect(try await client.send(.delete, "/bucket?\(name)").status == .noContent)
        #expect(try await client.send(.get, "/bucket?\(name)").status == .notFound)
      }
    }
  }

  @Test func versioningIsOffAndSaysSo() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      func set(_ status: String) async throws -> TestResponse {
        try await client.send(
          .put, "/bucket?versioning",
          body: Array(
            "<VersioningConfiguration><Status>\(status)</Status></VersioningConfiguration>".utf8))
      }
      #expect(try await set("Enabled").element("Code") == "NotImplemented")
      #expect(try await client.send(.get, "/bucket?versioning").element("Status") == nil)
      #expect(try await set("Suspended").status == .ok)
      #expect(try await client.send(.get, "/bucket?versioning").element("Status") == "Suspended")
      #expect(try await set("Perhaps").element("Code") == "MalformedXML")
    }
  }

  @Test func tagLimitsOfBuckets() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      for (count, status) in [(50, 204), (51, 400)] {
        let tags = (0..<count).map { "<Tag><Key>\($0)</Key><Value>v</Value></Tag>" }.joined()
        let answer = try await client.send(
          .put, "/bucket?tagging",
          body: Array("<Tagging><TagSet>\(tags)</TagSet></Tagging>".utf8))
        #expect(answer.status.code == status)
      }
    }
  }

  @Test func listingsByPages() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      for key in ["a/1", "a/2", "b", "c/1/x", "c/2", "d"] {
        try await client.send(.put, "/bucket/\(key)", body: [1])
      }
      for limit in 1...7 {
        var seen: [String] = []
        var token = ""
        repeat {
          let target = "/bucket?list-type=2&delimiter=%2F&max-keys=\(limit)"
          let page = try await client.send(
            .get,
            token.isEmpty
              ? target
              : target + "&continuation-token=\(PercentEncoding.encode(token.utf8))")
          let folded = page.elements("CommonPrefixes").compactMap {
            $0.split(separator: ">").dropFirst().first?.split(separator: "<").first.map(String.init)
          }
          let entries = page.elements("Key") + folded
          #expect(entries.count <= limit)
          seen += entries
          token = page.element("NextContinuationToken") ?? ""
        } while !token.isEmpty
        #expect(seen.sorted() == ["a/", "b", "c/", "d"])
      }
      let inside = try await client.send(.get, "/bucket?delimiter=/&prefix=c/")
      #expect(inside.elements("Key") == ["c/2"])
      #expect(inside.text.contains("<Prefix>c/1/</Prefix>"))
      let marked = try await client.send(.get, "/bucket?delimiter=/&marker=a/&max-keys=2")
      #expect(marked.elements("Key") == ["b"])
      #expect(marked.element("NextMarker") == "c/")
      let none = try await client.send(.get, "/bucket?max-keys=0")
      #expect(none.elements("Key").isEmpty && none.element("IsTruncated") == "false")
      let bad = try await client.send(.get, "/bucket?max-keys=x")
      #expect(bad.element("Code") == "InvalidArgument")
      let after = try await client.send(.get, "/bucket?list-type=2&start-after=c&fetch-owner=true")
      #expect(after.elements("Key") == ["c/1/x", "c/2", "d"])
      #expect(after.elements("Owner").count == 3)
    }
  }
}
