import Cryptography
import NIOCore
import NIOPosix
import NIOSSL
import Primitives
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import NodeLink

@Suite(.timeLimit(.minutes(1))) struct LinkIdentityTests {
  private typealias F = LinkFixtures

  private func expectRefused(_ identity: NodeIdentity) async throws {
    try await F.withServer { _, body in
      Issue.record("the handler ran for a peer without a valid node key")
      return body
    } run: { _, port in
      try await F.withClient(port: port, identity: identity) { client in
        #expect(
          await F.linkError { _ = try await client.call(F.body(""), timeoutSeconds: 5) } != nil)
      }
    }
  }

  /// An identity whose certificate carries what `makeExtension` makes of its public key.
  private func forged(
    _ makeExtension: (Certificate.PublicKey) throws -> Certificate.Extension
  ) throws -> NodeIdentity {
    let (certificate, privateKey) = try NodeIdentity.makeCertificate(
      for: F.key(2), extensionFor: makeExtension)
    return try NodeIdentity(
      accountID: F.key(2).accountID, certificate: certificate, privateKey: privateKey)
  }

  @Test func aCertificateProvesItsNode() throws {
    let (certificate, _) = try NodeIdentity.makeCertificate(for: F.key(5)) {
      try NodeKeyExtension.make(for: $0, signedBy: F.key(5))
    }
    #expect(NodeKeyExtension.node(provenBy: certificate) == F.key(5).accountID)
  }

  @Test func noByteOfACertificateCanChange() throws {
    let (certificate, _) = try NodeIdentity.makeCertificate(for: F.key(5)) {
      try NodeKeyExtension.make(for: $0, signedBy: F.key(5))
    }
    for index in stride(from: 0, to: certificate.count, by: 3) {
      var changed = certificate
      changed[index] ^= 0x10
      #expect(NodeKeyExtension.node(provenBy: changed) == nil, "byte \(index)")
    }
    for length in stride(from: 0, to: certificate.count, by: 7) {
      #expect(NodeKeyExtension.node(provenBy: Array(certificate.prefix(length))) == nil)
    }
  }

  @Test func anotherNodesExtensionIsRefused() async throws {
    // Node 9's extension, copied from its certificate: its signature is over another TLS key.
    let (stolen, _) = try NodeIdentity.makeCertificate(for: F.key(9)) {
      try NodeKeyExtension.make(for: $0, signedBy: F.key(9))
    }
    let certificate = try Certificate(derEncoded: stolen)
    let copied = try #require(certificate.extensions[oid: NodeKeyExtension.objectIdentifier])
    try await expectRefused(try forged { _ in copied })
  }

  @Test func aKeyWithAForeignSignatureIsRefused() async throws {
    try await expectRefused(
      try forged { publicKey in
        let signature = F.key(3).sign(
          domain: NodeKeyExtension.domain, Array(publicKey.subjectPublicKeyInfoBytes))
        var serializer = DER.Serializer()
        try serializer.serialize(
          ASN1OctetString(contentBytes: (F.key(2).accountID.bytes + signature.bytes)[...]))
        return Certificate.Extension(
          oid: NodeKeyExtension.objectIdentifier, critical: false,
          value: serializer.serializedBytes[...])
      })
  }

  @Test func aCertificateWithoutTheExtensionIsRefused() async throws {
    try await expectRefused(
      try forged { _ in
        Certificate.Extension(oid: [2, 25, 1], critical: false, value: [5, 0])
      })
  }

  @Test func theClientRefusesAnyoneButTheExpectedNode() async throws {
    try await F.withServer { _, body in
      body
    } run: { server, port in
      let expected = F.key(77).accountID
      try await F.withClient(port: port, expected: expected) { client in
        let error = await F.linkError { _ = try await client.call(F.body(""), timeoutSeconds: 5) }
        #expect(error == .wrongPeer(expected: expected, found: F.key(1).accountID))
      }
    }
  }

  /// Connects with any TLS settings; true when the server closed without a byte of an answer.
  private func isRefused(_ configuration: TLSConfiguration) async throws -> Bool {
    let context = try NIOSSLContext(configuration: configuration)
    var refused = false
    try await F.withServer { _, body in
      body
    } run: { server, port in
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: context, serverHostname: nil) {
                $1.succeed(.certificateVerified)
              })
          }
        }
        .connect(host: "127.0.0.1", port: port).get()
      var request = LinkFrame(kind: .request, number: 1, body: F.body("x"))
        .header(allocator: ByteBufferAllocator())
      request.writeString("x")
      channel.writeAndFlush(request, promise: nil)
      try? await channel.closeFuture.get()
      refused = true
    }
    return refused
  }

  @Test func aPeerWithoutACertificateIsRefused() async throws {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    #expect(try await isRefused(configuration))
  }

  @Test func olderTLSIsRefused() async throws {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    configuration.maximumTLSVersion = .tlsv12
    #expect(try await isRefused(configuration))
  }
}
