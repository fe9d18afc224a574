import Primitives
import TestSupport
import Testing

@testable import Cryptography

@Suite struct DigestTests {
  private let golden = Golden("cryptography")

  /// FIPS 180-2, appendix B, and the empty string.
  @Test func sha256MatchesItsStandard() {
    #expect(
      Digest.sha256([]).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      Digest.sha256(Array("abc".utf8)).hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func domainsAreFixed() throws {
    try golden.check(
      "digest.domain-example",
      Digest.sha256(domain: "example", Array("ab".utf8), Array("c".utf8)).hex)
    var builder = DigestBuilder(domain: "example")
    builder.update(UInt8(1))
    builder.update(UInt16(2))
    builder.update(UInt32(3))
    builder.update(UInt64(4))
    builder.update(UInt128(5))
    builder.update(AccountID(Seeds.counting))
    try golden.check("digest.builder-integers", builder.finalize().hex)
  }

  @Test func aBuilderThatWasCopiedGoesItsOwnWay() {
    var one = DigestBuilder()
    one.update([1])
    var other = one
    other.update([2])
    #expect(one.finalize() == Digest.sha256([1]))
    #expect(other.finalize() == Digest.sha256([1, 2]))
  }

  @Test func domainsSeparate() {
    #expect(Digest.sha256(domain: "a", [1]) != Digest.sha256(domain: "b", [1]))
    #expect(Digest.sha256(domain: "a", [1]) != Digest.sha256([1]))
  }
}
