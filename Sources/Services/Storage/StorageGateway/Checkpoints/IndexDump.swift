import Dispatch
import Foundation
import GRDB
import Locks
import NIOCore
import Primitives

/// The whole index as it is at one moment, as a stream of bytes with back-pressure: while it is
/// consumed, writers go on, and at most a few chunks are in memory.
package final class IndexDump: AsyncSequence, Sendable {
  /// A piece of the dump.
  package typealias Element = ByteBuffer

  /// Bytes of a chunk, about.
  static let chunkBytes = 256 * 1024
  /// Chunks that may wait for the consumer.
  private static let chunksAhead = 4

  private let database: any DatabaseReader
  private let covered = Locked<UInt64>(0)
  private let isAbandoned = Locked(false)
  private let room = DispatchSemaphore(value: IndexDump.chunksAhead)

  init(_ database: any DatabaseReader) { self.database = database }

  /// The last record whose effect is in the dump; known once the first chunk has come.
  package var coveredSequence: UInt64 { covered.withLock { $0 } }

  /// Begins to read. A dump is read once.
  package func makeAsyncIterator() -> Iterator {
    let (stream, continuation) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
    continuation.onTermination = { [self] _ in
      isAbandoned.withLock { $0 = true }
      room.signal()
    }
    // The reader's thread may block: it is GRDB's own and no task's.
    database.asyncRead { [self] result in
      do {
        try write(try result.get()) { continuation.yield($0) }
        continuation.finish()
      } catch { continuation.finish(throwing: error) }
    }
    return Iterator(base: stream.makeAsyncIterator(), room: room)
  }

  /// The chunks.
  package struct Iterator: AsyncIteratorProtocol {
    fileprivate var base: AsyncThrowingStream<ByteBuffer, any Error>.AsyncIterator
    fileprivate let room: DispatchSemaphore

    package mutating func next() async throws -> ByteBuffer? {
      let chunk = try await base.next()
      if chunk != nil { room.signal() }
      return chunk
    }
  }

  private func write(_ database: Database, send: (ByteBuffer) -> Void) throws {
    var chunk = ByteBuffer()
    func flush() throws {
      room.wait()
      if isAbandoned.withLock({ $0 }) { throw CancellationError() }
      send(chunk)
      chunk = ByteBuffer()
    }
    func put(_ item: IndexDumpItem) throws {
      let bytes = item.canonicalBytes()
      chunk.writeInteger(UInt32(bytes.count))
      chunk.writeBytes(bytes)
      if chunk.readableBytes >= Self.chunkBytes { try flush() }
    }
    let applied = try ObjectIndex.appliedSequence(database)
    covered.withLock { $0 = applied }
    try put(
      .head(
        migrations: try IndexSchema.migrator.appliedMigrations(database), appliedSequence: applied))
    var rows: UInt64 = 0
    for table in try Self.tables(of: database) {
      let columns = try database.columns(in: table).map(\.name)
      try put(.table(name: table, columns: columns))
      // Without an ORDER BY a full scan runs along the table's own tree: by primary key or row id.
      let cursor = try Row.fetchCursor(database, sql: "SELECT * FROM \"\(table)\"")
      while let row = try cursor.next() {
        try put(.row(try row.databaseValues.map(IndexDumpItem.Value.init)))
        rows += 1
      }
    }
    try put(.end(rows: rows))
    if chunk.readableBytes > 0 { try flush() }
  }

  /// The index's own tables, by name.
  private static func tables(of database: Database) throws -> [String] {
    try String.fetchAll(
      database,
      sql: """
        SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'
        AND name NOT LIKE 'grdb%' ORDER BY name
        """)
  }
}

extension ObjectIndex {
  /// The index written down, as it is when the dump's first chunk is asked for.
  package func dump() -> IndexDump { IndexDump(database) }
}
