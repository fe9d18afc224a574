import CISAL

/// A systematic Reed–Solomon code over GF(2^8) in Cauchy form: chunks 0 ..< k are the data as they
/// are, chunks k ..< n parity, and any k of them give back all the others.
package struct ReedSolomon: Sendable {
  /// k: how many chunks carry the data, and how many are enough to read it.
  package let dataShards: Int
  /// n: how many chunks there are.
  package let totalShards: Int
  /// n rows of k coefficients; the first k are the identity.
  let matrix: [UInt8]
  /// ISA-L's expanded multiplication tables of the parity rows.
  private let parityTables: [UInt8]

  /// The code with those numbers.
  /// - Throws: ``ErasureCodingError/unsupportedCode(dataShards:totalShards:)``.
  package init(dataShards: Int, totalShards: Int) throws(ErasureCodingError) {
    guard dataShards >= 1, dataShards <= totalShards, totalShards <= 255 else {
      throw .unsupportedCode(dataShards: dataShards, totalShards: totalShards)
    }
    self.dataShards = dataShards
    self.totalShards = totalShards
    var matrix = [UInt8](repeating: 0, count: totalShards * dataShards)
    gf_gen_cauchy1_matrix(&matrix, Int32(totalShards), Int32(dataShards))
    self.matrix = matrix
    parityTables = Self.tables(
      Array(matrix[(dataShards * dataShards)...]), columns: dataShards)
  }

  /// How many parity chunks there are: n − k.
  package var parityShards: Int { totalShards - dataShards }

  /// How long each chunk of a payload is: its bytes over k, rounded up.
  package func chunkBytes(forPayload byteCount: Int) -> Int {
    (byteCount + dataShards - 1) / dataShards
  }

  /// Computes the parity of a stripe that lies in memory as k chunks in a row.
  ///
  /// - Parameters:
  ///   - stripe: k × `chunkBytes` bytes, padding included.
  ///   - parity: n − k buffers of `chunkBytes` each, which are overwritten.
  /// - Throws: ``ErasureCodingError`` when lengths do not go together.
  package func encode(
    stripe: UnsafeRawBufferPointer, chunkBytes: Int, parity: [UnsafeMutableRawBufferPointer]
  ) throws(ErasureCodingError) {
    guard chunkBytes >= 0, chunkBytes <= Int(Int32.max),
      stripe.count == dataShards * chunkBytes
    else { throw .wrongLength(expected: dataShards * max(0, chunkBytes), actual: stripe.count) }
    guard parity.count == parityShards else {
      throw .wrongCount(expected: parityShards, actual: parity.count)
    }
    for buffer in parity where buffer.count != chunkBytes {
      throw .wrongLength(expected: chunkBytes, actual: buffer.count)
    }
    let data = (0..<dataShards).map {
      UnsafeRawBufferPointer(rebasing: stripe[$0 * chunkBytes..<($0 + 1) * chunkBytes])
    }
    Self.apply(parityTables, to: data, into: parity, chunkBytes: chunkBytes)
  }

  /// All n chunks of a payload of any length: the data zero-padded to k equal chunks, then parity.
  package func encode(_ payload: [UInt8]) -> [[UInt8]] {
    let length = chunkBytes(forPayload: payload.count)
    var stripe = payload
    stripe.append(contentsOf: repeatElement(0, count: length * dataShards - payload.count))
    var parity = [UInt8](repeating: 0, count: length * parityShards)
    stripe.withUnsafeBytes { data in
      parity.withUnsafeMutableBytes { target in
        Self.apply(
          parityTables, to: Self.slices(data, of: length, count: dataShards),
          into: (0..<parityShards).map {
            UnsafeMutableRawBufferPointer(rebasing: target[$0 * length..<($0 + 1) * length])
          }, chunkBytes: length)
      }
    }
    return (0..<totalShards).map { index in
      index < dataShards
        ? Array(stripe[index * length..<(index + 1) * length])
        : Array(parity[(index - dataShards) * length..<(index - dataShards + 1) * length])
    }
  }

  private static func slices(
    _ buffer: UnsafeRawBufferPointer, of length: Int, count: Int
  ) -> [UnsafeRawBufferPointer] {
    (0..<count).map {
      UnsafeRawBufferPointer(rebasing: buffer[$0 * length..<($0 + 1) * length])
    }
  }

  /// ISA-L's tables for rows of coefficients.
  static func tables(_ rows: [UInt8], columns: Int) -> [UInt8] {
    guard !rows.isEmpty else { return [] }
    var coefficients = rows
    var tables = [UInt8](repeating: 0, count: 32 * rows.count)
    ec_init_tables(Int32(columns), Int32(rows.count / columns), &coefficients, &tables)
    return tables
  }

  /// Multiplies rows, as tables, with source chunks. The lengths were checked before.
  static func apply(
    _ tables: [UInt8], to sources: [UnsafeRawBufferPointer],
    into targets: [UnsafeMutableRawBufferPointer], chunkBytes: Int
  ) {
    guard chunkBytes > 0, !targets.isEmpty else { return }
    var data = sources.map { source -> UnsafeMutablePointer<UInt8>? in
      // ISA-L takes its sources as mutable but only reads them.
      UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
    }
    var coded = targets.map { target -> UnsafeMutablePointer<UInt8>? in
      target.bindMemory(to: UInt8.self).baseAddress
    }
    tables.withUnsafeBufferPointer {
      ec_encode_data(
        Int32(chunkBytes), Int32(sources.count), Int32(targets.count),
        UnsafeMutablePointer(mutating: $0.baseAddress), &data, &coded)
    }
  }
}
