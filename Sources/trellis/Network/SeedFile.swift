import Cryptography
import Foundation
import Primitives

/// A file that holds one 32-byte seed as 64 hexadecimal digits, for its owner alone (mode 0600).
enum SeedFile {
  /// Reads a seed.
  /// - Throws: ``UserError`` when it is missing, damaged or open to others.
  static func read(_ path: String) throws -> IdentitySeed {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UserError("there is no seed at \(path)")
    }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & 0o077 != 0 {
      throw UserError("\(path) can be read by others", advice: "Mend it: chmod 600 \(path)")
    }
    let text = String(decoding: data, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard let seed = Digest(hex: text) else {
      throw UserError("\(path) is damaged: it must hold 64 hexadecimal digits")
    }
    return IdentitySeed(seed.value)
  }

  /// Reads a seed, or makes one from the system's random numbers when there is none.
  /// - Throws: ``UserError``.
  @discardableResult
  static func ensure(_ path: String) throws -> IdentitySeed {
    if FileManager.default.fileExists(atPath: path) { return try read(path) }
    var random = SystemRandomNumberGenerator()
    try write(
      Bytes32(words: (random.next(), random.next(), random.next(), random.next())), to: path)
    return try read(path)
  }

  /// Writes a seed. - Throws: ``UserError``.
  static func write(_ seed: Bytes32, to path: String) throws {
    try AtomicFile.write(Data((seed.hex + "\n").utf8), to: path, mode: 0o600)
  }
}
