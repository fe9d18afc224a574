import Foundation
import Locks
import Logging

/// Makes every `Logger` of the process write JSON lines to `file` (and nowhere else), or to
/// standard error when it is nil. Only the first call counts.
/// - Throws: when the file cannot be opened.
package func bootstrapLogging(file: String?, level: Logger.Level = .info) throws {
  let sink = try file.map { try LogFile(path: $0) }
  LoggingSystem.bootstrap { label in
    StructuredLogHandler(label: label, level: level) { line in
      if let sink { return sink.write(line) }
      // A full disk behind it, or a reader that went away, loses the line, never the process.
      try? FileHandle.standardError.write(contentsOf: Data(line))
    }
  }
}

/// A log handler that writes one JSON object a line: time, level, label, message, metadata.
///
/// Values of metadata whose name says that they are secret are never written.
package struct StructuredLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var logLevel: Logger.Level
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let write: @Sendable ([UInt8]) -> Void

  /// A handler that gives each line, its line feed included, to `write`.
  package init(
    label: String, level: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.label = label
    self.write = write
    logLevel = level
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = [
      "\"time\":\"\(Self.timestamp())\"", "\"level\":\"\(event.level.rawValue)\"",
      "\"label\":\(JSONText.quoted(label))",
      "\"message\":\(JSONText.quoted(event.message.description))",
    ]
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let given = event.metadata { all.merge(given) { _, new in new } }
    if let error = event.error { all["error"] = "\(error)" }
    for name in all.keys.sorted() {
      guard let value = all[name] else { continue }
      fields.append("\(JSONText.quoted(name)):\(Self.json(value, name: name))")
    }
    write(Array("{\(fields.joined(separator: ","))}\n".utf8))
  }

  /// Names of metadata that hold secrets.
  static func isSecret(_ name: String) -> Bool {
    let name = name.lowercased()
    return ["secret", "seed", "password", "privatekey", "private_key", "authorization"]
      .contains { name.contains($0) }
  }

  private static func json(_ value: Logger.Metadata.Value, name: String) -> String {
    if isSecret(name) { return "\"(not logged)\"" }
    switch value {
    case .string(let text): return JSONText.quoted(text)
    case .stringConvertible(let value): return JSONText.quoted(value.description)
    case .array(let values):
      return "[\(values.map { json($0, name: name) }.joined(separator: ","))]"
    case .dictionary(let values):
      let fields = values.keys.sorted().map {
        "\(JSONText.quoted($0)):\(json(values[$0] ?? "", name: $0))"
      }
      return "{\(fields.joined(separator: ","))}"
    }
  }

  private static func timestamp() -> String {
    Date.now.formatted(
      .iso8601.year().month().day().dateSeparator(.dash).dateTimeSeparator(.standard)
        .time(includingFractionalSeconds: true).timeSeparator(.colon).timeZone(separator: .omitted))
  }
}

/// A log file of bounded size: at the limit it is renamed to `<path>.1` (the one before to
/// `<path>.2`) and begun anew.
package final class LogFile: Sendable {
  private struct State: ~Copyable {
    var handle: FileHandle
    var size: Int
  }

  private let path: String
  private let byteLimit: Int
  private let generations: Int
  private let state: Locked<State>

  /// Opens or makes the file, readable by its owner only.
  /// - Throws: when it cannot be opened.
  package init(path: String, byteLimit: Int = 16 << 20, generations: Int = 2) throws {
    self.path = path
    self.byteLimit = byteLimit
    self.generations = generations
    let (handle, size) = try Self.open(path)
    state = Locked(State(handle: handle, size: size))
  }

  private static func open(_ path: String) throws -> (FileHandle, Int) {
    if !FileManager.default.fileExists(atPath: path) {
      guard
        FileManager.default.createFile(
          atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
      else {
        throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path])
      }
    }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    return (handle, Int(try handle.seekToEnd()))
  }

  /// Appends a line. A full disk loses the line, never the process.
  package func write(_ line: [UInt8]) {
    state.withLock { state in
      if state.size + line.count > byteLimit, state.size > 0 { rotate(&state) }
      if (try? state.handle.write(contentsOf: Data(line))) != nil { state.size += line.count }
    }
  }

  private func rotate(_ state: inout State) {
    try? state.handle.close()
    let files = FileManager.default
    for number in stride(from: generations, to: 0, by: -1) {
      let from = number == 1 ? path : "\(path).\(number - 1)"
      try? files.removeItem(atPath: "\(path).\(number)")
      try? files.moveItem(atPath: from, toPath: "\(path).\(number)")
    }
    if let (handle, size) = try? Self.open(path) { (state.handle, state.size) = (handle, size) }
  }
}
