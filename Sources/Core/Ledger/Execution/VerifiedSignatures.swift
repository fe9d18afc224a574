import Primitives

/// The hashes of signed transactions whose signature was found valid: bounded, newest kept.
///
/// Keyed by the hash of the whole item, signature included, so that nothing else is taken for it.
struct VerifiedSignatures: Sendable {
  private let limit: Int
  private var newer: Set<Digest> = []
  private var older: Set<Digest> = []

  /// - Parameter limit: the most hashes that are kept.
  init(limit: Int) { self.limit = max(limit, 2) }

  func contains(_ hash: Digest) -> Bool { newer.contains(hash) || older.contains(hash) }

  mutating func insert(_ hash: Digest) {
    newer.insert(hash)
    if newer.count >= limit / 2 {
      older = newer
      newer = []
    }
  }

  /// How many are kept.
  var count: Int { newer.count + older.count }
}
