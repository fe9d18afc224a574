import Testing

@testable import ErasureCoding

@Suite struct ReedSolomonErrorTests {
  private let code: ReedSolomon
  private let chunks: [[UInt8]]

  init() throws {
    code = try ReedSolomon(dataShards: 2, totalShards: 4)
    chunks = code.encode([1, 2, 3, 4, 5, 6])
  }

  @Test(arguments: [(0, 0), (0, 4), (-1, 4), (5, 4), (1, 256), (300, 400), (1, -1)])
  func impossibleCodesAreRefused(dataShards: Int, totalShards: Int) {
    #expect(
      throws: ErasureCodingError.unsupportedCode(
        dataShards: dataShards, totalShards: totalShards)
    ) {
      try ReedSolomon(dataShards: dataShards, totalShards: totalShards)
    }
  }

  @Test func tooFewChunksAreRefused() {
    #expect(throws: ErasureCodingError.tooFewChunks(needed: 2, present: 1)) {
      try code.reconstruct(chunks: [3: chunks[3]], wanted: [0])
    }
    #expect(throws: ErasureCodingError.tooFewChunks(needed: 2, present: 0)) {
      try code.reconstruct(chunks: [:], wanted: [])
    }
  }

  @Test func unknownAndRepeatedChunksAreRefused() {
    let present = [0: chunks[0], 1: chunks[1]]
    for index in [-1, 4, .max] {
      let unknown = ErasureCodingError.unknownChunk(index: index, totalShards: 4)
      #expect(throws: unknown) { try code.reconstruct(chunks: present, wanted: [index]) }
      #expect(throws: unknown) {
        try code.reconstruct(chunks: [0: chunks[0], index: chunks[1]], wanted: [2])
      }
    }
    #expect(throws: ErasureCodingError.repeatedChunk(index: 2)) {
      try code.reconstruct(chunks: present, wanted: [2, 2])
    }
    #expect(throws: ErasureCodingError.repeatedChunk(index: 1)) {
      try code.reconstruction(from: [1, 1], wanted: [2])
    }
  }

  @Test func unequalChunksAreRefused() {
    let unequal: [Int: [UInt8]] = [0: chunks[0], 1: Array(chunks[1].dropLast())]
    #expect(throws: ErasureCodingError.wrongLength(expected: 3, actual: 2)) {
      try code.reconstruct(chunks: unequal, wanted: [2])
    }
    // One that would not even be read.
    let spare: [Int: [UInt8]] = [0: chunks[0], 1: chunks[1], 3: []]
    #expect(throws: ErasureCodingError.wrongLength(expected: 3, actual: 0)) {
      try code.reconstruct(chunks: spare, wanted: [2])
    }
  }

  @Test func buffersThatDoNotFitAreRefused() {
    func encode(_ stripeBytes: Int, chunkBytes: Int, parityBytes: [Int]) throws {
      var parity = parityBytes.map {
        UnsafeMutableRawBufferPointer.allocate(byteCount: $0, alignment: 1)
      }
      defer { for buffer in parity { buffer.deallocate() } }
      try [UInt8](repeating: 0, count: stripeBytes).withUnsafeBytes {
        try code.encode(stripe: $0, chunkBytes: chunkBytes, parity: parity)
      }
      parity = []
    }
    #expect(throws: ErasureCodingError.wrongLength(expected: 6, actual: 5)) {
      try encode(5, chunkBytes: 3, parityBytes: [3, 3])
    }
    #expect(throws: ErasureCodingError.wrongLength(expected: 0, actual: 6)) {
      try encode(6, chunkBytes: -3, parityBytes: [3, 3])
    }
    #expect(throws: ErasureCodingError.wrongCount(expected: 2, actual: 1)) {
      try encode(6, chunkBytes: 3, parityBytes: [3])
    }
    #expect(throws: ErasureCodingError.wrongLength(expected: 3, actual: 4)) {
      try encode(6, chunkBytes: 3, parityBytes: [3, 4])
    }
    #expect(throws: Never.self) { try encode(6, chunkBytes: 3, parityBytes: [3, 3]) }
  }

  @Test func aPlanChecksItsBuffers() throws {
    let plan = try code.reconstruction(from: [0, 1], wanted: [2])
    func apply(_ sources: [Int], target: Int) throws {
      var memory = [UInt8](repeating: 0, count: 16)
      try memory.withUnsafeMutableBytes { all in
        try plan.apply(
          sources.map { UnsafeRawBufferPointer(rebasing: all[..<$0]) },
          into: [UnsafeMutableRawBufferPointer(rebasing: all[8..<8 + target])])
      }
    }
    #expect(throws: ErasureCodingError.wrongCount(expected: 2, actual: 1)) {
      try apply([3], target: 3)
    }
    #expect(throws: ErasureCodingError.wrongLength(expected: 3, actual: 4)) {
      try apply([3, 4], target: 3)
    }
    #expect(throws: ErasureCodingError.wrongLength(expected: 3, actual: 2)) {
      try apply([3, 3], target: 2)
    }
    #expect(throws: ErasureCodingError.wrongCount(expected: 1, actual: 0)) {
      try plan.apply([.init(start: nil, count: 0), .init(start: nil, count: 0)], into: [])
    }
  }

  @Test func errorsSayWhatIsWrong() {
    #expect(
      ErasureCodingError.tooFewChunks(needed: 6, present: 5).description
        == "5 chunks are too few: any 6 are needed")
    #expect(
      ErasureCodingError.unknownChunk(index: 12, totalShards: 12).description
        == "no chunk 12: the code has chunks 0 to 11")
  }
}
