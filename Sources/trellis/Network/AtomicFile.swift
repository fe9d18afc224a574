import Foundation

/// Writes files whole: a reader sees the old content or the new, never a part.
enum AtomicFile {
  /// Writes `data` beside `path`, syncs it and renames it into place.
  /// - Throws: ``UserError`` naming the path.
  static func write(_ data: Data, to path: String, mode: mode_t = 0o644) throws {
    let draft = "\(path).\(getpid()).new"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw UserError.system("cannot write \(draft)") }
    defer { close(descriptor) }
    let written = data.withUnsafeBytes { bytes -> Bool in
      var offset = 0
      while offset < bytes.count {
        let count = Foundation.write(
          descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return false }
        offset += count
      }
      return fsync(descriptor) == 0
    }
    guard written, rename(draft, path) == 0 else {
      let error = UserError.system("cannot write \(path)")
      unlink(draft)
      throw error
    }
  }

  /// Writes `value` as JSON that people can read.
  /// - Throws: ``UserError`` naming the path.
  static func write(json value: some Encodable, to path: String, mode: mode_t = 0o644) throws {
    try write(try JSON.encode(value) + Data([10]), to: path, mode: mode)
  }
}

/// The one way in which this command writes and reads JSON.
enum JSON {
  /// Pretty, with sorted keys.
  static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  /// The text of ``encode(_:)``.
  static func text(_ value: some Encodable) throws -> String {
    String(decoding: try encode(value), as: UTF8.self)
  }

  /// On one line, with sorted keys.
  static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Reads a file.
  /// - Throws: ``UserError`` that names the path and says what is wrong with it.
  static func read<T: Decodable>(_ type: T.Type, from path: String) throws -> T {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UserError("cannot read \(path)", advice: "Is this the --data directory of a network?")
    }
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw UserError("\(path) is damaged: \(error)", advice: "Restore it, or start a new network.")
    }
  }
}
