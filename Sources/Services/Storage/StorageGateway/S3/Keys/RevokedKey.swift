/// A name whose keys count no more, as JSON says it.
package struct RevokedKey: Codable, Hashable, Sendable {
  package let name: String
  /// In ISO 8601, UTC.
  package let revokedAt: String
}
