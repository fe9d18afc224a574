import CISAL

/// How certain chunks follow from k others: computed once, applied to every stripe of a shard.
package struct Reconstruction: Sendable {
  /// The k chunks that are read, in the order in which ``apply(_:into:)`` takes them.
  package let sources: [Int]
  /// The chunks that come out, in order.
  package let wanted: [Int]
  private let tables: [UInt8]

  fileprivate init(sources: [Int], wanted: [Int], rows: [UInt8]) {
    self.sources = sources
    self.wanted = wanted
    tables = ReedSolomon.tables(rows, columns: sources.count)
  }

  /// Rebuilds the wanted chunks of one stripe.
  ///
  /// - Parameters:
  ///   - chunks: one buffer for each of ``sources``, all of one length.
  ///   - targets: one buffer of that length for each of ``wanted``.
  /// - Throws: ``ErasureCodingError`` when counts or lengths do not fit.
  package func apply(
    _ chunks: [UnsafeRawBufferPointer], into targets: [UnsafeMutableRawBufferPointer]
  ) throws(ErasureCodingError) {
    guard chunks.count == sources.count else {
      throw .wrongCount(expected: sources.count, actual: chunks.count)
    }
    guard targets.count == wanted.count else {
      throw .wrongCount(expected: wanted.count, actual: targets.count)
    }
    let length = chunks[0].count
    let lengths = chunks.map(\.count) + targets.map(\.count)
    for other in lengths where other != length {
      throw .wrongLength(expected: length, actual: other)
    }
    guard length <= Int(Int32.max) else {
      throw .wrongLength(expected: Int(Int32.max), actual: length)
    }
    ReedSolomon.apply(tables, to: chunks, into: targets, chunkBytes: length)
  }
}

extension ReedSolomon {
  /// How `wanted` chunks follow from the first k of `available`, data chunks first.
  /// - Throws: ``ErasureCodingError`` for unknown, repeated or too few chunks.
  package func reconstruction(
    from available: [Int], wanted: [Int]
  ) throws(ErasureCodingError) -> Reconstruction {
    try check(wanted)
    try check(available)
    guard available.count >= dataShards else {
      throw .tooFewChunks(needed: dataShards, present: available.count)
    }
    let sources = Array(available.sorted().prefix(dataShards))
    let inverse = inverted(sources)
    var rows: [UInt8] = []
    rows.reserveCapacity(wanted.count * dataShards)
    for chunk in wanted { rows += row(of: chunk, through: inverse) }
    return Reconstruction(sources: sources, wanted: wanted, rows: rows)
  }

  /// Rebuilds the `wanted` chunks from any k or more others.
  ///
  /// - Parameter chunks: by index, all of one length.
  /// - Throws: ``ErasureCodingError`` for unknown, too few or unequal chunks.
  package func reconstruct(
    chunks: [Int: [UInt8]], wanted: [Int]
  ) throws(ErasureCodingError) -> [Int: [UInt8]] {
    let plan = try reconstruction(from: chunks.keys.sorted(), wanted: wanted)
    let present = plan.sources.map { chunks[$0] ?? [] }
    let length = present[0].count
    for index in chunks.keys.sorted() {
      let actual = chunks[index]?.count ?? 0
      if actual != length { throw .wrongLength(expected: length, actual: actual) }
    }
    // One flat buffer on either side keeps the pointers' lifetimes plain.
    let source = present.flatMap { $0 }
    var target = [UInt8](repeating: 0, count: length * wanted.count)
    var failure: ErasureCodingError?
    source.withUnsafeBytes { data in
      target.withUnsafeMutableBytes { result in
        do throws(ErasureCodingError) {
          try plan.apply(
            present.indices.map {
              UnsafeRawBufferPointer(rebasing: data[$0 * length..<($0 + 1) * length])
            },
            into: wanted.indices.map {
              UnsafeMutableRawBufferPointer(rebasing: result[$0 * length..<($0 + 1) * length])
            })
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    var rebuilt: [Int: [UInt8]] = [:]
    for (position, chunk) in wanted.enumerated() {
      rebuilt[chunk] = Array(target[position * length..<(position + 1) * length])
    }
    return rebuilt
  }

  private func check(_ indices: [Int]) throws(ErasureCodingError) {
    var seen = [Bool](repeating: false, count: totalShards)
    for index in indices {
      guard seen.indices.contains(index) else {
        throw .unknownChunk(index: index, totalShards: totalShards)
      }
      if seen[index] { throw .repeatedChunk(index: index) }
      seen[index] = true
    }
  }

  /// The inverse of the rows of `sources`: what turns those chunks into the data.
  private func inverted(_ sources: [Int]) -> [UInt8] {
    var square = sources.flatMap { matrixRow($0) }
    var inverse = [UInt8](repeating: 0, count: square.count)
    let failed = gf_invert_matrix(&square, &inverse, Int32(dataShards))
    precondition(failed == 0, "any k rows of a Cauchy code are independent")
    return inverse
  }

  private func matrixRow(_ index: Int) -> ArraySlice<UInt8> {
    matrix[index * dataShards..<(index + 1) * dataShards]
  }

  /// The coefficients of a chunk in terms of the sources: its row times the inverse.
  private func row(of chunk: Int, through inverse: [UInt8]) -> [UInt8] {
    if chunk < dataShards {
      return Array(inverse[chunk * dataShards..<(chunk + 1) * dataShards])
    }
    let coefficients = Array(matrixRow(chunk))
    return (0..<dataShards).map { column in
      var sum: UInt8 = 0
      for (position, coefficient) in coefficients.enumerated() {
        sum ^= gf_mul(coefficient, inverse[position * dataShards + column])
      }
      return sum
    }
  }
}
