import TestSupport
import Testing

@testable import ErasureCoding

@Suite struct ReedSolomonTests {
  @Test(arguments: [
    (1, 1), (1, 2), (1, 3), (2, 4), (3, 3), (4, 6), (5, 7),
  ])
  func everySubsetGivesBackEveryChunk(dataShards: Int, totalShards: Int) throws {
    var random = SeededGenerator.fromEnvironment(default: 1)
    let code = try ReedSolomon(dataShards: dataShards, totalShards: totalShards)
    let chunks = code.encode(random.bytes(97))
    for mask in 0..<(1 << totalShards) where mask.nonzeroBitCount >= dataShards {
      var present: [Int: [UInt8]] = [:]
      for index in 0..<totalShards where mask >> index & 1 == 1 { present[index] = chunks[index] }
      let rebuilt = try code.reconstruct(chunks: present, wanted: Array(0..<totalShards))
      for index in 0..<totalShards {
        #expect(rebuilt[index] == chunks[index], "chunk \(index) of mask \(mask)")
      }
    }
  }

  @Test(arguments: [(6, 12), (64, 160), (127, 255), (5, 11)])
  func seededSubsetsGiveBackEveryChunk(dataShards: Int, totalShards: Int) throws {
    var random = SeededGenerator.fromEnvironment(default: 2)
    let code = try ReedSolomon(dataShards: dataShards, totalShards: totalShards)
    let chunks = code.encode(random.bytes(dataShards * 33))
    let all = Array(0..<totalShards)
    for _ in 0..<30 {
      let chosen = all.shuffled(using: &random).prefix(dataShards)
      let present = Dictionary(uniqueKeysWithValues: chosen.map { ($0, chunks[$0]) })
      let lost = all.filter { present[$0] == nil }
      let rebuilt = try code.reconstruct(chunks: present, wanted: lost)
      #expect(lost.allSatisfy { rebuilt[$0] == chunks[$0] }, "seed \(random.seed)")
    }
  }

  /// ISA-L works on vectors of 16 to 64 bytes: lengths around them, and none at all.
  @Test(arguments: Array(0...70) + [127, 128, 129, 1000, 4099])
  func everyChunkLengthWorks(length: Int) throws {
    var random = SeededGenerator.fromEnvironment(default: 3)
    let code = try ReedSolomon(dataShards: 4, totalShards: 7)
    let payload = random.bytes(4 * length)
    let chunks = code.encode(payload)
    #expect(chunks.prefix(4).flatMap { $0 } == payload)
    #expect(chunks.allSatisfy { $0.count == length })
    let present = [1: chunks[1], 4: chunks[4], 5: chunks[5], 6: chunks[6]]
    let rebuilt = try code.reconstruct(chunks: present, wanted: [0, 2, 3])
    #expect(rebuilt == [0: chunks[0], 2: chunks[2], 3: chunks[3]])
  }

  @Test func theCodeIsCauchysOverTheFieldOfPolynomial11D() throws {
    let code = try ReedSolomon(dataShards: 3, totalShards: 6)
    let payload: [UInt8] = [1, 2, 3, 250, 7, 99]
    let chunks = code.encode(payload)
    for row in 3..<6 {
      for column in 0..<2 {
        var sum: UInt8 = 0
        for data in 0..<3 {
          sum ^= multiply(inverse(UInt8(row ^ data)), payload[data * 2 + column])
        }
        #expect(chunks[row][column] == sum)
      }
    }
  }

  @Test func payloadsArePaddedWithZeros() throws {
    let code = try ReedSolomon(dataShards: 4, totalShards: 6)
    #expect(code.chunkBytes(forPayload: 9) == 3)
    #expect(code.chunkBytes(forPayload: 8) == 2)
    #expect(code.chunkBytes(forPayload: 0) == 0)
    let chunks = code.encode([1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(Array(chunks.prefix(4)) == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 0, 0]])
  }

  @Test func memoryIsCodedWhereItLies() throws {
    var random = SeededGenerator.fromEnvironment(default: 4)
    let code = try ReedSolomon(dataShards: 6, totalShards: 12)
    let stripe = random.bytes(6 * 1000)
    var parity = [UInt8](repeating: 0, count: 6 * 1000)
    try stripe.withUnsafeBytes { data in
      try parity.withUnsafeMutableBytes { target in
        try code.encode(
          stripe: data, chunkBytes: 1000,
          parity: (0..<6).map { .init(rebasing: target[$0 * 1000..<($0 + 1) * 1000]) })
      }
    }
    #expect(parity == code.encode(stripe).suffix(6).flatMap { $0 })
  }

  @Test func aPlanServesManyStripes() throws {
    var random = SeededGenerator.fromEnvironment(default: 6)
    let code = try ReedSolomon(dataShards: 2, totalShards: 4)
    let plan = try code.reconstruction(from: [3, 1, 2], wanted: [0, 3])
    #expect(plan.sources == [1, 2])
    for length in [5, 64] {
      let chunks = code.encode(random.bytes(2 * length))
      var target = [UInt8](repeating: 0, count: 2 * length)
      try chunks[1].withUnsafeBytes { one in
        try chunks[2].withUnsafeBytes { two in
          try target.withUnsafeMutableBytes { result in
            try plan.apply(
              [one, two],
              into: [.init(rebasing: result[..<length]), .init(rebasing: result[length...])])
          }
        }
      }
      #expect(target == chunks[0] + chunks[3])
    }
  }

  private func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var product = 0
    for bit in 0..<8 where right >> UInt8(bit) & 1 == 1 { product ^= Int(left) << bit }
    for bit in stride(from: 15, through: 8, by: -1) where product >> bit & 1 == 1 {
      product ^= 0x11D << (bit - 8)
    }
    return UInt8(product)
  }

  private func inverse(_ value: UInt8) -> UInt8 {
    (UInt8(1)...255).first { multiply(value, $0) == 1 } ?? 0
  }
}
