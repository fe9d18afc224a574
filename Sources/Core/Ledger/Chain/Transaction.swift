import Cryptography
import Primitives

/// What an account wants done, protected against replay.
package struct Transaction: Hashable, Sendable, CanonicalCodable {
  /// The first lane number that does not exist: lanes are 0…63.
  package static let laneCount: UInt8 = 64

  /// The chain's identity; a transaction means nothing on another one.
  package let chain: Digest
  package let sender: AccountID
  /// Which of the account's independent sequences this one belongs to.
  package let lane: UInt8
  /// Must be exactly the lane's next; the first is 0.
  package let sequence: UInt64
  /// The last height at which it may execute.
  package let expiryHeight: UInt64
  package let operation: Operation

  package init(
    chain: Digest, sender: AccountID, lane: UInt8 = 0, sequence: UInt64, expiryHeight: UInt64,
    operation: Operation
  ) {
    self.chain = chain
    self.sender = sender
    self.lane = lane
    self.sequence = sequence
    self.expiryHeight = expiryHeight
    self.operation = operation
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(sender)
    encoder.encode(lane)
    encoder.encode(sequence)
    encoder.encode(expiryHeight)
    encoder.encode(operation)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    sender = try decoder.decode()
    lane = try decoder.decodeUInt8()
    sequence = try decoder.decodeUInt64()
    expiryHeight = try decoder.decodeUInt64()
    operation = try decoder.decode()
  }
}

/// A transaction with its sender's signature over the domain-separated hash of its bytes.
package struct SignedTransaction: Hashable, Sendable, CanonicalCodable {
  /// The domain of the signature.
  package static let domain = "transaction"

  package let transaction: Transaction
  package let signature: Signature

  package init(transaction: Transaction, signature: Signature) {
    self.transaction = transaction
    self.signature = signature
  }

  /// Signs a transaction.
  package static func sign(_ transaction: Transaction, with key: SigningKey) -> SignedTransaction {
    SignedTransaction(
      transaction: transaction,
      signature: key.sign(domain: domain, transaction.canonicalBytes()))
  }

  /// What the transaction is known by: plain SHA-256 of the bytes that are broadcast, its
  /// ``BlockItem`` encoding with the signature, so that it is what CometBFT's RPC calls the hash.
  package var hash: Digest { Digest.sha256(BlockItem.signed(self).canonicalBytes()) }

  /// Whether the sender signed it. Pure, so that a driver may ask on many threads at once.
  package var isSignatureValid: Bool {
    transaction.sender.verifies(
      signature, domain: Self.domain, of: transaction.canonicalBytes())
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(transaction)
    encoder.encode(signature)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    transaction = try decoder.decode()
    signature = try decoder.decode()
  }
}
