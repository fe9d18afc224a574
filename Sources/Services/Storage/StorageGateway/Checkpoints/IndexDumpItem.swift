import Foundation
import GRDB
import Primitives

/// One item of a dump of the index. A dump is u32 length ‖ item, again and again: first a head,
/// then for each table, by name, its columns and its rows in the order of their primary key, then
/// the end.
///
/// Tables and columns are named, so that a newer gateway, whose index has more of both, reads an
/// older one's dump.
enum IndexDumpItem: Hashable, CanonicalCodable {
  /// The schema's migrations in their order, and the last record whose effect is in the tables.
  case head(migrations: [String], appliedSequence: UInt64)
  case table(name: String, columns: [String])
  case row([Value])
  /// How many rows there were.
  case end(rows: UInt64)

  enum Value: Hashable, CanonicalCodable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    /// - Throws: ``IndexError/damaged(_:)`` for a floating-point value: the index has none.
    init(_ value: DatabaseValue) throws {
      switch value.storage {
      case .null: self = .null
      case .int64(let number): self = .integer(number)
      case .string(let text): self = .text(text)
      case .blob(let data): self = .bytes(Array(data))
      case .double(let number): throw IndexError.damaged("the number \(number)")
      }
    }

    var databaseValue: DatabaseValue {
      switch self {
      case .null: .null
      case .integer(let number): number.databaseValue
      case .text(let text): text.databaseValue
      case .bytes(let bytes): Data(bytes).databaseValue
      }
    }

    func encode(into encoder: inout CanonicalEncoder) {
      switch self {
      case .null: encoder.encode(UInt8(0))
      case .integer(let number):
        encoder.encode(UInt8(1))
        encoder.encode(UInt64(bitPattern: number))
      case .text(let text):
        encoder.encode(UInt8(2))
        encoder.encode(text)
      case .bytes(let bytes):
        encoder.encode(UInt8(3))
        encoder.encode(bytes)
      }
    }

    init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      switch try decoder.decodeUInt8() {
      case 0: self = .null
      case 1: self = .integer(Int64(bitPattern: try decoder.decodeUInt64()))
      case 2: self = .text(try decoder.decodeString(limit: IndexDumpItem.byteLimit))
      case 3: self = .bytes(try decoder.decodeBytes(limit: IndexDumpItem.byteLimit))
      case let byte: throw .unknownCase(type: "IndexDumpItem.Value", byte: byte)
      }
    }
  }

  /// The most bytes of one item: an object's extents and attributes are far below.
  static let byteLimit = 64 << 20

  func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .head(let migrations, let appliedSequence):
      encoder.encode(UInt8(1))
      encoder.encode(migrations.count32)
      for migration in migrations { encoder.encode(migration) }
      encoder.encode(appliedSequence)
    case .table(let name, let columns):
      encoder.encode(UInt8(2))
      encoder.encode(name)
      encoder.encode(columns.count32)
      for column in columns { encoder.encode(column) }
    case .row(let values):
      encoder.encode(UInt8(3))
      encoder.encode(values)
    case .end(let rows):
      encoder.encode(UInt8(4))
      encoder.encode(rows)
    }
  }

  init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    switch try decoder.decodeUInt8() {
    case 1:
      self = .head(
        migrations: try Self.names(from: &decoder), appliedSequence: try decoder.decodeUInt64())
    case 2:
      self = .table(
        name: try decoder.decodeString(limit: 256), columns: try Self.names(from: &decoder))
    case 3: self = .row(try decoder.decodeArray(limit: 256))
    case 4: self = .end(rows: try decoder.decodeUInt64())
    case let byte: throw .unknownCase(type: "IndexDumpItem", byte: byte)
    }
  }

  private static func names(
    from decoder: inout CanonicalDecoder
  ) throws(CodecError) -> [String] {
    let count = try decoder.decodeCount(limit: 1_024, minimumElementSize: 4)
    var names: [String] = []
    for _ in 0..<count { names.append(try decoder.decodeString(limit: 256)) }
    return names
  }
}

extension Array {
  fileprivate var count32: UInt32 { UInt32(count) }
}
