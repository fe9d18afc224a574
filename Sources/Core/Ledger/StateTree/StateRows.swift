import ServiceKit

/// The ledger's rows: an ordered map from key to bytes, in sorted chunks.
///
/// A point read is two binary searches, a range read is a walk, and a copy of the whole shares its
/// chunks until one is changed. A million rows are about twelve thousand chunks: small ones, since
/// each that a block touches is copied while a reader still holds the rows before it.
package struct StateRows: Sendable {
  struct Row: Sendable {
    let key: StateKey
    var value: [UInt8]
  }

  /// A chunk that grows beyond this is cut in two.
  private static let chunkLimit = 128
  /// Rows that are appended leave room in a chunk for those that come between them.
  private static let appendedLimit = chunkLimit * 2 / 3

  private var chunks: [[Row]] = []
  /// The first key of each chunk: kept apart, so that the outer search touches little memory.
  private var firsts: [StateKey] = []
  /// How many rows there are.
  package private(set) var count = 0

  package init() {}

  /// Rows in any order; of equal keys the last one counts.
  package init(_ rows: some Sequence<(key: StateKey, value: [UInt8])>) {
    for row in rows { append(row.value, at: row.key) }
  }

  /// Sets a row. One that lies behind all others is put there without a search: rows that come in
  /// ascending order fill chunks one after the other.
  package mutating func append(_ value: [UInt8], at key: StateKey) {
    if let last = chunks.last?.last, !(last.key < key) {
      exchange(value, at: key)
      return
    }
    count += 1
    if let filled = chunks.last?.count, filled < Self.appendedLimit {
      chunks[chunks.count - 1].append(Row(key: key, value: value))
      return
    }
    var chunk: [Row] = []
    chunk.reserveCapacity(Self.appendedLimit)
    chunk.append(Row(key: key, value: value))
    chunks.append(chunk)
    firsts.append(key)
  }

  /// The chunk that holds `key` if any does.
  private func chunkIndex(of key: StateKey) -> Int {
    firsts.withUnsafeBufferPointer { firsts in
      var low = 0
      var high = firsts.count
      while low < high {
        let middle = (low + high) / 2
        if key < firsts[middle] { high = middle } else { low = middle + 1 }
      }
      return max(low - 1, 0)
    }
  }

  /// The first row of a chunk that is not before `key`. By pointer: each step through the arrays
  /// themselves would count a reference up and down.
  private static func rowIndex(of key: StateKey, in rows: UnsafeBufferPointer<Row>) -> Int {
    var low = 0
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if rows[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func rowIndex(of key: StateKey, in chunk: Int) -> Int {
    chunks[chunk].withUnsafeBufferPointer { Self.rowIndex(of: key, in: $0) }
  }

  /// The value at a key.
  package func value(at key: StateKey) -> [UInt8]? {
    if chunks.isEmpty { return nil }
    return chunks[chunkIndex(of: key)].withUnsafeBufferPointer { rows in
      let row = Self.rowIndex(of: key, in: rows)
      return row < rows.count && rows[row].key == key ? rows[row].value : nil
    }
  }

  /// Sets or, with nil, removes a row. Returns what was there.
  @discardableResult
  package mutating func exchange(_ value: [UInt8]?, at key: StateKey) -> [UInt8]? {
    if chunks.isEmpty {
      if let value { append(value, at: key) }
      return nil
    }
    let chunk = chunkIndex(of: key)
    let row = rowIndex(of: key, in: chunk)
    let isThere = row < chunks[chunk].count && chunks[chunk][row].key == key
    switch (isThere, value) {
    case (true, .some(let value)):
      let old = chunks[chunk][row].value
      chunks[chunk][row].value = value
      return old
    case (true, .none):
      return remove(row, from: chunk)
    case (false, .some(let value)):
      insert(Row(key: key, value: value), at: row, in: chunk)
      return nil
    case (false, .none):
      return nil
    }
  }

  private mutating func insert(_ row: Row, at index: Int, in chunk: Int) {
    chunks[chunk].insert(row, at: index)
    if index == 0 { firsts[chunk] = row.key }
    count += 1
    guard chunks[chunk].count > Self.chunkLimit else { return }
    let half = chunks[chunk].count / 2
    let upper = Array(chunks[chunk][half...])
    chunks[chunk].removeSubrange(half...)
    chunks.insert(upper, at: chunk + 1)
    firsts.insert(upper[0].key, at: chunk + 1)
  }

  private mutating func remove(_ row: Int, from chunk: Int) -> [UInt8] {
    let removed = chunks[chunk].remove(at: row)
    count -= 1
    if chunks[chunk].isEmpty {
      chunks.remove(at: chunk)
      firsts.remove(at: chunk)
    } else if row == 0 {
      firsts[chunk] = chunks[chunk][0].key
    }
    return removed.value
  }

  /// Rows from `start` up to but without `end`, ascending, at most `limit`.
  package func rows(
    from start: StateKey, to end: StateKey, limit: Int
  ) -> [(key: StateKey, value: [UInt8])] {
    var found: [(key: StateKey, value: [UInt8])] = []
    if chunks.isEmpty || limit <= 0 { return found }
    var chunk = chunkIndex(of: start)
    var row = rowIndex(of: start, in: chunk)
    while chunk < chunks.count {
      while row < chunks[chunk].count {
        let candidate = chunks[chunk][row]
        if !(candidate.key < end) || found.count == limit { return found }
        found.append((candidate.key, candidate.value))
        row += 1
      }
      chunk += 1
      row = 0
    }
    return found
  }

  /// All rows of a range, ascending.
  package func rows(in range: KeyRange) -> [(key: StateKey, value: [UInt8])] {
    rows(from: range.from, to: range.to, limit: .max)
  }

  /// The first row from `start` up to but without `end`.
  package func first(from start: StateKey, to end: StateKey) -> (key: StateKey, value: [UInt8])? {
    rows(from: start, to: end, limit: 1).first
  }

  /// Calls `body` with every row, ascending by key.
  package func visit<E: Error>(_ body: (StateKey, [UInt8]) throws(E) -> Void) throws(E) {
    for chunk in chunks {
      for row in chunk { try body(row.key, row.value) }
    }
  }

  // MARK: Places

  /// Where a row is, as long as the rows do not change.
  struct Place: Hashable, Sendable {
    fileprivate let chunk: UInt32
    fileprivate let row: UInt32
  }

  /// The row at a place.
  func row(at place: Place) -> (key: StateKey, value: [UInt8]) {
    let row = chunks[Int(place.chunk)][Int(place.row)]
    return (row.key, row.value)
  }

  /// Calls `body` with every row's place and key, ascending by key.
  func visitPlaces(_ body: (Place, StateKey) -> Void) {
    for (chunk, rows) in chunks.enumerated() {
      for (row, entry) in rows.enumerated() {
        body(
          Place(chunk: UInt32(truncatingIfNeeded: chunk), row: UInt32(truncatingIfNeeded: row)),
          entry.key)
      }
    }
  }
}
