import Foundation
import GRDB
import Primitives
import StorageService

/// Walks keys in order and folds those with a common prefix: behind a common prefix it seeks to the
/// next possible key and does not read what it skips.
struct KeyLister {
  let request: ListRequest

  /// The fewest rows that are read at once.
  var smallestChunk = 8

  /// - Parameter fetch: rows with lower ≤ key < upper in order, at most `limit`.
  func page<Item: Sendable>(
    key keyOf: (Item) -> [UInt8],
    fetch: (_ lower: [UInt8], _ upper: [UInt8]?, _ limit: Int) throws -> [Item]
  ) throws -> ListPage<Item> {
    var page = ListPage<Item>()
    guard request.limit > 0, var lower = firstLower() else { return page }
    let upper = KeyBytes.successor(ofPrefix: request.prefix)
    // With a delimiter most rows may be passed over, so few are read at once until they prove
    // useful.
    var chunk = request.delimiter.isEmpty ? request.limit + 1 : max(smallestChunk, 32)
    while true {
      let before = page.entries.count
      let rows = try fetch(lower, upper, chunk)
      var seek: [UInt8]?
      var last: [UInt8] = []
      for row in rows {
        let key = keyOf(row)
        last = key
        if let seek, KeyBytes.less(key, seek) { continue }
        seek = nil
        if page.entries.count == request.limit {
          page.isTruncated = true
          return page
        }
        let prefix = KeyBytes.commonPrefix(
          of: key, prefixLength: request.prefix.count, delimiter: request.delimiter)
        if let prefix {
          page.entries.append(.commonPrefix(prefix))
          page.lastKey = prefix
          guard let next = KeyBytes.successor(ofPrefix: prefix) else { return page }
          seek = next
        } else {
          page.entries.append(.item(row))
          page.lastKey = key
        }
      }
      if rows.count < chunk { return page }
      lower = seek ?? KeyBytes.successor(of: last)
      let shown = page.entries.count - before
      chunk = shown * 2 < rows.count ? max(smallestChunk, chunk / 2) : min(chunk * 2, 1_024)
    }
  }

  /// The first key that can be shown; nil when none can.
  private func firstLower() -> [UInt8]? {
    guard !request.marker.isEmpty else { return request.prefix }
    // A marker within a common prefix means that this prefix was shown.
    var start = KeyBytes.successor(of: request.marker)
    let isInside = request.marker.starts(with: request.prefix)
    if isInside,
      let prefix = KeyBytes.commonPrefix(
        of: request.marker, prefixLength: request.prefix.count, delimiter: request.delimiter)
    {
      guard let next = KeyBytes.successor(ofPrefix: prefix) else { return nil }
      start = next
    }
    return KeyBytes.less(start, request.prefix) ? request.prefix : start
  }
}
