import Cryptography
import GatewayKit
import StorageService

/// Who may sign requests.
package protocol CredentialStore: Sendable {
  /// The credential with that access key id, or nil when there is none.
  func lookup(accessKeyID: String) async throws -> S3Credential?
}

/// An access key and whose it is.
package struct S3Credential: Sendable {
  package let accessKeyID: String
  package let secretKey: String
  /// The name of the identity: the ``S3Tenant`` whose buckets it may use.
  package let account: String
  /// What the key is limited to; nil for the identity's own.
  package let grant: AccessGrant?

  package init(
    accessKeyID: String, secretKey: String, account: String, grant: AccessGrant? = nil
  ) {
    self.grant = grant
    self.accessKeyID = accessKeyID
    self.secretKey = secretKey
    self.account = account
  }
}

/// One identity that this gateway serves.
package struct S3Tenant: Sendable {
  /// The identity's name, such as `main`.
  package let name: String
  /// What S3 shows as the owner's id: the ledger account in hexadecimal.
  package let ownerID: String
  package let engine: any ObjectEngine
  package let index: ObjectIndex
  /// The key that wraps the data keys of a bucket.
  package let bucketKey: @Sendable (_ bucket: String) -> SymmetricKeyBytes
  /// What bytes cost it now; nil while that is not known.
  package let tariff: @Sendable () async -> StorageTariff?
  /// Called when a request has come and before anything is read for it.
  /// Throws when this gateway may not serve the identity now.
  package let admit: @Sendable () async throws -> Void

  package init(
    name: String, ownerID: String, engine: any ObjectEngine, index: ObjectIndex,
    tariff: @escaping @Sendable () async -> StorageTariff? = { nil },
    bucketKey: @escaping @Sendable (_ bucket: String) -> SymmetricKeyBytes,
    admit: @escaping @Sendable () async throws -> Void = {}
  ) {
    self.tariff = tariff
    self.name = name
    self.ownerID = ownerID
    self.engine = engine
    self.index = index
    self.bucketKey = bucketKey
    self.admit = admit
  }
}
