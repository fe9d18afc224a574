import Cryptography
import Foundation
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService
import TestSupport
import Testing

@testable import StorageGateway

/// Gateways of one identity over the same providers and the same ledger, each with a directory.
struct RecoveryBench {
  let root: TemporaryDirectory
  let providers: MemoryProviders
  let network: TableNetwork
  let registry = TableRegistry()
  let seed = IdentitySeed(Digest.sha256(domain: "test-identity", []).value)

  init(providers count: Int = 6) throws {
    root = try TemporaryDirectory()
    providers = MemoryProviders(count: count)
    network = TableNetwork(eligible: providers.ids)
  }

  /// One gateway that serves.
  struct Gateway {
    let engine: StorageEngine
    let index: ObjectIndex
    let writer: WriterGuard
  }

  private func guardian(_ name: String) -> WriterGuard {
    WriterGuard(
      registry: registry,
      store: WriterClaimStore(path: NetworkRecovery.claimsPath(in: root.file(name))),
      validity: .zero, logger: Logger(label: "test"))
  }

  /// Starts a gateway in the directory of that name. - Parameter isFenced: whether it knows of
  /// fencing at all.
  func gateway(
    _ name: String, isFenced: Bool = true, limits change: (inout SegmentLimits) -> Void = { _ in }
  ) async throws -> Gateway {
    let directory = root.file(name)
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let writer = guardian(name)
    try await writer.begin()
    let index = try ObjectIndex(path: NetworkRecovery.indexPath(in: directory))
    var limits = SegmentLimits()
    limits.segmentBytes = 300_000
    change(&limits)
    let engine = StorageEngine(
      StorageEngine.Configuration(
        network: network, transport: providers,
        catalog: try SegmentCatalog(path: NetworkRecovery.catalogPath(in: directory)),
        index: index, identity: seed, limits: limits, writer: isFenced ? writer : nil,
        logger: Logger(label: "test")))
    try await engine.start()
    return Gateway(engine: engine, index: index, writer: writer)
  }

  /// Recovers into the directory of that name, from seed and network alone.
  @discardableResult
  func recover(
    into name: String, ignoresSilent: Bool = false, without: Set<RecoveryMechanism> = [],
    report: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
  ) async throws -> RecoverySummary {
    var configuration = NetworkRecovery.Configuration(
      ledger: network, network: network, transport: providers, identity: seed,
      directory: root.file(name), writer: guardian(name), ignoresSilent: ignoresSilent,
      logger: Logger(label: "test"), report: report)
    configuration.takeoverWait = .zero
    configuration.leftOut = without
    return try await NetworkRecovery(configuration).run()
  }

  /// Everything that an index holds, as bytes.
  static func contents(_ index: ObjectIndex) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await chunk in index.dump() { bytes.append(contentsOf: chunk.readableBytesView) }
    return bytes
  }
}

/// A client that puts, deletes, tags and uploads, and remembers what was acknowledged.
actor RecoveryClient {
  private let engine: StorageEngine
  private let number: Int
  private var random: SeededGenerator
  /// The value of each key by what was acknowledged; nil for deleted.
  private(set) var acknowledged: [String: [UInt8]?] = [:]
  private(set) var tags: [String: String] = [:]
  private(set) var uploads: Set<AttemptID> = []

  init(_ engine: StorageEngine, number: Int, seed: UInt64) {
    self.engine = engine
    self.number = number
    random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(number))
  }

  func run(steps: Int) async throws {
    for _ in 0..<steps {
      let key = "w\(number)/\(UInt8.random(in: 0..<6, using: &random))"
      switch UInt8.random(in: 0..<10, using: &random) {
      case 0..<5: try await put(key)
      case 5, 6:
        try await engine.commit(.deleteObject(bucket: "b", key: key, precondition: .none))
        acknowledged[key] = .some(nil)
        tags[key] = nil
      case 7: try await tag(key)
      case 8: try await beginUpload(key)
      default: try await upload(key)
      }
    }
  }

  private func put(_ key: String) async throws {
    let bytes = random.bytes(Int.random(in: 0..<30_000, using: &random))
    _ = try await EngineTests.put(bytes, key: key, in: engine)
    acknowledged[key] = bytes
    tags[key] = nil
  }

  private func tag(_ key: String) async throws {
    guard let value = acknowledged[key], value != nil else { return }
    let text = "t\(UInt16.random(in: .min ... .max, using: &random))"
    try await engine.commit(
      .setObjectAttribute(
        bucket: "b", key: key, name: "tagging",
        value: CanonicalValues([NamedValue("tag", text)]).canonicalBytes()))
    tags[key] = text
  }

  @discardableResult
  private func beginUpload(_ key: String) async throws -> AttemptID {
    let upload = AttemptID(number: UInt128(random.next()) << 64 | UInt128(random.next()))
    try await engine.commit(
      .createUpload(
        LogRecord.CreateUpload(
          bucket: "b", key: key, upload: upload, attributes: .init(contentType: ""),
          checksumAlgorithm: "", checksumType: "")))
    uploads.insert(upload)
    return upload
  }

  private func upload(_ key: String) async throws {
    let upload = try await beginUpload(key)
    var whole: [UInt8] = []
    for part in 1...2 as ClosedRange<UInt32> {
      let bytes = random.bytes(5_000)
      _ = try await engine.put(EngineTests.body(bytes), bucket: "b") { blob in
        .putPart(
          LogRecord.PutPart(
            bucket: "b", key: key, upload: upload, partNumber: part, blobs: [blob],
            etag: "e\(part)", checksums: []))
      }
      whole += bytes
    }
    try await engine.commit(
      .completeUpload(
        LogRecord.CompleteUpload(
          bucket: "b", key: key, upload: upload, partNumbers: [1, 2],
          partsDigest: LogRecord.CompleteUpload.partsDigest([(1, "e1"), (2, "e2")]), etag: "m",
          checksums: [])))
    uploads.remove(upload)
    acknowledged[key] = whole
    tags[key] = nil
  }

  /// Compares a gateway with what was acknowledged. Returns what is wrong.
  func differences(from gateway: RecoveryBench.Gateway) async throws -> [String] {
    guard let bucket = try await gateway.index.bucket(named: "b") else { return ["no bucket"] }
    var wrong: [String] = []
    for (key, value) in acknowledged.sorted(by: { $0.key < $1.key }) {
      let found = try await gateway.index.object(Array(key.utf8), in: bucket, withBlobs: true)
      guard let value, let found else {
        if (value == nil) != (found == nil) {
          wrong.append(value == nil ? "\(key) returned" : "\(key) is lost")
        }
        continue
      }
      var bytes: [UInt8] = []
      for content in found.blobs {
        bytes += try await EngineTests.get(content.blob, from: gateway.engine)
      }
      if bytes != value { wrong.append("\(key) holds other bytes") }
      if found.attributes.tags.first?.value != tags[key] { wrong.append("\(key)'s tag") }
    }
    for upload in uploads
    where try await gateway.index.database.read({ database in
      try database.first("SELECT 1 FROM upload WHERE id = ?", [Data(upload.bytes)]) == nil
    }) {
      wrong.append("upload \(upload) is lost")
    }
    return wrong
  }
}
