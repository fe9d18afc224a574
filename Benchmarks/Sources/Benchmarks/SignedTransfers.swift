import CSodium
import Cryptography
import Ledger
import Primitives

/// A block's worth of transfers, each of a sender of its own.
struct SignedTransfers: Sendable {
  /// ``BlockItem`` encodings.
  let items: [[UInt8]]
  private let signatures: [UInt8]
  private let digests: [UInt8]
  private let senders: [UInt8]

  /// Signs one transfer a sender, to accounts that `recipient` names by the transfer's index.
  init(
    chain: Digest, senders keys: ArraySlice<SigningKey>, amount: Amount,
    recipient: (Int) -> AccountID
  ) {
    var (items, signatures, digests, senders) = ([[UInt8]](), [UInt8](), [UInt8](), [UInt8]())
    for (index, key) in keys.enumerated() {
      let transaction = Transaction(
        chain: chain, sender: key.accountID, sequence: 0, expiryHeight: 1_000_000,
        operation: .transfer(to: recipient(index), amount: amount))
      let signed = SignedTransaction.sign(transaction, with: key)
      items.append(BlockItem.signed(signed).canonicalBytes())
      signatures += signed.signature.bytes
      digests += Digest.sha256(domain: SignedTransaction.domain, transaction.canonicalBytes()).bytes
      senders += key.accountID.bytes
    }
    (self.items, self.signatures) = (items, signatures)
    (self.digests, self.senders) = (digests, senders)
  }

  /// How long libsodium takes on all cores for these signatures and nothing else.
  func secondsOfVerifying() -> Double {
    Processors.forEach(0..<items.count) { index in
      let verdict = signatures.withUnsafeBufferPointer { signatures in
        digests.withUnsafeBufferPointer { digests in
          senders.withUnsafeBufferPointer { senders in
            crypto_sign_verify_detached(
              signatures.baseAddress! + 64 * index, digests.baseAddress! + 32 * index, 32,
              senders.baseAddress! + 32 * index)
          }
        }
      }
      precondition(verdict == 0, "the transfers are signed")
    }
  }
}
