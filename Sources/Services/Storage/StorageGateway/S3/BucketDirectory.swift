import Locks

/// Which identity owns which bucket, over all identities of the gateway: a bucket's name is taken
/// once.
final class BucketDirectory: Sendable {
  private let owners = Locked<[String: String]>([:])

  /// Takes a name for an account unless somebody has it; returns who has it now.
  func claim(_ bucket: String, for account: String) -> (owner: String, isNew: Bool) {
    owners.withLock { owners in
      if let owner = owners[bucket] { return (owner, false) }
      owners[bucket] = account
      return (account, true)
    }
  }

  /// The name is free again.
  func release(_ bucket: String) {
    owners.withLock { $0[bucket] = nil }
  }

  /// Whose the bucket is; nil when there is none.
  func owner(of bucket: String) -> String? { owners.withLock { $0[bucket] } }
}
