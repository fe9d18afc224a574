/// Why chunks were not coded.
package enum ErasureCodingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A code needs 1 ≤ k ≤ n ≤ 255.
  case unsupportedCode(dataShards: Int, totalShards: Int)
  /// A stripe or a chunk does not have the length that the others imply.
  case wrongLength(expected: Int, actual: Int)
  /// The number of buffers is not that of the chunks.
  case wrongCount(expected: Int, actual: Int)
  /// No such chunk in this code.
  case unknownChunk(index: Int, totalShards: Int)
  /// A chunk is named twice.
  case repeatedChunk(index: Int)
  /// Fewer than k chunks.
  case tooFewChunks(needed: Int, present: Int)

  package var description: String {
    switch self {
    case .unsupportedCode(let k, let n):
      "a code of \(k) of \(n) shards: 1 ≤ data shards ≤ total shards ≤ 255 is needed"
    case .wrongLength(let expected, let actual):
      "\(actual) bytes where \(expected) are needed"
    case .wrongCount(let expected, let actual):
      "\(actual) buffers where \(expected) are needed"
    case .unknownChunk(let index, let n): "no chunk \(index): the code has chunks 0 to \(n - 1)"
    case .repeatedChunk(let index): "chunk \(index) is named twice"
    case .tooFewChunks(let needed, let present):
      "\(present) chunks are too few: any \(needed) are needed"
    }
  }
}
