import Cryptography
import Primitives

/// What a key may do that an identity's owner makes for somebody else, an agent say: limited by
/// budget, time and prefix.
///
/// The grant *is* the access key id: its canonical bytes in hexadecimal behind `TRLK`. The secret
/// follows from the identity's seed and the id, so a gateway keeps no list of keys, one that was
/// rebuilt from the seed knows them all, and who changes a limit in the id has the wrong secret.
package struct AccessGrant: Hashable, Sendable, CanonicalCodable {
  /// What every such key begins with.
  package static let idPrefix = "TRLK"
  /// Bytes of an identity's tag.
  package static let tagBytes = 5
  private static let longestPrefix = 128
  /// Bytes of a name.
  package static let longestName = 32
  private static let version: UInt8 = 1

  /// Which identity made it: ``tag(of:)``.
  package let identityTag: [UInt8]
  /// Tells keys of one name apart.
  package let serial: UInt32
  /// What it is called, in refusals and reports.
  package let name: String
  /// When it ends, in seconds since 1970; nil for never.
  package let expirySeconds: UInt64?
  /// What it may spend in a calendar month (UTC), in millionths of a credit; nil for no limit.
  package let monthlyBudgetMicroCredits: UInt64?
  /// The bucket, or the bucket and the beginning of keys behind a slash; nil for all.
  package let prefix: String?

  package init(
    identity: IdentitySeed, serial: UInt32, name: String, expirySeconds: UInt64?,
    monthlyBudgetMicroCredits: UInt64?, prefix: String?
  ) throws(CodecError) {
    identityTag = Self.tag(of: identity)
    self.serial = serial
    self.name = name
    self.expirySeconds = expirySeconds
    self.monthlyBudgetMicroCredits = monthlyBudgetMicroCredits
    self.prefix = prefix
    // What does not read back is no key.
    _ = try AccessGrant(canonicalBytes: canonicalBytes())
  }

  /// What finds an identity without saying which it is: the first bytes of a hash of its key id.
  package static func tag(of identity: IdentitySeed) -> [UInt8] {
    Array(
      Digest.sha256(domain: "s3-grant", Array(identity.s3AccessKeyID.utf8)).bytes
        .prefix(tagBytes))
  }

  /// The access key id.
  package var accessKeyID: String { Self.idPrefix + canonicalBytes().hex.uppercased() }

  /// The grant of an access key id; nil for any other id.
  package init?(accessKeyID: String) {
    guard accessKeyID.hasPrefix(Self.idPrefix), accessKeyID.utf8.count <= 1_024,
      let bytes = [UInt8](hex: accessKeyID.dropFirst(Self.idPrefix.count).lowercased()),
      let grant = try? AccessGrant(canonicalBytes: bytes), grant.accessKeyID == accessKeyID
    else { return nil }
    self = grant
  }

  /// The bucket that it is limited to; nil for all.
  package var bucket: String? {
    prefix.map { $0.split(separator: "/", maxSplits: 1).first.map(String.init) ?? "" }
  }

  /// How keys must begin in that bucket.
  package var keyPrefix: String {
    let parts = (prefix ?? "").split(
      separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count > 1 ? String(parts[1]) : ""
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(Self.version)
    encoder.append(raw: identityTag)
    encoder.encode(serial)
    encoder.encode(name)
    encodeOptional(expirySeconds, into: &encoder)
    encodeOptional(monthlyBudgetMicroCredits, into: &encoder)
    encoder.encode(prefix != nil)
    if let prefix { encoder.encode(prefix) }
  }

  private func encodeOptional(_ value: UInt64?, into encoder: inout CanonicalEncoder) {
    encoder.encode(value != nil)
    if let value { encoder.encode(value) }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let version = try decoder.decodeUInt8()
    guard version == Self.version else {
      throw .unknownCase(type: "AccessGrant", byte: version)
    }
    identityTag = try decoder.decodeRaw(count: Self.tagBytes)
    serial = try decoder.decodeUInt32()
    name = try decoder.decodeString(limit: Self.longestName)
    expirySeconds = try decoder.decodeBool() ? try decoder.decodeUInt64() : nil
    monthlyBudgetMicroCredits = try decoder.decodeBool() ? try decoder.decodeUInt64() : nil
    prefix = try decoder.decodeBool() ? try decoder.decodeString(limit: Self.longestPrefix) : nil
  }
}

extension IdentitySeed {
  /// The secret of a key that was granted: forty base-64url characters.
  package func s3SecretKey(of grant: AccessGrant) -> String {
    s3SecretKey(grantedTo: grant.accessKeyID)
  }
}
