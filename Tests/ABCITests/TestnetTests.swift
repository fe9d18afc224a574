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

  /// Not CometBFT's own ports: a network of somebody's may run on them.
  private static let port = "21650"

  private struct Testnet {
    let directory: TemporaryDirectory
    var root: String { directory.file("net") }

    init() throws {
      directory = try TemporaryDirectory("testnet")
      let executable = try #require(TestnetTests.executable, "build the product trellis first")
      let status = try TestnetTests.run([
        executable, "network", "testnet", "--validators", "4", "--out", root, "--cometbft",
        "/bin/true", "--trellis", executable, "--port", TestnetTests.port,
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

  /// Where a node's files say that its ledger listens, and the command that they are for.
  private static func host(_ root: String) throws -> ProcessHost {
    let configuration = try String(
      contentsOfFile: root + "/cometbft/config/config.toml", encoding: .utf8)
    let line = try #require(
      configuration.split(separator: "\n").first { $0.hasPrefix("proxy_app") })
    let endpoint = try ABCIEndpoint(String(line.split(separator: "\"")[1]))
    return ProcessHost(
      endpoint: endpoint,
      arguments: ["validator", "--data", root + "/trellis", "--abci", "\(endpoint)"])
  }

  /// A ledger beside an engine never makes blocks of its own, and its processes' ports are not the
  /// engine's.
  @Test(.timeLimit(.minutes(1)))
  func theLedgersDirectoryIsTheEngines() throws {
    let testnet = try Testnet()
    let executable = try #require(TestnetTests.executable)
    for index in 0..<4 {
      let settings = try testnet.json("node\(index)/trellis/settings.json")
      #expect(settings["engineRPC"] as? String == "http://127.0.0.1:\(21_651 + 10 * index)")
      #expect(settings["portBase"] as? Int == 4_994 + 160 * index)
    }
    let data = testnet.root + "/node0/trellis"
    #expect(try Self.run([executable, "validator", "--data", data]) != 0)
    #expect(try Self.run([executable, "up", "--data", data]) != 0)
    let other = testnet.directory.file("other")
    #expect(try Self.run([executable, "network", "testnet", "--out", other, "--port", "80"]) != 0)
  }

  /// A log that cannot be written is no reason to stop.
  @Test(.timeLimit(.minutes(2)))
  func aFullDiskBehindTheLogStopsNobody() async throws {
    let testnet = try Testnet()
    let socket = testnet.directory.file("s")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(TestnetTests.executable))
    process.arguments = [
      "validator", "--data", testnet.root + "/node0/trellis", "--abci", "unix://\(socket)",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle(forWritingAtPath: "/dev/full")
    try process.run()
    defer { process.terminate() }
    var connection: EngineConnection?
    try await eventually("it listens") {
      connection = try? await EngineConnection.connect(to: .unix(path: socket))
      return connection != nil
    }
    let answer = try await connection?.call { $0.info.abciVersion = "2.0.0" }
    #expect(answer?.info.lastBlockHeight == 0)
    #expect(process.isRunning)
  }

  @Test func aPeersAddressHasAnIDAndAPort() throws {
    let testnet = try Testnet()
    for peer in ["nonsense", "abcd@127.0.0.1:26656", String(repeating: "ab", count: 20) + "@host"] {
      let executable = try #require(TestnetTests.executable)
      let status = try Self.run([
        executable, "network", "join", "--genesis-from", testnet.root + "/node0", "--peer", peer,
        "--out", testnet.directory.file("joined"),
      ])
      #expect(status != 0, "\(peer)")
    }
  }

  /// Epochs settled by a preset's rules are part of the genesis.
  @Test func aTestnetCanHaveAPreset() throws {
    let directory = try TemporaryDirectory("testnet")
    let executable = try #require(TestnetTests.executable)
    let root = directory.file("net")
    let status = try Self.run([
      executable, "network", "testnet", "--validators", "1", "--out", root, "--preset", "helium",
      "--epoch", "1", "--from", "2026-01-01",
    ])
    #expect(status == 0)
    let settings = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(filePath: root + "/node0/trellis/settings.json")))
    #expect((settings as? [String: Any])?["epochMilliseconds"] as? Int == 1000)
    let genesis = try String(contentsOfFile: root + "/node0/trellis/genesis.json", encoding: .utf8)
    #expect(genesis.contains("helium"))
  }

  /// The key with which a node's files say that it votes.
  private static func consensusKey(_ root: String) throws -> Bytes32 {
    let data = try Data(
      contentsOf: URL(filePath: root + "/cometbft/config/priv_validator_key.json"))
    let document = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let value = try #require((document?["pub_key"] as? [String: String])?["value"])
    return try #require(Data(base64Encoded: value).flatMap { Bytes32($0) })
  }

  /// Four validators and one that joins, each from the files that were written for it.
  @Test func theScriptedEngineStartsFromTheFiles() async throws {
    let testnet = try Testnet()
    var roots = (0..<4).map { "\(testnet.root)/node\($0)" }
    let joining = testnet.directory.file("joining")
    #expect(try Self.join(roots[0], out: joining) == 0)
    roots.append(joining)
    let keys = try roots.map(Self.consensusKey)
    let document = try testnet.json("node0/cometbft/config/genesis.json")
    let start = try Self.initChain(document, keys: Array(keys.prefix(4)))
    let hosts = try roots.map(Self.host)
    for host in hosts { try await host.start() }
    let engine = ScriptedEngine(hosts: hosts, validators: keys, start: start)
    do {
      try await engine.startWithout(4)
      try await engine.runHeight()
      var script = ScriptedEngine.Script()
      script.failedRounds = 1
      script.crash = (1, .afterFinalizeBlock, true)
      try await engine.runHeight(script)
      // It replays what the others have, and goes on with them.
      try await engine.resume(4)
      try await engine.runHeight()
    } catch {
      for host in hosts { await host.stop() }
      throw error
    }
    for host in hosts { await host.stop() }
  }

  private static func join(
    _ source: String, out: String, _ more: [String] = []
  ) throws -> Int32 {
    let executable = try #require(executable)
    let id = String(repeating: "ab", count: 20)
    return try run(
      [
        executable, "network", "join", "--genesis-from", source, "--peer", "\(id)@127.0.0.1:26656",
        "--node", "4", "--port", port, "--out", out,
      ] + more)
  }

  /// What a joining node's files say, and what is refused.
  @Test func aJoiningNodesFiles() throws {
    let (one, other) = (try Testnet(), try Testnet())
    let out = one.directory.file("joining")
    let hash = String(repeating: "5A", count: 32)
    let sync = [
      "--state-sync", "10.0.0.7:26657", "--state-sync", "10.0.0.8:26657", "--trust-height", "4000",
      "--trust-hash", hash,
    ]
    #expect(try Self.join(one.root + "/node2", out: out, sync) == 0)
    let text = try String(contentsOfFile: out + "/cometbft/config/config.toml", encoding: .utf8)
    for line in [
      "enable = true", "rpc_servers = \"10.0.0.7:26657,10.0.0.8:26657\"", "trust_height = 4000",
      "trust_hash = \"\(hash)\"", "proxy_app = \"tcp://127.0.0.1:21692\"",
    ] {
      #expect(text.contains(line), "\(line)")
    }
    // Not twice, not with one server, and not with the genesis files of two networks.
    #expect(try Self.join(one.root + "/node2", out: out) != 0)
    #expect(try Self.join(one.root + "/node2", out: out + "2", Array(sync.dropFirst(2))) != 0)
    let mixed = one.directory.file("mixed")
    try FileManager.default.copyItem(atPath: one.root + "/node0", toPath: mixed)
    try FileManager.default.removeItem(atPath: mixed + "/trellis/genesis.json")
    try FileManager.default.copyItem(
      atPath: other.root + "/node0/trellis/genesis.json", toPath: mixed + "/trellis/genesis.json")
    #expect(try Self.join(mixed, out: out + "3") != 0)
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
