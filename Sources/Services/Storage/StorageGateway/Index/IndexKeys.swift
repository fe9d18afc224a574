import Foundation
import Primitives
import StorageService

/// Names of granted keys that count no more.
extension IndexMutator {
  /// The first time counts: what is revoked stays revoked.
  func revokeKey(_ name: String) throws {
    try database.run(
      "INSERT OR IGNORE INTO revokedKey (name, revoked) VALUES (?, ?)", [Data(name.utf8), now])
  }
}

extension ObjectIndex {
  /// When the keys of a name were revoked, in milliseconds since 1970; nil when they were not.
  package func revocation(ofKeysNamed name: String) async throws -> UInt64? {
    try await database.read { database in
      let row = try database.first(
        "SELECT revoked FROM revokedKey WHERE name = ?", [Data(name.utf8)])
      let time: Int64? = row?["revoked"]
      return time.map { UInt64(clamping: $0) }
    }
  }

  /// All names whose keys were revoked, ascending, and when, in milliseconds since 1970.
  package func revokedKeys() async throws -> [(name: String, unixMilliseconds: UInt64)] {
    try await database.read { database in
      try database.all("SELECT name, revoked FROM revokedKey ORDER BY name").map { row in
        let name: Data = row["name"]
        let time: Int64 = row["revoked"]
        return (String(decoding: name, as: UTF8.self), UInt64(clamping: time))
      }
    }
  }
}
