import Foundation
import Locks
import Logging
import TestSupport
import Testing

@testable import Telemetry

@Suite struct StructuredLogTests {
  private final class Sink: Sendable {
    private let lines = Locked<[String]>([])
    func write(_ line: [UInt8]) {
      lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
    }
    var all: [String] { lines.withLock { $0 } }
  }

  private func logger(_ sink: Sink, level: Logger.Level = .info) -> Logger {
    Logger(label: "node") { label in
      StructuredLogHandler(label: label, level: level) { sink.write($0) }
    }
  }

  @Test func writesOneJSONObjectALine() throws {
    let sink = Sink()
    logger(sink).info(
      "said \"hi\"\n\u{1}", metadata: ["height": "7", "list": ["a", "b"], "map": ["x": "y"]])
    let line = try #require(sink.all.first)
    #expect(line.hasSuffix("}\n"))
    #expect(line.dropLast().contains("\n") == false)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["message"] as? String == "said \"hi\"\n\u{1}")
    #expect(object["height"] as? String == "7")
    #expect(object["list"] as? [String] == ["a", "b"])
    #expect(object["level"] as? String == "info")
    #expect((object["time"] as? String)?.hasSuffix("Z") == true)
  }

  @Test func keepsLevels() {
    let sink = Sink()
    logger(sink, level: .warning).info("not this")
    #expect(sink.all.isEmpty)
  }

  @Test func neverWritesSecrets() throws {
    let sink = Sink()
    logger(sink).info(
      "keys", metadata: ["identitySeed": "deadbeef", "nested": ["secretKey": "deadbeef"]])
    let line = try #require(sink.all.first)
    #expect(!line.contains("deadbeef"), "\(line)")
  }

  @Test func rotatesAtItsLimit() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("log")
    let file = try LogFile(path: path, byteLimit: 1000, generations: 2)
    for number in 0..<100 {
      file.write(Array("line \(number) \(String(repeating: "x", count: 40))\n".utf8))
    }
    for name in [path, path + ".1", path + ".2"] {
      let size = try FileManager.default.attributesOfItem(atPath: name)[.size] as? Int
      #expect((1...1000).contains(size ?? 0), "\(name) has \(String(describing: size))")
    }
    #expect(!FileManager.default.fileExists(atPath: path + ".3"))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("line 99 "))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    // A second process goes on where the first stopped.
    try LogFile(path: path, byteLimit: 1000).write(Array("again\n".utf8))
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix("again\n"))
  }
}
