import Primitives
import ServiceKit

/// The changes of one block as a store keeps them until it has brought them into its rows: a count,
/// then for each change its key, and 0, or 1 and the value.
enum LedgerJournal {
  /// Far above what a block can change.
  private static let changeLimit = 1 << 24
  private static let valueLimit = 16 << 20

  static func encode(_ changes: [(key: StateKey, value: [UInt8]?)]) -> [UInt8] {
    var encoder = CanonicalEncoder(
      reserving: changes.reduce(4) { $0 + 9 + $1.key.byteCount + ($1.value?.count ?? 0) })
    encoder.encode(UInt32(changes.count))
    for change in changes {
      encoder.encode(UInt8(change.key.byteCount))
      change.key.withUnsafeBytes { encoder.append($0) }
      encoder.encode(change.value != nil)
      if let value = change.value { encoder.encode(value) }
    }
    return encoder.bytes
  }

  /// - Throws: ``CodecError``.
  static func decode(
    _ bytes: [UInt8]
  ) throws(CodecError) -> [(key: StateKey, value: [UInt8]?)] {
    var decoder = CanonicalDecoder(bytes)
    let count = try decoder.decodeCount(limit: changeLimit, minimumElementSize: 2)
    var changes: [(key: StateKey, value: [UInt8]?)] = []
    changes.reserveCapacity(count)
    for _ in 0..<count {
      let length = Int(try decoder.decodeUInt8())
      guard let key = StateKey(foreign: try decoder.decodeRaw(count: length)) else {
        throw .invalid("a key of \(length) bytes")
      }
      let value = try decoder.decodeBool() ? try decoder.decodeBytes(limit: valueLimit) : nil
      changes.append((key, value))
    }
    try decoder.finish()
    return changes
  }
}

/// The changes of several blocks together: of each key the last one counts.
struct JournalOverlay {
  private var values: [StateKey: [UInt8]?] = [:]

  /// Lays a later block's changes over what there is.
  mutating func add(_ changes: [(key: StateKey, value: [UInt8]?)]) {
    for change in changes { values[change.key] = .some(change.value) }
  }

  /// All changes, ascending by key.
  var sorted: [(key: StateKey, value: [UInt8]?)] {
    values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
