import Primitives
import StorageService

extension ShardStore {
  /// Reads a whole shard and compares it with what was acknowledged: full blocks by their CRC, the
  /// rest by its leaves' hashes. Marks it, durably, and returns false when it is damaged.
  package func scrub(_ key: ShardKey) -> Bool {
    guard let row = row(key), row.length > 0 else { return true }
    if row.isDamaged { return false }
    let size = UInt64(ShardHashes.blockBytes)
    for start in stride(from: 0, to: row.length, by: ShardHashes.blockBytes) {
      let end = min(start + size, row.length)
      let isWhole = try? withEntry(key) { [files] entry in
        // It was cut while it was read: there is nothing to compare with.
        guard entry.row.length >= row.length else { return true }
        let bytes = try entry.read(start..<end, files)
        guard UInt64(bytes.count) == end - start else { return false }
        return try bytes.withUnsafeBytes { raw in
          end - start == size
            ? try entry.areWhole(raw, firstBlock: Int(start / size), files)
            : try entry.isTail(raw, of: row, files)
        }
      }
      guard isWhole == true else { return noteScrub(key, expected: row, isWhole: false) }
    }
    return true
  }

  private func noteScrub(_ key: ShardKey, expected: ShardRow, isWhole: Bool) -> Bool {
    if isWhole { return true }
    let outcome = try? withEntry(key) { entry -> Bool in
      // It was cut, or dropped and made again, while it was read: look again next time.
      guard entry.row.length >= expected.length else { return true }
      self.noteDamage(&entry)
      return false
    }
    return outcome ?? true
  }
}
