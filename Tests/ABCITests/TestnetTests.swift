import ABCI
import Foundation
import NIOCore
import Primitives
import SwiftProtobuf
import TestSupport
import Testing

/// The files that `trellis network testnet` writes, and the scripted engine started from exactly
/// them, each ledger in a process of its own.
@Suite(.serialized) struct TestnetTests {
  static let executable: String? = {
    let own = CommandLine.arguments[0]
    let beside = URL(fileURLWithPath: own).deletingLastPathComponent().path + "/trellis"
    return ([beside] + ["release", "debug"].map { SourceTree.root + "/.build/\($0)/trellis" })
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  private struct Testnet {
    let directory: TemporaryDirectory
    var root: String { directory.file("net") }

    init() throws {
      directory = try TemporaryDirectory("testnet")
      let executable = try #require(TestnetTests.executable, "build the product trellis first")
      let status = try TestnetTests.run([
        executable, "network", "testnet", "--validators", "4", "--out", root, "--cometbft",
        "/bin/true", "--trellis", executable,
      ])
      #expect(status == 0)
    }

    func text(_ path: String) throws -> String {
      try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    }

    func json(_ path: String) throws -> [String: Any] {
      try #require(
        try JSONSerialization.jsonObject(with: Data(text(path).utf8)) as? [String: Any])
    }
  }

  fileprivate static func run(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test func everyConfigurationKeyIsDocumented() throws {
    let documented = Set(
      try String(
        contentsOfFile: SourceTree.root + "/Tests/Fixtures/cometbft/config-keys-v0.38.txt",
        encoding: .utf8
      ).split(separator: "\n").map(String.init))
    let testnet = try Testnet()
    for node in 0..<4 {
      var table = ""
      for line in try testnet.text("node\(node)/cometbft/config/config.toml")
        .split(separator: "\n")
      {
        if line.hasPrefix("[") { table = line.dropFirst().dropLast() + "." }
        guard !line.hasPrefix("#"), let equals = line.range(of: " = ") else { continue }
        #expect(documented.contains(table + line[..<equals.lowerBound]), "\(line)")
      }
      let mode = try FileManager.default.attributesOfItem(
        atPath: testnet.root + "/node\(node)/cometbft/config/priv_validator_key.json")
      #expect(mode[.posixPermissions] as? Int == 0o600)
    }
    let genesis = try testnet.json("node0/cometbft/config/genesis.json")
    let validators = try #require(genesis["validators"] as? [[String: Any]])
    #expect(validators.count == 4)
    // Each node's key is the one that the genesis names.
    for (index, validator) in validators.enumerated() {
      let key = try testnet.json("node\(index)/cometbft/config/priv_validator_key.json")
      #expect(key["address"] as? String == validator["address"] as? String)
    }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")))
  func theUnitsPassSystemdsCheck() throws {
    let testnet = try Testnet()
    let units = try FileManager.default.contentsOfDirectory(atPath: testnet.root + "/systemd")
    #expect(units.count == 8)
    let paths = units.sorted().map { testnet.root + "/systemd/" + $0 }
    #expect(try Self.run(["systemd-analyze", "verify"] + paths) == 0)
    for path in paths {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(text.contains("Restart=always"))
    }
  }

  @Test func theScriptedEngineStartsFromTheFiles() async throws {
    let testnet = try Testnet()
    let document = try testnet.json("node0/cometbft/config/genesis.json")
    let entries = try #require(document["validators"] as? [[String: Any]])
    let keys = try entries.map { entry in
      let value = try #require((entry["pub_key"] as? [String: String])?["value"])
      let bytes = try #require(Data(base64Encoded: value))
      return try #require(Bytes32(bytes))
    }
    let start = try Self.initChain(document, keys: keys)
    var hosts: [ProcessHost] = []
    for node in 0..<4 {
      let configuration = try testnet.text("node\(node)/cometbft/config/config.toml")
      let line = try #require(
        configuration.split(separator: "\n").first { $0.hasPrefix("proxy_app") })
      let endpoint = try ABCIEndpoint(String(line.split(separator: "\"")[1]))
      hosts.append(
        ProcessHost(
          endpoint: endpoint,
          arguments: [
            "validator", "--data", "\(testnet.root)/node\(node)/trellis", "--abci", "\(endpoint)",
          ]))
    }
    for host in hosts { try await host.start() }
    let engine = ScriptedEngine(hosts: hosts, validators: keys, start: start)
    do {
      try await engine.start()
      try await engine.runHeight()
      var script = ScriptedEngine.Script()
      script.failedRounds = 1
      script.crash = (1, .afterFinalizeBlock, true)
      try await engine.runHeight(script)
      try await engine.runHeight()
    } catch {
      for host in hosts { await host.stop() }
      throw error
    }
    for host in hosts { await host.stop() }
  }

  private static func initChain(
    _ document: [String: Any], keys: [Bytes32]
  ) throws -> ABCIRequestInitChain {
    let time = try #require(document["genesis_time"] as? String)
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    let date = try #require(formatter.date(from: time))
    let milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    let chainName = try #require(document["chain_id"] as? String)
    let named = try #require(document["app_state"])
    let state = try JSONSerialization.data(withJSONObject: named)
    return ABCIRequestInitChain.with {
      $0.chainID = chainName
      $0.initialHeight = 1
      $0.time = Google_Protobuf_Timestamp(
        seconds: milliseconds / 1000, nanos: Int32(milliseconds % 1000) * 1_000_000)
      $0.validators = keys.map { key in
        ABCIValidatorUpdate.with {
          $0.pubKey.ed25519 = Data(key.bytes)
          $0.power = 1000
        }
      }
      $0.appStateBytes = state
    }
  }
}

/// `trellis validator --abci` as a process, killed with SIGKILL.
actor ProcessHost: ApplicationHost {
  let endpoint: ABCIEndpoint
  private let arguments: [String]
  private var process: Process?

  init(endpoint: ABCIEndpoint, arguments: [String]) {
    self.endpoint = endpoint
    self.arguments = arguments
  }

  func start() async throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(TestnetTests.executable))
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process = process
    let endpoint = endpoint
    try await eventually("the ledger listens at \(endpoint)", within: 60) {
      guard let connection = try? await EngineConnection.connect(to: endpoint) else {
        return false
      }
      await connection.close()
      return true
    }
  }

  func restart() async throws {
    stop()
    try await start()
  }

  func stop() {
    guard let process else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    self.process = nil
  }
}
