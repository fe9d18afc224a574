import Foundation
import GRDB
import NIOCore
import Primitives

/// Rebuilds an index from a dump of it, into a file that does not exist yet.
struct IndexRestore {
  /// Bytes that are gathered before they are written in one transaction.
  private static let batchBytes = 4 << 20

  private let database: DatabaseQueue
  private var waiting = ByteBuffer()
  private var table: (name: String, columns: [String])?
  private var rows: UInt64 = 0
  private var isComplete = false
  /// The last record whose effect the dump holds; nil before its head has come.
  private(set) var appliedSequence: UInt64?

  /// - Throws: what SQLite throws when the file cannot be made.
  init(path: String) throws {
    database = try DatabaseQueue(path: path)
  }

  /// Takes in the next bytes.
  /// - Throws: ``IndexError/damaged(_:)``, ``CodecError``, or what SQLite throws.
  mutating func take(_ bytes: ByteBuffer) throws {
    var bytes = bytes
    waiting.writeBuffer(&bytes)
    if waiting.readableBytes >= Self.batchBytes { try writeWhole() }
  }

  /// Writes what is left, checks that nothing is missing, and brings the schema up to date.
  /// - Throws: as ``take(_:)``.
  mutating func finish() throws {
    try writeWhole()
    guard isComplete, waiting.readableBytes == 0 else {
      throw IndexError.damaged("the checkpoint ends early")
    }
    try IndexSchema.migrator.migrate(database)
    try database.close()
  }

  private mutating func writeWhole() throws {
    var items: [IndexDumpItem] = []
    while let length = waiting.getInteger(at: waiting.readerIndex, as: UInt32.self) {
      guard Int(length) <= IndexDumpItem.byteLimit else {
        throw IndexError.damaged("an item of \(length) bytes in a checkpoint")
      }
      guard waiting.readableBytes >= 4 + Int(length) else { break }
      waiting.moveReaderIndex(forwardBy: 4)
      items.append(try IndexDumpItem(canonicalBytes: waiting.readBytes(length: Int(length)) ?? []))
    }
    waiting.discardReadBytes()
    if case .head(let migrations, let sequence)? = items.first {
      items.removeFirst()
      try begin(migrations, sequence)
    }
    guard appliedSequence != nil else {
      if items.isEmpty { return }
      throw IndexError.damaged("a checkpoint without a head")
    }
    var copy = self
    try database.write { database in
      for item in items { try copy.write(item, database) }
    }
    self = copy
  }

  /// Makes the tables as the dump's writer had them.
  private mutating func begin(_ migrations: [String], _ sequence: UInt64) throws {
    let known = IndexSchema.migrator.migrations
    guard let last = migrations.last, migrations.allSatisfy(known.contains) else {
      throw IndexError.damaged(
        "the checkpoint was written by a newer gateway, whose index has "
          + migrations.filter { !known.contains($0) }.joined(separator: ", "))
    }
    try IndexSchema.migrator.migrate(database, upTo: last)
    appliedSequence = sequence
  }

  private mutating func write(_ item: IndexDumpItem, _ database: Database) throws {
    switch item {
    case .head: throw IndexError.damaged("a second head in a checkpoint")
    case .table(let name, let columns):
      guard try database.tableExists(name), !columns.isEmpty else {
        throw IndexError.damaged("a checkpoint has a table \(name)")
      }
      let present = Set(try database.columns(in: name).map(\.name))
      guard columns.allSatisfy(present.contains) else {
        throw IndexError.damaged("a checkpoint's columns of \(name)")
      }
      table = (name, columns)
    case .row(let values):
      guard let table, values.count == table.columns.count, !isComplete else {
        throw IndexError.damaged("a row of a checkpoint")
      }
      let names = table.columns.map { "\"\($0)\"" }.joined(separator: ", ")
      let marks = table.columns.map { _ in "?" }.joined(separator: ", ")
      try database.run(
        "INSERT INTO \"\(table.name)\" (\(names)) VALUES (\(marks))",
        StatementArguments(values.map(\.databaseValue)))
      rows += 1
    case .end(let count):
      guard count == rows, !isComplete else {
        throw IndexError.damaged("a checkpoint of \(count) rows has \(rows)")
      }
      isComplete = true
    }
  }
}
