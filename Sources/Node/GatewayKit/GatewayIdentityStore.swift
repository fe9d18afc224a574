import Cryptography
import Foundation
import NodeLink
import Primitives

/// Why an identity cannot be read or made.
package enum GatewayIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
  case badName(String)
  case unknown(name: String, path: String)
  case exists(name: String, path: String)
  case tooOpen(path: String, mode: String)
  case notASeed(path: String)

  package var description: String {
    switch self {
    case .badName(let name):
      "\"\(name)\" is no identity's name: use lower-case letters, digits and hyphens, at most 32, "
        + "a letter first."
    case .unknown(let name, let path): "There is no identity \"\(name)\": \(path) does not exist."
    case .exists(let name, let path): "The identity \"\(name)\" exists already in \(path)."
    case .tooOpen(let path, let mode):
      "\(path) holds a secret and others may read it (mode \(mode)). Run: chmod 600 \(path)"
    case .notASeed(let path): "\(path) does not hold 64 hexadecimal digits."
    }
  }
}

/// Identities in a directory: one file `NAME.seed` each, mode 0600, 64 hexadecimal digits.
package struct GatewayIdentityStore: Sendable {
  private let directory: String

  package init(directory: String) { self.directory = directory }

  /// Where an identity's seed lies.
  package func path(of name: String) -> String { "\(directory)/\(name).seed" }

  /// Reads an identity.
  /// - Throws: ``GatewayIdentityError``, ``AtomicFile/Failure``.
  package func load(_ name: String) throws -> GatewayIdentity {
    try checkName(name)
    let path = path(of: name)
    guard let bytes = try AtomicFile.read(path, limit: 256) else {
      throw GatewayIdentityError.unknown(name: name, path: path)
    }
    try checkMode(path)
    let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    guard let seed = [UInt8](hex: text).flatMap({ Bytes32($0) }) else {
      throw GatewayIdentityError.notASeed(path: path)
    }
    return GatewayIdentity(name: name, seed: IdentitySeed(seed))
  }

  /// Makes an identity with a fresh random seed, or with the one given.
  /// - Throws: ``GatewayIdentityError/exists(name:path:)``, ``AtomicFile/Failure``.
  package func create(_ name: String, seed: Bytes32? = nil) throws -> GatewayIdentity {
    try checkName(name)
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let seed = seed ?? Self.randomSeed()
    do {
      try AtomicFile.writeNew(Array("\(seed.hex)\n".utf8), to: path(of: name), mode: 0o600)
    } catch let failure as AtomicFile.Failure where failure.code == EEXIST {
      throw GatewayIdentityError.exists(name: name, path: path(of: name))
    }
    return GatewayIdentity(name: name, seed: IdentitySeed(seed))
  }

  /// The identity if there is one, else a new one.
  /// - Throws: ``GatewayIdentityError``, ``AtomicFile/Failure``.
  package func loadOrCreate(_ name: String) throws -> GatewayIdentity {
    do {
      return try load(name)
    } catch GatewayIdentityError.unknown {
      return try create(name)
    }
  }

  /// All identities, by name.
  /// - Throws: ``GatewayIdentityError``, ``AtomicFile/Failure``.
  package func loadAll() throws -> [GatewayIdentity] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return try files.sorted().filter { $0.hasSuffix(".seed") }.map { String($0.dropLast(5)) }
      .filter(GatewayIdentity.isName).map(load)
  }

  private func checkName(_ name: String) throws {
    guard GatewayIdentity.isName(name) else { throw GatewayIdentityError.badName(name) }
  }

  private func checkMode(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw AtomicFile.Failure(path: path, action: "look at", code: errno)
    }
    if status.st_mode & 0o077 != 0 {
      let mode = String(status.st_mode & 0o777, radix: 8)
      throw GatewayIdentityError.tooOpen(path: path, mode: "0\(mode)")
    }
  }

  private static func randomSeed() -> Bytes32 {
    var generator = SystemRandomNumberGenerator()
    return Bytes32(
      words: (generator.next(), generator.next(), generator.next(), generator.next()))
  }
}
