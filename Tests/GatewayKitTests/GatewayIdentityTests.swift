import Cryptography
import Foundation
import Primitives
import TestSupport
import Testing

@testable import GatewayKit

@Suite struct GatewayIdentityTests {
  private func store(_ directory: TemporaryDirectory) -> GatewayIdentityStore {
    GatewayIdentityStore(directory: directory.file("secrets"))
  }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test func aNewIdentityIsPrivateAndComesBack() throws {
    let directory = try TemporaryDirectory()
    let store = store(directory)
    let made = try store.create("main")
    #expect(try mode(store.path(of: "main")) == 0o600)
    #expect(try mode(directory.file("secrets")) == 0o700)
    #expect(try store.load("main").account == made.account)
    #expect(try store.loadOrCreate("main").account == made.account)
    #expect(throws: GatewayIdentityError.exists(name: "main", path: store.path(of: "main"))) {
      try store.create("main")
    }
    let other = try store.loadOrCreate("alt")
    #expect(other.account != made.account)
    #expect(try store.loadAll().map(\.name) == ["alt", "main"])
  }

  @Test func filesThatOthersMayReadAreRefusedWithAdvice() throws {
    let directory = try TemporaryDirectory()
    let store = store(directory)
    _ = try store.create("main")
    let path = store.path(of: "main")
    for mode in [0o640, 0o604, 0o644] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      let error = #expect(throws: GatewayIdentityError.self) { try store.load("main") }
      #expect(error?.description.contains("chmod 600 \(path)") == true)
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
    _ = try store.load("main")
  }

  @Test func brokenFilesAndNamesAreRefused() throws {
    let directory = try TemporaryDirectory()
    let store = store(directory)
    _ = try store.create("main")
    try "zz".write(toFile: store.path(of: "main"), atomically: false, encoding: .utf8)
    #expect(throws: GatewayIdentityError.notASeed(path: store.path(of: "main"))) {
      try store.load("main")
    }
    #expect(throws: GatewayIdentityError.unknown(name: "no", path: store.path(of: "no"))) {
      try store.load("no")
    }
    for name in ["", "../x", "A", "1a", "a_b", String(repeating: "a", count: 33), "é"] {
      #expect(throws: GatewayIdentityError.badName(name)) { try store.create(name) }
    }
  }

  @Test func identitiesAreFoundByTheirAccessKeyAlone() {
    let all = (1...5).map { number in
      GatewayIdentity(
        name: "id\(number)", seed: IdentitySeed(Bytes32(words: (number, 0, 0, 0))))
    }
    let identities = GatewayIdentities(all)
    for one in all {
      #expect(identities.identity(accessKeyID: one.seed.s3AccessKeyID)?.name == one.name)
      #expect(identities.identity(named: one.name)?.account == one.account)
    }
    let known = all[0].seed.s3AccessKeyID
    for wrong in ["", known + "A", String(known.dropLast()), known.lowercased()] {
      #expect(identities.identity(accessKeyID: wrong) == nil)
    }
    #expect("\(all[0])".contains(all[0].account.hex))
    #expect(!"\(all[0])".contains(all[0].seed.value.hex))
  }
}
