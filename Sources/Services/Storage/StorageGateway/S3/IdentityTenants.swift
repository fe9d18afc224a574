import GatewayKit

extension GatewayIdentities: CredentialStore {
  /// The credential that an identity's seed makes; every request reads it anew.
  package func lookup(accessKeyID: String) async throws -> S3Credential? {
    identity(accessKeyID: accessKeyID).map { identity in
      S3Credential(
        accessKeyID: accessKeyID, secretKey: identity.seed.s3SecretKey, account: identity.name)
    }
  }
}

extension S3Tenant {
  /// An identity with its engine and its index.
  package init(identity: GatewayIdentity, engine: any ObjectEngine, index: ObjectIndex) {
    self.init(
      name: identity.name, ownerID: identity.account.hex, engine: engine, index: index,
      bucketKey: { identity.seed.bucketKey($0) })
  }
}
