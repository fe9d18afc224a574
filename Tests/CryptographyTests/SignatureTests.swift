import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct SignatureTests {
  private let golden = Golden("cryptography")
  private let key = SigningKey(seed: Seeds.counting)

  @Test(arguments: Array(Ed25519EdgeCases.all.enumerated()))
  func edgeCasesHaveTheFixedVerdict(index: Int, edgeCase: Ed25519EdgeCases.Case) throws {
    let account = try #require(AccountID(hex: edgeCase.publicKey))
    let signature = try #require(
      [UInt8](hex: edgeCase.signature).flatMap { Signature(bytes: $0) })
    let message = try #require([UInt8](hex: edgeCase.message))
    #expect(account.verifies(signature, of: message) == edgeCase.isAccepted, "case \(index)")
  }

  @Test func signaturesAreThoseOfRFC8032() throws {
    try golden.check("signature.plain", key.sign(Array("hello".utf8)).bytes.hex)
    try golden.check(
      "signature.domain", key.sign(domain: "example", Array("hello".utf8)).bytes.hex)
  }

  @Test func aSignatureHoldsForItsMessageKeyAndDomainOnly() {
    let message = Array("pay 5".utf8)
    let signature = key.sign(domain: "transaction", message)
    let account = key.accountID
    let other = SigningKey(seed: .zero).accountID
    #expect(account.verifies(signature, domain: "transaction", of: message))
    #expect(!account.verifies(signature, domain: "voucher", of: message))
    #expect(!account.verifies(signature, of: message))
    #expect(!account.verifies(signature, domain: "transaction", of: message + [0]))
    #expect(!other.verifies(signature, domain: "transaction", of: message))
  }

  @Test func everyFlippedBitIsRefused() throws {
    let message = Array("m".utf8)
    let bytes = key.sign(message).bytes
    for bit in 0..<512 {
      var changed = bytes
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      let signature = try #require(Signature(bytes: changed))
      #expect(!key.accountID.verifies(signature, of: message), "bit \(bit)")
    }
  }

  @Test func theEmptyMessageIsSigned() {
    #expect(key.accountID.verifies(key.sign([]), of: []))
    #expect(!key.accountID.verifies(.zero, of: []))
  }

  @Test func secretsAreNotPrinted() {
    let secret = Seeds.counting.hex
    var dumped = ""
    dump(key, to: &dumped)
    dump(IdentitySeed(Seeds.counting), to: &dumped)
    dump(SymmetricKeyBytes(Seeds.counting), to: &dumped)
    dump(VerifiableRandomKey(seed: Seeds.counting), to: &dumped)
    dumped += "\(key) \(IdentitySeed(Seeds.counting)) \(SymmetricKeyBytes(Seeds.counting))"
    dumped += String(reflecting: key) + String(reflecting: IdentitySeed(Seeds.counting))
    #expect(!dumped.contains(secret))
    #expect(!dumped.contains("\(Seeds.counting.words.0)"))
  }
}

/// Seeds that golden values refer to.
enum Seeds {
  /// The bytes 00 to 1f.
  static let counting = Array(UInt8(0)..<32).withUnsafeBytes { Bytes32(buffer: $0) }
}
