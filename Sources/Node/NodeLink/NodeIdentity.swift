import Crypto
import Cryptography
import Foundation
import Locks
import NIOCore
import NIOSSL
import Primitives
import SwiftASN1
import X509

/// A node on the link: its Ed25519 key, and a fresh self-signed P-256 certificate that carries it.
///
/// The certificate lives as long as the process. It never touches the disk; who a node is, is its
/// Ed25519 key alone.
package struct NodeIdentity: Sendable {
  /// The node's account, as its peers see it.
  package let accountID: AccountID
  let serverContext: NIOSSLContext
  let clientContext: NIOSSLContext

  /// Makes the certificate.
  /// - Throws: ``LinkError/identity(_:)`` when the TLS library refuses.
  package init(key: SigningKey) throws {
    do {
      let (certificate, privateKey) = try Self.makeCertificate(for: key)
      try self.init(accountID: key.accountID, certificate: certificate, privateKey: privateKey)
    } catch {
      throw LinkError.identity("The node's certificate could not be made: \(error)")
    }
  }

  /// An identity from any certificate. Tests use it to present wrong ones.
  init(accountID: AccountID, certificate: [UInt8], privateKey: [UInt8]) throws {
    self.accountID = accountID
    let certificate = try NIOSSLCertificate(bytes: certificate, format: .der)
    let privateKey = try NIOSSLPrivateKey(bytes: privateKey, format: .der)
    var server = TLSConfiguration.makeServerConfiguration(
      certificateChain: [.certificate(certificate)], privateKey: .privateKey(privateKey))
    Self.harden(&server)
    var client = TLSConfiguration.makeClientConfiguration()
    client.certificateChain = [.certificate(certificate)]
    client.privateKey = .privateKey(privateKey)
    Self.harden(&client)
    serverContext = try NIOSSLContext(configuration: server)
    clientContext = try NIOSSLContext(configuration: client)
  }

  private static func harden(_ configuration: inout TLSConfiguration) {
    configuration.minimumTLSVersion = .tlsv13
    configuration.maximumTLSVersion = .tlsv13
    // No certificate authority is trusted: the verification callback decides alone.
    configuration.trustRoots = .certificates([])
    // Makes the server ask for a certificate and refuse a peer without one.
    configuration.certificateVerification = .noHostnameVerification
    configuration.applicationProtocols = ["trellis-link/1"]
    configuration.shutdownTimeout = .seconds(1)
  }

  /// A self-signed certificate and its private key, both DER.
  static func makeCertificate(
    for key: SigningKey,
    extensionFor makeExtension: (Certificate.PublicKey) throws -> Certificate.Extension
  ) throws -> (certificate: [UInt8], privateKey: [UInt8]) {
    let secret = P256.Signing.PrivateKey()
    let issuerKey = Certificate.PrivateKey(secret)
    let name = try DistinguishedName { CommonName("trellis node") }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: issuerKey.publicKey,
      notValidBefore: Date(timeIntervalSince1970: 1_577_836_800),
      notValidAfter: Date(timeIntervalSince1970: 4_102_444_800), issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions([try makeExtension(issuerKey.publicKey)]),
      issuerPrivateKey: issuerKey)
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return (serializer.serializedBytes, Array(secret.derRepresentation))
  }

  private static func makeCertificate(
    for key: SigningKey
  ) throws -> (certificate: [UInt8], privateKey: [UInt8]) {
    try makeCertificate(for: key) { try NodeKeyExtension.make(for: $0, signedBy: key) }
  }
}

/// Who the other side of one connection proved to be; set by the TLS callback.
final class VerifiedPeer: Sendable {
  private let state = Locked<(node: AccountID?, wasAsked: Bool)>((nil, false))

  /// The proven node, once the certificate was seen.
  var node: AccountID? { state.withLock { $0.node } }
  /// Whether the peer presented a certificate at all.
  var wasAsked: Bool { state.withLock { $0.wasAsked } }

  /// The TLS library's callback: accepts exactly one certificate that proves a node, and, when
  /// `expected` is given, only that node.
  func verify(
    _ chain: [NIOSSLCertificate], expected: AccountID?,
    promise: EventLoopPromise<NIOSSLVerificationResult>
  ) {
    let bytes = chain.count == 1 ? try? chain[0].toDERBytes() : nil
    let node = bytes.flatMap { NodeKeyExtension.node(provenBy: $0) }
    state.withLock { $0 = (node, true) }
    let isRight = node != nil && (expected == nil || node == expected)
    promise.succeed(isRight ? .certificateVerified : .failed)
  }
}
