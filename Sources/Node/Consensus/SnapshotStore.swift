import Cryptography
import Foundation
import Ledger
import Locks
import Logging
import Primitives

/// The snapshots that a node serves: a directory each, a file a chunk, and a list of the chunks'
/// hashes, with which every chunk is compared before it is handed out.
package final class SnapshotStore: Sendable {
  /// How many snapshots are kept.
  package static let keptCount = 2

  private struct Kept: Sendable {
    let description: SnapshotDescription
    let hashes: [Digest]
    let path: String
  }

  private let directory: String
  private let logger: Logger
  private let kept: Locked<[Kept]>
  private let isWriting = Locked(false)

  /// Opens the directory, which is made when it is missing. What is damaged there is named in the
  /// log and not served.
  /// - Throws: when the directory cannot be made or read.
  package init(directory: String, logger: Logger) throws {
    self.directory = directory
    self.logger = logger
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var found: [Kept] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted() {
      let path = directory + "/" + name
      guard !name.hasSuffix(Self.draftSuffix) else {
        try? FileManager.default.removeItem(atPath: path)
        continue
      }
      do {
        let list = try SnapshotList(
          canonicalBytes: try Self.read(path + "/" + Self.listName))
        found.append(Kept(description: list.description, hashes: list.hashes, path: path))
      } catch {
        logger.error("a snapshot is damaged", metadata: ["path": "\(path)", "reason": "\(error)"])
      }
    }
    kept = Locked(found.sorted { $0.description.height < $1.description.height })
  }

  private static let draftSuffix = ".new"
  private static let listName = "list"

  /// What is served, newest first.
  package var descriptions: [SnapshotDescription] {
    kept.withLock { $0.reversed().map(\.description) }
  }

  /// A chunk; nil when there is none or when it is damaged, which is logged.
  package func chunk(height: UInt64, format: UInt32, index: UInt32) -> [UInt8]? {
    let snapshot = kept.withLock { kept in
      kept.first { $0.description.height == height && $0.description.format == format }
    }
    guard let snapshot, Int(index) < snapshot.hashes.count else { return nil }
    let path = snapshot.path + "/" + Self.name(ofChunk: index)
    guard let bytes = try? Self.read(path), Digest.sha256(bytes) == snapshot.hashes[Int(index)]
    else {
      logger.error("a snapshot's chunk is damaged", metadata: ["path": "\(path)"])
      return nil
    }
    return bytes
  }

  /// Takes a snapshot of a state, and lets go of the oldest beyond ``keptCount``. Does nothing
  /// while another is being taken.
  /// - Throws: what the file system says.
  @discardableResult
  package func take(_ machine: LedgerMachine) throws -> SnapshotDescription? {
    let isFree = isWriting.withLock { isWriting in
      defer { isWriting = true }
      return !isWriting
    }
    guard isFree else { return nil }
    defer { isWriting.withLock { $0 = false } }
    let path = "\(directory)/\(machine.height)-\(SnapshotChunk.format)"
    let draft = path + Self.draftSuffix
    try? FileManager.default.removeItem(atPath: draft)
    try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: true)
    let list = try Self.write(machine, to: draft)
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: draft, toPath: path)
    keep(Kept(description: list.description, hashes: list.hashes, path: path))
    return list.description
  }

  /// Writes a state's chunks and their list into a directory.
  /// - Throws: what the file system says.
  package static func write(_ machine: LedgerMachine, to directory: String) throws -> SnapshotList {
    var hashes: [Digest] = []
    try machine.forEachSnapshotChunk { (bytes: [UInt8]) throws(any Error) in
      let path = directory + "/" + name(ofChunk: UInt32(hashes.count))
      try Data(bytes).write(to: URL(filePath: path))
      hashes.append(Digest.sha256(bytes))
    }
    let list = SnapshotList(
      chain: machine.chain, height: machine.height, root: machine.stateRoot, hashes: hashes)
    try Data(list.canonicalBytes()).write(to: URL(filePath: directory + "/" + listName))
    return list
  }

  /// Reads a directory that ``write(_:to:)`` made.
  /// - Throws: what the file system says, or `CodecError`.
  package static func list(in directory: String) throws -> SnapshotList {
    try SnapshotList(canonicalBytes: try read(directory + "/" + listName))
  }

  /// Reads one of its chunks, as it is.
  /// - Throws: what the file system says.
  package static func chunk(_ index: UInt32, in directory: String) throws -> [UInt8] {
    try read(directory + "/" + name(ofChunk: index))
  }

  private func keep(_ snapshot: Kept) {
    let dropped = kept.withLock { kept -> [Kept] in
      kept.removeAll { $0.path == snapshot.path }
      kept.append(snapshot)
      let surplus = max(0, kept.count - Self.keptCount)
      defer { kept.removeFirst(surplus) }
      return Array(kept.prefix(surplus))
    }
    for old in dropped { try? FileManager.default.removeItem(atPath: old.path) }
  }

  private static func name(ofChunk index: UInt32) -> String {
    "\(String(index + 1_000_000).dropFirst()).chunk"
  }

  private static func read(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
  }
}

/// What is known of a snapshot on disk.
package struct SnapshotList: Hashable, Sendable, CanonicalCodable {
  package let chain: Digest
  package let height: UInt64
  /// The state root that the chunks prove themselves against.
  package let root: Digest
  /// SHA-256 of each chunk.
  package let hashes: [Digest]

  package init(chain: Digest, height: UInt64, root: Digest, hashes: [Digest]) {
    self.chain = chain
    self.height = height
    self.root = root
    self.hashes = hashes
  }

  /// How it is advertised.
  package var description: SnapshotDescription {
    var builder = DigestBuilder(domain: "snapshot")
    builder.update(height)
    for hash in hashes { builder.update(hash) }
    return SnapshotDescription(
      height: height, format: SnapshotChunk.format,
      chunkCount: UInt32(truncatingIfNeeded: hashes.count), hash: builder.finalize().bytes,
      metadata: chain.bytes)
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(height)
    encoder.encode(root)
    encoder.encode(hashes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    height = try decoder.decodeUInt64()
    root = try decoder.decode()
    hashes = try decoder.decodeArray(limit: SnapshotChunk.countLimit)
  }
}
