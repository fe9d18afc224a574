import Cryptography
import Foundation
import GatewayKit
import HTTPTypes
import HummingbirdTesting
import Primitives
import Testing

@testable import StorageGateway

@Suite struct S3KeyTests {
  static func grant(
    expires: UInt64? = nil, micro: UInt64? = nil, prefix: String? = nil
  ) throws -> AccessGrant {
    try AccessGrant(
      identity: S3Harness.seed, serial: 7, name: "agent", expirySeconds: expires,
      monthlyBudgetMicroCredits: micro, prefix: prefix)
  }

  @Test func prefixes() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/photos")
      try await client.send(.put, "/other")
      for key in ["/photos/2026/a", "/photos/old", "/other/o"] {
        try await client.send(.put, key, body: [1])
      }
      let agent = client.granted(try Self.grant(prefix: "photos/2026/"))
      let copy: (String) -> [(String, String)] = { [("x-amz-copy-source", $0)] }
      let cases: [(HTTPRequest.Method, String, [(String, String)], Bool)] = [
        (.get, "/photos/2026/a", [], true), (.get, "/photos/old", [], false),
        (.get, "/other/o", [], false), (.put, "/photos/2026/b", [], true),
        (.put, "/photos/202", [], false), (.get, "/photos?prefix=2026/", [], true),
        (.get, "/photos?list-type=2&prefix=2026/b", [], true), (.get, "/photos", [], false),
        (.get, "/photos?prefix=2", [], false), (.get, "/", [], false),
        (.put, "/photos/2026/c", copy("/photos/2026/a"), true),
        (.put, "/photos/2026/c", copy("/photos/old"), false),
        (.put, "/photos/2026/c", [("x-amz-acl", "public-read")], false),
        (.put, "/photos/2026/a?acl", [("x-amz-acl", "public-read")], false),
        (.put, "/photos?cors", [], false), (.delete, "/photos", [], false),
        (.put, "/new-bucket", [], false), (.delete, "/photos/2026/b", [], true),
        (.delete, "/photos/old", [], false), (.post, "/photos/2026/m?uploads", [], true),
      ]
      for (method, target, headers, isAllowed) in cases {
        let answer = try await agent.send(method, target, headers: headers)
        #expect(
          (answer.status.kind == .successful) == isAllowed, "\(method) \(target) \(answer.text)")
        if !isAllowed {
          #expect(answer.status == .forbidden && answer.text.contains("agent"), "\(target)")
          #expect(["prefix", "operation"].contains(answer.element("Limit")))
        }
      }
      let document =
        "<Delete><Object><Key>old</Key></Object><Object><Key>2026/c</Key></Object></Delete>"
      let deleted = try await agent.send(.post, "/photos?delete", body: Array(document.utf8))
      #expect(deleted.elements("Code") == ["AccessDenied"])
      #expect(try await client.send(.head, "/photos/old").status == .ok)
      #expect(try await client.send(.head, "/photos/2026/c").status == .notFound)
    }
  }

  @Test func expiryAndChangedLimits() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      let end = client.harness.now / 1_000 + 60
      let grant = try Self.grant(expires: end)
      let agent = client.granted(grant)
      #expect(try await agent.send(.put, "/bucket/o", body: [1]).status == .ok)
      client.harness.advance(seconds: 61)
      let late = try await agent.send(.get, "/bucket/o")
      #expect(late.status == .forbidden && late.element("Limit") == "expires")
      // Who writes itself a longer life has the wrong secret.
      let longer = try Self.grant(expires: end + 1_000_000)
      var fields = HTTPFields()
      let signed = try agent.signed(
        .get, "/bucket/o", headers: [], payload: SignatureV4.emptyHash)
      fields = signed.fields
      fields[.authorization] = fields[.authorization]?
        .replacing(grant.accessKeyID, with: longer.accessKeyID)
      let forged = try await client.client.execute(
        uri: "/bucket/o", method: .get, headers: fields)
      #expect(forged.element("Code") == "SignatureDoesNotMatch")
    }
  }

  @Test func budgets() async throws {
    try await S3Harness().run { client in
      try await client.send(.put, "/bucket")
      // 5,016 sealed bytes, twice, for a month at a credit per GiB and hour: 6,727 millionths.
      let agent = client.granted(try Self.grant(micro: 10_000))
      let body = [UInt8](repeating: 1, count: 5_000)
      #expect(try await agent.send(.put, "/bucket/a", body: body).status == .ok)
      let refused = try await agent.send(
        .put, "/bucket/b", body: body, headers: [("accept", "application/json")])
      #expect(refused.status == .forbidden)
      #expect(refused.header("content-type") == "application/json")
      struct Answer: Decodable { let error: ErrorBody }
      let error = try JSONDecoder().decode(Answer.self, from: Data(refused.bytes)).error
      #expect(error.code == "AccessDenied" && error.details["Limit"] == "budget")
      #expect(error.message.contains("0.01 credits a month"))
      #expect(error.message.contains("costs 0.006727"))
      #expect(try await client.send(.head, "/bucket/b").status == .notFound)
      // A failed upload costs nothing; a read little.
      let wrong = try await agent.send(
        .put, "/bucket/b", body: Array(body.prefix(2_000)),
        headers: [("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")])
      #expect(wrong.element("Code") == "BadDigest")
      #expect(
        try await agent.send(.put, "/bucket/b", body: Array(body.prefix(2_000))).status == .ok)
      #expect(try await agent.send(.get, "/bucket/a").bytes == body)
      // The owner's own key has no limit, and the next month is another one.
      #expect(try await client.send(.put, "/bucket/c", body: body).status == .ok)
      client.harness.advance(seconds: 32 * 86_400)
      #expect(try await agent.send(.put, "/bucket/b", body: body).status == .ok)
    }
  }

  /// What is written down never says less than was spent.
  @Test func spendingOutlivesTheGateway() async throws {
    let harness = try await S3Harness()
    try await harness.run { client in
      try await client.send(.put, "/bucket")
      let service = try #require(harness.service.service)
      let payer = try #require(service.tenant(named: "main"))
      let grant = try Self.grant(micro: 1_000)
      let month = CalendarMonth(milliseconds: client.harness.now)
      func charge(_ micro: UInt64) -> KeyBudgets.Charge {
        KeyBudgets.Charge(key: grant, month: month, microCredits: micro)
      }
      let first = KeyBudgets()
      for _ in 0..<9 { #expect(try await first.take(charge(100), payer: payer) == nil) }
      let after = KeyBudgets()
      let known = try await after.take(charge(101), payer: payer)
      #expect((900...920).contains(known ?? 0))
      // Of many at once no more get through than the budget allows.
      let small = try AccessGrant(
        identity: S3Harness.seed, serial: 8, name: "b", expirySeconds: nil,
        monthlyBudgetMicroCredits: 1_000, prefix: nil)
      let passed = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<40 {
          group.addTask {
            try await first.take(
              KeyBudgets.Charge(key: small, month: month, microCredits: 100), payer: payer) == nil
          }
        }
        return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(passed == 10)
    }
  }

  @Test func revocation() async throws {
    let harness = try await S3Harness()
    try await harness.run { client in
      try await client.send(.put, "/bucket")
      let agent = client.granted(try Self.grant())
      let other = client.granted(
        try AccessGrant(
          identity: S3Harness.seed, serial: 7, name: "colleague", expirySeconds: nil,
          monthlyBudgetMicroCredits: nil, prefix: nil))
      #expect(try await agent.send(.put, "/bucket/o", body: [1]).status == .ok)
      // Neither a granted key nor another identity may revoke it.
      let target = "/?trellis-revoked-key=agent"
      #expect(try await agent.send(.put, target).status == .forbidden)
      #expect(try await client.other.send(.put, target).status == .ok)
      #expect(try await agent.send(.get, "/bucket/o").status == .ok)
      #expect(try await client.send(.put, "/?trellis-revoked-key=").status == .badRequest)

      let done = try await client.send(.put, target)
      let keys = try JSONDecoder().decode([RevokedKey].self, from: Data(done.bytes))
      #expect(done.status == .ok && keys.map(\.name) == ["agent"])
      for (method, path) in [(HTTPRequest.Method.get, "/bucket/o"), (.put, "/bucket/n")] {
        let late = try await agent.send(method, path, headers: [("accept", "application/json")])
        struct Answer: Decodable { let error: ErrorBody }
        let error = try JSONDecoder().decode(Answer.self, from: Data(late.bytes)).error
        #expect(late.status == .forbidden && error.details["Limit"] == "revoked")
        #expect(error.details["LimitValue"] == keys.first?.revokedAt)
      }
      // So is every key of that name, whenever it was made; no other is.
      let later = client.granted(
        try AccessGrant(
          identity: S3Harness.seed, serial: 8, name: "agent", expirySeconds: nil,
          monthlyBudgetMicroCredits: nil, prefix: nil))
      #expect(try await later.send(.get, "/bucket/o").status == .forbidden)
      #expect(try await other.send(.get, "/bucket/o").status == .ok)
      #expect(try await client.send(.get, "/bucket/o").status == .ok)
      // It says when it was first said, and it outlives the bucket.
      client.harness.advance(seconds: 60)
      #expect(try await client.send(.put, target).bytes == done.bytes)
      try await client.send(.delete, "/bucket/o")
      #expect(try await client.send(.delete, "/bucket").status == .noContent)
      #expect(try await client.send(.get, "/?trellis-revoked-key").bytes == done.bytes)
      #expect(try await agent.send(.get, "/").status == .forbidden)
    }
  }

  @Test func identifiers() throws {
    let grant = try Self.grant(expires: 1, micro: 2, prefix: "b/c/d")
    #expect(AccessGrant(accessKeyID: grant.accessKeyID) == grant)
    #expect(grant.bucket == "b" && grant.keyPrefix == "c/d")
    #expect(try Self.grant(prefix: "b").keyPrefix == "")
    #expect(
      grant.accessKeyID
        == "TRLK01" + AccessGrant.tag(of: S3Harness.seed).hex.uppercased()
        + "00000007000000056167656E74010000000000000001010000000000000002010000000562"
        + "2F632F64")
    for text in ["", "TRLK", "TRLK00", grant.accessKeyID.lowercased(), grant.accessKeyID + "00"] {
      #expect(AccessGrant(accessKeyID: text) == nil)
    }
  }
}
