import Primitives
import TestSupport
import Testing

@testable import StorageGateway

@Suite struct S3ChecksumTests {
  /// The check values of the CRC catalogue over "123456789".
  @Test(arguments: [
    (ChecksumAlgorithm.crc32, "cbf43926"), (.crc32c, "e3069283"),
    (.crc64nvme, "ae8b14860a799888"), (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
    (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
  ])
  func catalogueValues(algorithm: ChecksumAlgorithm, expected: String) {
    #expect(algorithm.hash(Array("123456789".utf8)).hex == expected)
  }

  @Test func splitsAndCombinationsAgree() {
    var generator = SeededGenerator.fromEnvironment(default: 64)
    for kind in [CyclicRedundancyCheck.Kind.crc32, .crc32c, .crc64NVMe] {
      for _ in 0..<50 {
        let bytes = generator.bytes(Int.random(in: 0...300, using: &generator))
        let cut = Int.random(in: 0...bytes.count, using: &generator)
        func check(_ part: ArraySlice<UInt8>) -> CyclicRedundancyCheck {
          var check = CyclicRedundancyCheck(kind)
          Array(part).withUnsafeBytes { check.update($0) }
          return check
        }
        let whole = check(bytes[...])
        let left = check(bytes[..<cut])
        let right = check(bytes[cut...])
        var stepwise = CyclicRedundancyCheck(kind)
        for byte in bytes { [byte].withUnsafeBytes { stepwise.update($0) } }
        #expect(stepwise.value == whole.value)
        #expect(
          CyclicRedundancyCheck.combine(
            kind, left.value, right.value, rightLength: UInt64(bytes.count - cut)) == whole.value)
      }
    }
  }
}
