import Crypto
import Cryptography
import Primitives
import SwiftASN1
import X509

/// The certificate extension that ties a TLS key to a node: the node's Ed25519 key and its
/// signature over the certificate's public key, as libp2p does it.
///
/// The extension's value is a DER OCTET STRING of 96 bytes: key ‖ signature. The signature is over
/// the DER SubjectPublicKeyInfo in the domain `link-certificate`.
enum NodeKeyExtension {
  /// Under 2.25, the arc of UUIDs, where nobody has to be asked.
  static let objectIdentifier: ASN1ObjectIdentifier = [2, 25, 4_051_846_289_117_390_627]
  static let domain = "link-certificate"
  static let valueBytes = 96

  /// The extension for a certificate with that public key.
  static func make(
    for publicKey: Certificate.PublicKey, signedBy key: SigningKey
  ) throws -> Certificate.Extension {
    let signature = key.sign(domain: domain, Array(publicKey.subjectPublicKeyInfoBytes))
    var serializer = DER.Serializer()
    try serializer.serialize(
      ASN1OctetString(contentBytes: (key.accountID.bytes + signature.bytes)[...]))
    return Certificate.Extension(
      oid: objectIdentifier, critical: false, value: serializer.serializedBytes[...])
  }

  /// The node that a presented certificate belongs to, or nil when it proves none.
  ///
  /// Validity times are not looked at: the proof is the signature, and a node whose clock is an
  /// hour off is still the same node.
  static func node(provenBy certificateBytes: [UInt8]) -> AccountID? {
    guard let certificate = try? Certificate(derEncoded: certificateBytes),
      P256.Signing.PublicKey(certificate.publicKey) != nil,
      certificate.publicKey.isValidSignature(certificate.signature, for: certificate),
      let found = certificate.extensions[oid: objectIdentifier],
      let parsed = try? DER.parse(Array(found.value)),
      let value = try? ASN1OctetString(derEncoded: parsed), value.bytes.count == valueBytes,
      let node = AccountID(bytes: value.bytes.prefix(32)),
      let signature = Signature(bytes: value.bytes.suffix(64)),
      node.verifies(
        signature, domain: domain, of: Array(certificate.publicKey.subjectPublicKeyInfoBytes))
    else { return nil }
    return node
  }
}
