import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct AuthenticatedCipherTests {
  private let key = SymmetricKeyBytes(Seeds.counting)
  private let nonce = Array(UInt8(0)..<12)
  private let context = Array("context".utf8)

  @Test func theCipherIsAES256GCM() throws {
    let sealed = AuthenticatedCipher.seal(
      Array("a secret record".utf8), key: key, nonce: nonce, authenticating: context)
    try Golden("cryptography").check("cipher.sealed", sealed.hex)
  }

  /// Test case 14 of McGrew and Viega, "The Galois/Counter Mode of Operation".
  @Test func aPublishedVectorHolds() {
    let sealed = AuthenticatedCipher.seal(
      [UInt8](repeating: 0, count: 16), key: SymmetricKeyBytes(.zero),
      nonce: [UInt8](repeating: 0, count: 12), authenticating: [])
    #expect(
      sealed.hex == "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919")
  }

  @Test(arguments: [0, 1, 15, 16, 17, 1000, 65_536])
  func whatWasSealedOpens(byteCount: Int) throws {
    var random = SeededGenerator.fromEnvironment(default: 7)
    let plain = random.bytes(byteCount)
    let sealed = AuthenticatedCipher.seal(plain, key: key, nonce: nonce, authenticating: context)
    #expect(sealed.count == byteCount + AuthenticatedCipher.tagByteCount)
    let opened = try AuthenticatedCipher.open(
      sealed, key: key, nonce: nonce, authenticating: context)
    #expect(opened == plain)
  }

  @Test func everythingIsAuthenticated() {
    let sealed = AuthenticatedCipher.seal(
      [1, 2, 3], key: key, nonce: nonce, authenticating: context)
    func opens(_ bytes: [UInt8], _ key: SymmetricKeyBytes, _ nonce: [UInt8], _ context: [UInt8])
      -> Bool
    {
      let opened = try? AuthenticatedCipher.open(
        bytes, key: key, nonce: nonce, authenticating: context)
      return opened != nil
    }
    #expect(opens(sealed, key, nonce, context))
    for index in sealed.indices {
      var changed = sealed
      changed[index] ^= 1
      #expect(!opens(changed, key, nonce, context))
      #expect(!opens(Array(sealed[..<index]), key, nonce, context))
    }
    #expect(!opens(sealed, SymmetricKeyBytes(.zero), nonce, context))
    #expect(!opens(sealed, key, nonce.reversed(), context))
    #expect(!opens(sealed, key, nonce, context + [0]))
    #expect(!opens(sealed, key, [], context))
  }

  @Test func aShortTextIsRefusedWithItsLength() {
    #expect(throws: CipherError.wrongLength(count: 15)) {
      try AuthenticatedCipher.open(
        [UInt8](repeating: 0, count: 15), key: key, nonce: nonce, authenticating: [])
    }
  }

  @Test func forgedMemoryWritesNothing() {
    var target = [UInt8](repeating: 9, count: 8)
    let forged = [UInt8](repeating: 0, count: 24)
    #expect(throws: CipherError.notAuthentic) {
      try target.withUnsafeMutableBytes { target in
        try forged.withUnsafeBytes {
          try AuthenticatedCipher.open(
            $0, key: key, nonce: nonce, authenticating: [], into: target)
        }
      }
    }
    #expect(target == [UInt8](repeating: 9, count: 8))
  }
}
