import Synchronization

/// Which identity owns which bucket, over all identities of the gateway: a bucket's name is taken
/// once.
final class BucketDirectory: Sendable {
  private let owners = Mutex<[String: String]>([:])

  /// Takes a name for an account unless somebody has it; returns who has it now.
  @inline(never)
  func claim(_ bucket: String, for account: String) -> (owner: String, isNew: Bool) {
    owners.withLock { owners in
      if let owner = owners[bucket] { return (owner, false) }
      owners[bucket] = account
      return (account, true)
    }
  }

  /// The name is free again.
  @inline(never)
  func release(_ bucket: String) {
    owners.withLock { $0[bucket] = nil }
  }

  /// Whose the bucket is; nil when there is none.
  @inline(never)
  func owner(of bucket: String) -> String? { owners.withLock { $0[bucket] } }
}
