import Cryptography
import Primitives

/// A customer that a gateway serves: a name for people and the seed that everything follows from.
package struct GatewayIdentity: Sendable, CustomStringConvertible {
  /// Lower-case letters, digits and hyphens, at most 32; begins with a letter.
  package let name: String
  package let seed: IdentitySeed

  package init(name: String, seed: IdentitySeed) {
    self.name = name
    self.seed = seed
  }

  /// The customer's account on the ledger.
  package var account: AccountID { seed.ledgerKey.accountID }

  /// Never shows the seed.
  package var description: String { "identity \(name) (\(account))" }

  /// Whether a name can be an identity's.
  package static func isName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard let first = bytes.first, bytes.count <= 32, (97...122).contains(first) else {
      return false
    }
    return bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }
}

/// The identities that a gateway serves, found by S3 access key.
package struct GatewayIdentities: Sendable {
  private struct Entry: Sendable {
    let accessKeyID: [UInt8]
    let identity: GatewayIdentity
  }

  private let entries: [Entry]

  /// - Parameter identities: each once; derives the access keys now.
  package init(_ identities: [GatewayIdentity]) {
    entries = identities.map {
      Entry(accessKeyID: Array($0.seed.s3AccessKeyID.utf8), identity: $0)
    }
  }

  /// All identities, in the order given.
  package var all: [GatewayIdentity] { entries.map(\.identity) }

  /// The identity with that name.
  package func identity(named name: String) -> GatewayIdentity? {
    entries.first { $0.identity.name == name }?.identity
  }

  /// The identity with that S3 access key id. Looks at every entry in full, so that the time taken
  /// tells nothing about which keys exist.
  package func identity(accessKeyID: String) -> GatewayIdentity? {
    let wanted = Array(accessKeyID.utf8)
    var found: GatewayIdentity?
    for entry in entries where constantTimeEquals(entry.accessKeyID, wanted) {
      found = entry.identity
    }
    return found
  }
}
