/// The systematic Reed–Solomon code of a class, as far as the ledger needs it: how one chunk
/// follows from k others. The same code as `ErasureCoding`'s (ISA-L's `gf_gen_cauchy1_matrix`):
/// rows 0 ..< k are the identity, row i has the inverse of i ⊕ j in column j.
struct CauchyCode {
  /// k and n.
  let dataShards, totalShards: Int

  init(_ codeClass: CodeClass) {
    dataShards = Int(codeClass.dataShards)
    totalShards = Int(codeClass.totalShards)
  }

  private func row(_ chunk: Int) -> [UInt8] {
    (0..<dataShards).map { column in
      if chunk < dataShards { return chunk == column ? 1 : 0 }
      // The two differ, as the one is below k and the other is not.
      return GaloisField.inverse(of: UInt8(chunk ^ column)) ?? 0
    }
  }

  /// What each of k chunks is multiplied with to give `wanted`; nil when they are not k different
  /// chunks of the code.
  func coefficients(of wanted: Int, from sources: [Int]) -> [UInt8]? {
    guard sources.count == dataShards, Set(sources).count == dataShards,
      (sources + [wanted]).allSatisfy({ (0..<totalShards).contains($0) }),
      let inverse = GaloisField.inverse(of: sources.map(row))
    else { return nil }
    let wantedRow = row(wanted)
    return (0..<dataShards).map { column in
      zip(wantedRow, inverse).reduce(0) { $0 ^ GaloisField.product($1.0, $1.1[column]) }
    }
  }

  /// The chunk `wanted` that belongs to the others; nil when they are not k different chunks of
  /// equal length.
  func chunk(_ wanted: Int, from sources: [(chunk: Int, bytes: [UInt8])]) -> [UInt8]? {
    guard let length = sources.first?.bytes.count,
      sources.allSatisfy({ $0.bytes.count == length }),
      let factors = coefficients(of: wanted, from: sources.map(\.chunk))
    else { return nil }
    var sum = [UInt8](repeating: 0, count: length)
    for (source, factor) in zip(sources, factors) {
      for index in sum.indices { sum[index] ^= GaloisField.product(source.bytes[index], factor) }
    }
    return sum
  }
}
