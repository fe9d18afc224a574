import Cryptography
import Foundation
import Primitives

/// The identities in `DIR/secrets`, by name, and the keys in the providers' directories.
struct SecretStore: Sendable {
  private let directory: NetworkDirectory

  init(_ directory: NetworkDirectory) { self.directory = directory }

  /// The names of all identities, sorted.
  var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.secretsPath)) ?? []
    return files.filter { $0.hasSuffix(".seed") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// The seed of a person's or the validator's identity.
  /// - Throws: ``UserError``.
  func identity(_ name: String) throws -> IdentitySeed {
    guard names.contains(name) else {
      throw UserError(
        "there is no identity “\(name)” in \(directory.secretsPath)",
        advice: "There are: \(names.joined(separator: ", ")).")
    }
    return try SeedFile.read(path(of: name))
  }

  /// Makes the identity if there is none. - Throws: ``UserError``.
  @discardableResult
  func ensure(_ name: String) throws -> IdentitySeed { try SeedFile.ensure(path(of: name)) }

  /// Stores a new identity with a seed that a person brought, or a fresh one.
  /// - Throws: ``UserError`` when the name is taken or no name for a file.
  func add(_ name: String, seed: Bytes32?) throws -> IdentitySeed {
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }),
      !name.hasPrefix(".")
    else {
      throw UserError("“\(name)” is no name: use letters, digits, dashes and dots")
    }
    guard !names.contains(name) else { throw UserError("there is an identity “\(name)” already") }
    if let seed { try SeedFile.write(seed, to: path(of: name)) }
    return try SeedFile.ensure(path(of: name))
  }

  /// A provider's seed; made when it is missing.
  /// - Throws: ``UserError``.
  func provider(_ name: ProcessName) throws -> IdentitySeed {
    try SeedFile.ensure(directory.dataDirectory(of: name) + "/key")
  }

  /// The providers' accounts with the names that people use for them.
  /// - Throws: ``UserError``.
  func providerNames(_ settings: NetworkSettings) throws -> [AccountID: ProcessName] {
    var names: [AccountID: ProcessName] = [:]
    for number in settings.providers {
      names[try provider(.provider(number)).ledgerKey.accountID] = .provider(number)
    }
    return names
  }

  private func path(of name: String) -> String { "\(directory.secretsPath)/\(name).seed" }
}
