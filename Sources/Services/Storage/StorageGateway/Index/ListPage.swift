import Primitives

/// What a listing is to show.
package struct ListRequest: Hashable, Sendable {
  /// Only keys that begin with this.
  package var prefix: [UInt8] = []
  /// Keys that share what lies between the prefix and the next delimiter are shown as one; empty
  /// for none.
  package var delimiter: [UInt8] = []
  /// Only keys and common prefixes behind this one; empty for all.
  package var marker: [UInt8] = []
  /// The most entries, keys and common prefixes together.
  package var limit: Int = 1_000

  package init() {}
}

/// A page of a listing: entries in the order of their bytes.
package struct ListPage<Item: Sendable>: Sendable {
  /// One line.
  package enum Entry: Sendable {
    case item(Item)
    /// The keys that begin with it are not shown one by one.
    case commonPrefix([UInt8])
  }

  package var entries: [Entry] = []
  /// Whether there are more behind the last entry.
  package var isTruncated = false
  /// The last entry's key or common prefix: the marker of the next page.
  package var lastKey: [UInt8] = []

  /// The items, without common prefixes.
  package var items: [Item] {
    entries.compactMap { if case .item(let item) = $0 { item } else { nil } }
  }

  /// The common prefixes.
  package var commonPrefixes: [[UInt8]] {
    entries.compactMap { if case .commonPrefix(let prefix) = $0 { prefix } else { nil } }
  }
}

/// Order and prefixes of byte strings.
enum KeyBytes {
  /// Whether `left` comes before `right`.
  static func less(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.lexicographicallyPrecedes(right)
  }

  /// The first byte string behind all those that begin with `prefix`; nil when there is none.
  static func successor(ofPrefix prefix: [UInt8]) -> [UInt8]? {
    var bytes = prefix
    while let last = bytes.popLast() {
      if last < 0xFF {
        bytes.append(last + 1)
        return bytes
      }
    }
    return nil
  }

  /// The first byte string behind `key`.
  static func successor(of key: [UInt8]) -> [UInt8] { key + [0] }

  /// `key` up to and including the first delimiter behind the prefix; nil when there is none.
  static func commonPrefix(
    of key: [UInt8], prefixLength: Int, delimiter: [UInt8]
  ) -> [UInt8]? {
    guard !delimiter.isEmpty, key.count >= prefixLength + delimiter.count else { return nil }
    for start in prefixLength...(key.count - delimiter.count)
    where key[start..<start + delimiter.count].elementsEqual(delimiter) {
      return Array(key[..<(start + delimiter.count)])
    }
    return nil
  }
}
