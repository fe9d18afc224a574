import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct KeyTests {
  private let golden = Golden("cryptography")
  private let identity = IdentitySeed(Seeds.counting)

  @Test func theKeyHierarchyIsFixed() throws {
    try golden.check("identity.ledger-account", identity.ledgerKey.accountID.hex)
    try golden.check("identity.ledger-did", identity.ledgerKey.accountID.didKey)
    try golden.check("identity.index-key", identity.indexKey.value.hex)
    try golden.check("identity.bucket-key-photos", identity.bucketKey("photos").value.hex)
    try golden.check("identity.s3-access-key-id", identity.s3AccessKeyID)
    try golden.check("identity.s3-secret-key", identity.s3SecretKey)
    try golden.check("identity.recovery-locator", identity.recoveryLocator.hex)
    try golden.check("identity.link-account", identity.linkKey.accountID.hex)
    try golden.check("identity.vrf-public-key", identity.verifiableRandomKey.publicKey.hex)
  }

  @Test func credentialsHaveTheLengthsOfS3() {
    #expect(identity.s3AccessKeyID.count == 20)
    #expect(identity.s3SecretKey.count == 40)
  }

  /// RFC 5869, appendix A.1.
  @Test func hkdfMatchesItsRFC() throws {
    let salt = try #require([UInt8](hex: "000102030405060708090a0b0c"))
    let info = try #require([UInt8](hex: "f0f1f2f3f4f5f6f7f8f9"))
    let derived = KeyDerivation.derive(
      [UInt8](repeating: 0x0b, count: 22), salt: salt, info: info, byteCount: 42)
    #expect(
      derived.hex == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        + "34007208d5b887185865")
  }

  @Test func didKeysGoBothWays() throws {
    var random = SeededGenerator.fromEnvironment(default: 1)
    for _ in 0..<200 {
      let account = try #require(AccountID(bytes: random.bytes(32)))
      #expect(account.didKey.hasPrefix("did:key:z6Mk"))
      #expect(AccountID(didKey: account.didKey) == account)
    }
  }

  /// From the did:key specification's examples (w3c-ccg.github.io/did-key-spec).
  @Test func aPublishedDIDKeyIsRead() {
    let text = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    #expect(AccountID(didKey: text)?.didKey == text)
  }

  @Test(arguments: [
    "", "did:key:z", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do",
    "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doKK",
    "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do0",
    "did:key:z16MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    "did:key:6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    // An X25519 key, which is no account.
    "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F",
  ])
  func otherTextsAreNoAccounts(text: String) {
    #expect(AccountID(didKey: text) == nil)
  }

  /// The test vectors of draft-msporny-base58.
  @Test func base58MatchesItsVectors() throws {
    let vectors: [([UInt8], String)] = [
      (Array("Hello World!".utf8), "2NEpo7TZRRrLZSi2U"),
      (
        Array("The quick brown fox jumps over the lazy dog.".utf8),
        "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"
      ),
      ([0, 0, 0x28, 0x7f, 0xb4, 0xcd], "11233QC4"), ([], ""),
    ]
    for (bytes, text) in vectors {
      #expect(Base58.encode(bytes) == text)
      #expect(Base58.decode(text) == bytes)
    }
  }

  /// RFC 4648, section 10, without padding.
  @Test func base32MatchesItsRFC() {
    let vectors = ["": "", "f": "MY", "fo": "MZXQ", "foo": "MZXW6", "foobar": "MZXW6YTBOI"]
    for (plain, text) in vectors {
      #expect(BitText.base32.encode(Array(plain.utf8)) == text)
    }
    #expect(BitText.base64URL.encode([0xfb, 0xff, 0xfe]) == "-__-")
  }

  @Test func equalityInConstantTimeIsEquality() {
    #expect(constantTimeEquals([], []))
    #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
    #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
    #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
  }
}
