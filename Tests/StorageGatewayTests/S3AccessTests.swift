import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Primitives
import Testing

@testable import StorageGateway

@Suite struct S3AccessTests {
  static func account(_ name: String) -> String { Digest.sha256(Array(name.utf8)).hex }

  /// Sends a request without a signature.
  static func anonymous(
    _ client: S3Client, _ method: HTTPRequest.Method, _ target: String, body: String = "",
    headers: HTTPFields = [:]
  ) async throws -> TestResponse {
    try await client.client.execute(
      uri: target, method: method, headers: headers,
      // Without a body of its own the client would send one in chunks, of no known length.
      body: method == .get ? nil : ByteBuffer(string: body))
  }

  /// Who may read, write and list under each canned list of bucket and object.
  @Test(arguments: [
    ("private", "private", false, false, false, false),
    ("private", "public-read", true, true, false, false),
    ("private", "authenticated-read", false, true, false, false),
    ("public-read", "private", false, false, true, false),
    ("public-read", "public-read", true, true, true, false),
    ("public-read", "public-read-write", true, true, true, false),
    ("public-read-write", "private", false, false, true, true),
  ])
  func cannedLists(
    bucket: String, object: String, anyoneReads: Bool, signersRead: Bool, anyoneLists: Bool,
    anyoneWrites: Bool
  ) async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket", headers: [("x-amz-acl", bucket)])
      try await client.send(
        .put, "/bucket/o", body: Array("mine".utf8), headers: [("x-amz-acl", object)])
      let read = try await Self.anonymous(client, .get, "/bucket/o")
      #expect(read.status == (anyoneReads ? .ok : .forbidden))
      #expect(!anyoneReads || read.text == "mine")
      #expect(
        try await client.other.send(.get, "/bucket/o").status == (signersRead ? .ok : .forbidden))
      // Who may not list may not learn what is missing.
      let missing = try await Self.anonymous(client, .get, "/bucket/none")
      #expect(missing.status == (anyoneLists ? .notFound : .forbidden))
      for target in ["/bucket", "/bucket?list-type=2", "/bucket?versions"] {
        #expect(
          try await Self.anonymous(client, .get, target).status
            == (anyoneLists ? .ok : .forbidden))
      }
      let writes: [(HTTPRequest.Method, String, String)] = [
        (.put, "/bucket/new", "x"), (.delete, "/bucket/o", ""),
      ]
      for (method, target, body) in writes {
        let answer = try await Self.anonymous(client, method, target, body: body)
        #expect((answer.status.kind == .successful) == anyoneWrites, "\(method) \(answer.text)")
      }
      // Whatever the lists say, what is the owner's stays the owner's.
      let owners: [(HTTPRequest.Method, String)] = [
        (.delete, "/bucket"), (.put, "/bucket?cors"), (.get, "/bucket?cors"),
        (.put, "/bucket?acl"), (.get, "/bucket?acl"), (.get, "/bucket/new?acl"),
        (.get, "/bucket/o?tagging"), (.put, "/bucket/o?tagging"), (.put, "/another"),
      ]
      for (method, target) in owners {
        var answers = [try await Self.anonymous(client, method, target)]
        if target != "/another" { answers.append(try await client.other.send(method, target)) }
        for answer in answers {
          #expect(
            [.forbidden, .notFound].contains(answer.status),
            "\(method) \(target) \(answer.status)")
        }
      }
    }
  }

  @Test func anonymousRequestsElsewhere() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let list = try await Self.anonymous(client, .get, "/")
      #expect(list.status == .ok && !list.text.contains("bucket"))
      #expect(try await Self.anonymous(client, .get, "/nobucket/o").status == .notFound)
      #expect(try await Self.anonymous(client, .delete, "/").status == .forbidden)
      let claimed = try await Self.anonymous(
        client, .get, "/bucket/o?X-Amz-Signature=00&X-Amz-Algorithm=AWS4-HMAC-SHA256")
      #expect(claimed.status == .badRequest)
    }
  }

  @Test func grantsToAnAccount() async throws {
    try await S3Harness().run { client in
      let alt = Self.account("alt")
      let permissions: [(String, [String])] = [
        ("READ", ["list"]), ("WRITE", ["write"]), ("READ_ACP", ["readList"]),
        ("WRITE_ACP", ["writeList"]),
        ("FULL_CONTROL", ["list", "write", "readList", "writeList"]),
      ]
      for (permission, allowed) in permissions {
        let name = "/bucket-" + permission.lowercased().replacing("_", with: "-")
        try await client.send(.put, name)
        let document =
          "<AccessControlPolicy><AccessControlList><Grant><Grantee><ID>\(alt)</ID></Grantee>"
          + "<Permission>\(permission)</Permission></Grant></AccessControlList>"
          + "</AccessControlPolicy>"
        let set = try await client.send(.put, "\(name)?acl", body: Array(document.utf8))
        #expect(set.status == .ok, "\(set.text)")
        let other = client.other
        let answers = [
          ("list", try await other.send(.get, name)),
          ("write", try await other.send(.put, "\(name)/o", body: [1])),
          ("readList", try await other.send(.get, "\(name)?acl")),
          (
            "writeList",
            try await other.send(.put, "\(name)?acl", headers: [("x-amz-acl", "private")])
          ),
        ]
        for (what, answer) in answers {
          #expect(
            answer.status == (allowed.contains(what) ? .ok : .forbidden), "\(permission) \(what)")
        }
        // The owner lost nothing, its grant or not.
        #expect(try await client.send(.get, name).status == .ok)
      }
    }
  }

  @Test func theWriterOwnsWhatItWrites() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket", headers: [("x-amz-acl", "public-read-write")])
      try await client.other.send(.put, "/bucket/o", body: Array("theirs".utf8))
      let list = try await client.other.send(.get, "/bucket/o?acl")
      #expect(list.elements("ID") == [Self.account("alt"), Self.account("alt")])
      // The bucket's owner pays for the bytes, and may read and delete them.
      #expect(try await client.send(.get, "/bucket/o").text == "theirs")
      #expect(try await client.send(.delete, "/bucket/o").status == .noContent)
      // A multipart upload is its beginner's.
      let begun = try await client.other.send(.post, "/bucket/m?uploads")
      let uploads = try await client.send(.get, "/bucket?uploads")
      #expect(uploads.text.contains(Self.account("alt")))
      #expect(begun.status == .ok)
    }
  }

  @Test func ownershipAndPublicAccessBlock() async throws {
    try await S3Harness().run { client in
      let enforced = try await client.send(
        .put, "/bucket", headers: [("x-amz-object-ownership", "BucketOwnerEnforced")])
      #expect(enforced.status == .ok)
      let refused = try await client.send(
        .put, "/bucket/o", body: [1], headers: [("x-amz-acl", "public-read")])
      #expect(refused.element("Code") == "AccessControlListNotSupported")
      try await client.send(.put, "/open", headers: [("x-amz-acl", "public-read")])
      try await client.send(.put, "/open/o", body: [1], headers: [("x-amz-acl", "public-read")])
      #expect(try await Self.anonymous(client, .get, "/open/o").status == .ok)
      let block =
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
        + "<IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>"
      #expect(
        try await client.send(.put, "/open?publicAccessBlock", body: Array(block.utf8)).status
          == .ok)
      #expect(try await Self.anonymous(client, .get, "/open/o").status == .forbidden)
      #expect(try await Self.anonymous(client, .get, "/open").status == .forbidden)
      let again = try await client.send(
        .put, "/open/o?acl", headers: [("x-amz-acl", "public-read")])
      #expect(again.status == .forbidden)
    }
  }

  @Test func copiesBetweenIdentitiesAreWrittenAnew() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let body = Array("shared bytes".utf8)
      try await client.send(
        .put, "/bucket/o", body: body,
        headers: [("x-amz-acl", "authenticated-read"), ("x-amz-meta-k", "v")])
      try await client.other.send(.put, "/theirs")
      let copied = try await client.other.send(
        .put, "/theirs/o", headers: [("x-amz-copy-source", "/bucket/o")])
      #expect(copied.status == .ok, "\(copied.text)")
      let read = try await client.other.send(.get, "/theirs/o")
      #expect(read.bytes == body && read.header("x-amz-meta-k") == "v")
      // The list was not copied, and the copy outlives its source.
      #expect(try await client.send(.get, "/theirs/o").status == .forbidden)
      try await client.send(.delete, "/bucket/o")
      #expect(try await client.other.send(.get, "/theirs/o").bytes == body)
      try await client.send(.put, "/bucket/private", body: body)
      let stolen = try await client.other.send(
        .put, "/theirs/p", headers: [("x-amz-copy-source", "/bucket/private")])
      #expect(stolen.status == .forbidden)
    }
  }

  @Test func listsThereAndBack() throws {
    let list = AccessControlList(
      owner: "a1",
      grants: [
        .init(grantee: .account("b2"), permission: .writeACL),
        .init(grantee: .allUsers, permission: .read),
        .init(grantee: .authenticatedUsers, permission: .fullControl),
      ])
    #expect(
      list.text
        == "a1\nREAD AllUsers\nFULL_CONTROL AuthenticatedUsers\nWRITE_ACP b2")
    #expect(AccessControlList(text: list.text) == list)
    for broken in ["", "\nREAD AllUsers", "a\nREAD", "a\nLOOK AllUsers", "a\nREAD b c"] {
      #expect(AccessControlList(text: broken) == nil)
    }
  }
}
