import Cryptography
import Primitives

/// Something that is signed on its own, apart from ledger transactions.
package protocol SignableMessage: CanonicalCodable, Hashable {
  /// The signature's domain, without `trellis/` and `/1`.
  static var signatureDomain: String { get }
}

/// A message and a signature over it. Who signed is not part of it: the verifier must know whom to
/// ask.
package struct Signed<Message: SignableMessage>: Hashable, Sendable, CanonicalCodable {
  package let message: Message
  package let signature: Signature

  package init(_ message: Message, signature: Signature) {
    self.message = message
    self.signature = signature
  }

  /// Signs a message.
  package init(_ message: Message, by key: SigningKey) {
    self.message = message
    signature = key.sign(domain: Message.signatureDomain, message.canonicalBytes())
  }

  /// Whether the signature is `account`'s.
  package func isSigned(by account: AccountID) -> Bool {
    account.verifies(signature, domain: Message.signatureDomain, of: message.canonicalBytes())
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(message)
    encoder.encode(signature)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    message = try decoder.decode()
    signature = try decoder.decode()
  }
}
