import Cryptography
import Primitives
import StorageService

/// A shard in memory: its row, and once something touched it, its open file and hashes.
///
/// Its owner holds the store's lock of this shard; all calls block on the disk.
struct ShardEntry: Sendable {
  var row: ShardRow
  private var open: OpenShard?

  private struct OpenShard: Sendable {
    let file: any ShardFile
    var hashes: ShardHashes
  }

  init(row: ShardRow) { self.row = row }

  static func dataName(_ key: ShardKey) -> String { key.fileName + ".shard" }
  static func sidecarName(_ key: ShardKey) -> String { key.fileName + ".hashes" }

  /// The open file and its hashes, read from the sidecar and checked against the acknowledged root;
  /// hashed anew from the shard when the sidecar is missing, short or wrong.
  /// - Throws: ``ShardFileError``, or a ``StorageRefusal`` (`damaged`).
  private mutating func opened(_ files: any ShardFileSystem) throws -> OpenShard {
    if let open { return open }
    let file = try files.open(Self.dataName(row.key))
    let sidecar = try files.open(Self.sidecarName(row.key))
    let hashes =
      try Self.resume(row, file: file, sidecar: sidecar)
      ?? Self.rebuild(row, file: file, sidecar: sidecar)
    let result = OpenShard(file: file, hashes: hashes)
    open = result
    return result
  }

  /// Whether it holds an open file.
  var isOpen: Bool { open != nil }

  /// Forgets open files and hashes; what comes next reads the disk again.
  mutating func close() { open = nil }

  private static func resume(
    _ row: ShardRow, file: any ShardFile, sidecar: any ShardFile
  ) throws -> ShardHashes? {
    let count = Int(row.length / UInt64(ShardHashes.blockBytes))
    let stored = try sidecar.read(at: 0, count: count * ShardSidecar.entryBytes)
    guard let (blocks, checks) = ShardSidecar.decode(stored, count: count) else { return nil }
    var hashes = ShardHashes(leafBytes: row.leafBytes, blocks: blocks, checks: checks)
    try readTail(file, from: hashes.byteLength, to: row.length, into: &hashes)
    return hashes.byteLength == row.length && hashes.root == row.root ? hashes : nil
  }

  private static func readTail(
    _ file: any ShardFile, from start: UInt64, to end: UInt64, into hashes: inout ShardHashes
  ) throws {
    var position = start
    while position < end {
      let count = Int(min(1 << 20, end - position))
      let bytes = try file.read(at: position, count: count)
      bytes.withUnsafeBytes { hashes.append($0) }
      if bytes.count < count { return }
      position += UInt64(count)
    }
  }

  private static func rebuild(
    _ row: ShardRow, file: any ShardFile, sidecar: any ShardFile
  ) throws -> ShardHashes {
    var hashes = ShardHashes(leafBytes: row.leafBytes)
    try readTail(file, from: 0, to: row.length, into: &hashes)
    guard hashes.byteLength == row.length, hashes.root == row.root else {
      throw StorageRefusal(
        .damaged, "shard \(row.key) is damaged on this provider's disk; read the other shards")
    }
    try? writeSidecar(hashes, from: 0, to: sidecar)
    return hashes
  }

  private static func writeSidecar(
    _ hashes: ShardHashes, from first: Int, to sidecar: any ShardFile
  ) throws {
    let bytes = ShardSidecar.encode(hashes, from: first)
    if bytes.isEmpty { return }
    // Not synced: the sidecar is checked when it is read, and made anew when it is wrong.
    try bytes.withUnsafeBytes {
      try sidecar.write($0, at: UInt64(first * ShardSidecar.entryBytes))
    }
  }

  // MARK: Appending

  /// The root that the shard would have after `chunk`.
  mutating func hashing(
    _ chunk: UnsafeRawBufferPointer, _ files: any ShardFileSystem
  ) throws -> ShardHashes {
    var hashes = try opened(files).hashes
    hashes.append(chunk)
    return hashes
  }

  /// Writes a chunk behind the acknowledged end and makes it durable. The row is not changed: the
  /// caller commits it and then calls ``adopt(_:)``.
  mutating func write(_ chunk: UnsafeRawBufferPointer, _ files: any ShardFileSystem) throws {
    let shard = try opened(files)
    do {
      try shard.file.write(chunk, at: row.length)
      try shard.file.sync()
    } catch {
      // What is in the page cache after a failed sync is anyone's guess.
      try? shard.file.truncate(to: row.length)
      close()
      throw error
    }
  }

  /// Takes over the hashes of a chunk whose row is durable.
  mutating func adopt(_ hashes: ShardHashes, row: ShardRow, _ files: any ShardFileSystem) {
    self.row = row
    guard var shard = open else { return }
    let known = shard.hashes.blocks.count
    if hashes.blocks.count > known, let sidecar = try? files.open(Self.sidecarName(row.key)) {
      try? Self.writeSidecar(hashes, from: known, to: sidecar)
    }
    shard.hashes = hashes
    open = shard
  }

  // MARK: Cutting

  /// The root at a shorter length, from the disk.
  mutating func root(at length: UInt64, _ files: any ShardFileSystem) throws -> Digest {
    if length == row.length { return row.root }
    if length == 0 { return MerkleTree.emptyRoot }
    var prover = try prover(at: length, files)
    return try prover.root()
  }

  /// Cuts the file to what the row says now.
  mutating func cut(to row: ShardRow, _ files: any ShardFileSystem) throws {
    let shard = try opened(files)
    self.row = row
    close()
    try shard.file.truncate(to: row.length)
    try shard.file.sync()
  }

  // MARK: Reading

  /// Proves ranges of the shard as it was at `length`.
  /// - Precondition: `length` is positive and at most the acknowledged length.
  mutating func prover(at length: UInt64, _ files: any ShardFileSystem) throws -> ShardProver {
    let shard = try opened(files)
    return ShardProver(
      file: shard.file, leafBytes: row.leafBytes, length: length, blocks: shard.hashes.blocks,
      tail: length == row.length ? shard.hashes.tailLeaves : nil)
  }

  /// Bytes of the shard; fewer than asked only when the file is short.
  mutating func read(
    _ range: Range<UInt64>, _ files: any ShardFileSystem
  ) throws -> [UInt8] {
    try opened(files).file.read(
      at: range.lowerBound, count: Int(range.upperBound - range.lowerBound))
  }

  /// Fills memory with bytes of the shard; returns how many there were, fewer only when the file is
  /// short.
  mutating func read(
    at offset: UInt64, into target: UnsafeMutableRawBufferPointer, _ files: any ShardFileSystem
  ) throws -> Int {
    try opened(files).file.read(at: offset, into: target)
  }

  /// Whether bytes are those of the block that is not full, by its leaves' hashes. True as well
  /// when the shard has changed since `row` was read: then there is nothing to compare them with.
  mutating func isTail(
    _ bytes: UnsafeRawBufferPointer, of row: ShardRow, _ files: any ShardFileSystem
  ) throws -> Bool {
    guard self.row.length == row.length, self.row.root == row.root else { return true }
    let hashes = try opened(files).hashes
    return ShardHashes.leafHashes(of: bytes, leafBytes: hashes.leafBytes) == hashes.tailLeaves
  }

  /// Whether whole blocks of the shard are as they were appended, by their checks. A check that
  /// does not fit is judged by the block's hash: it may be the check that is wrong.
  /// - Parameters:
  ///   - bytes: a whole number of blocks.
  ///   - first: the number of the first one.
  mutating func areWhole(
    _ bytes: UnsafeRawBufferPointer, firstBlock first: Int, _ files: any ShardFileSystem
  ) throws -> Bool {
    let hashes = try opened(files).hashes
    let size = ShardHashes.blockBytes
    for index in 0..<bytes.count / size {
      let block = UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size])
      if BlockCheck.of(block) == hashes.checks[first + index] { continue }
      let leaves = ShardHashes.leafHashes(of: block, leafBytes: hashes.leafBytes)
      guard MerkleTree.root(ofLeafHashes: leaves) == hashes.blocks[first + index] else {
        return false
      }
    }
    return true
  }
}
