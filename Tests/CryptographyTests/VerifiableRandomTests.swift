import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct VerifiableRandomTests {
  /// RFC 9381, appendix B.3, examples 16 to 18.
  struct Vector {
    let secret, publicKey, alpha, proof, output: String
  }

  static let vectors = [
    Vector(
      secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      alpha: "",
      proof: "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f"
        + "26f8a57ccaed74ee1b190bed1f479d97"
        + "27d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
      output: "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff"
        + "66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae"),
    Vector(
      secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      alpha: "72",
      proof: "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed593"
        + "3bf0864a62558b3ed7f2fea45c92a465"
        + "301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
      output: "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb"
        + "5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031"),
    Vector(
      secret: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      alpha: "af82",
      proof: "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf80"
        + "96bb474e53895c362d8628ee9f9ea3c0"
        + "e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
      output: "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c45"
        + "2118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f"),
  ]

  @Test(arguments: vectors) func theVectorsOfRFC9381Hold(vector: Vector) throws {
    let seed = try #require([UInt8](hex: vector.secret).flatMap { Bytes32($0) })
    let alpha = try #require([UInt8](hex: vector.alpha))
    let key = VerifiableRandomKey(seed: seed)
    #expect(key.publicKey.hex == vector.publicKey)
    let proof = key.prove(alpha)
    #expect(proof.bytes.hex == vector.proof)
    #expect(proof.output(publicKey: key.publicKey, alpha: alpha)?.hex == vector.output)
  }

  @Test func aProofHoldsForItsKeyAndInputOnly() {
    let key = VerifiableRandomKey(seed: Seeds.counting)
    let proof = key.prove([1, 2, 3])
    #expect(proof.output(publicKey: key.publicKey, alpha: [1, 2, 3]) != nil)
    #expect(proof.output(publicKey: key.publicKey, alpha: [1, 2]) == nil)
    let other = VerifiableRandomKey(seed: .zero)
    #expect(proof.output(publicKey: other.publicKey, alpha: [1, 2, 3]) == nil)
  }

  @Test func everyChangedByteIsRefused() throws {
    let key = VerifiableRandomKey(seed: Seeds.counting)
    let bytes = key.prove([5]).bytes
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      let proof = try #require(VerifiableRandomProof(bytes: changed))
      #expect(proof.output(publicKey: key.publicKey, alpha: [5]) == nil, "byte \(index)")
    }
  }

  /// s + L is the same scalar; accepting it would give one output many proofs.
  @Test func aScalarBeyondTheOrderIsRefused() throws {
    let order = try #require(
      [UInt8](hex: "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
    let key = VerifiableRandomKey(seed: Seeds.counting)
    var bytes = key.prove([5]).bytes
    var carry = 0
    for index in 0..<32 {
      let sum = Int(bytes[48 + index]) + Int(order[index]) + carry
      bytes[48 + index] = UInt8(sum & 255)
      carry = sum >> 8
    }
    try #require(carry == 0)
    let proof = try #require(VerifiableRandomProof(bytes: bytes))
    #expect(proof.output(publicKey: key.publicKey, alpha: [5]) == nil)
  }

  @Test func keysOfSmallOrderAreRefused() throws {
    let proof = VerifiableRandomKey(seed: Seeds.counting).prove([])
    let smallOrder = [
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ]
    for hex in smallOrder {
      let point = try #require([UInt8](hex: hex).flatMap { Bytes32($0) })
      #expect(proof.output(publicKey: point, alpha: []) == nil)
    }
  }

  @Test func randomBytesAreNoProof() throws {
    var random = SeededGenerator.fromEnvironment(default: 3)
    let key = VerifiableRandomKey(seed: Seeds.counting)
    for _ in 0..<50 {
      let proof = try #require(VerifiableRandomProof(bytes: random.bytes(80)))
      #expect(proof.output(publicKey: key.publicKey, alpha: []) == nil)
      let point = try #require(Bytes32(random.bytes(32)))
      #expect(proof.output(publicKey: point, alpha: []) == nil)
    }
  }
}
