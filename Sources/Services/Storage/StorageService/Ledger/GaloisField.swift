/// The field with 256 elements in which chunks are coded: polynomials over two elements modulo
/// x^8 + x^4 + x^3 + x^2 + 1 (0x11d), as ISA-L has it. Addition is exclusive or.
///
/// The ledger needs it to recompute one leaf of an accusation, so it is plain tables and no speed.
enum GaloisField {
  /// Powers of the generator 2, twice over so that sums of two logarithms need no reduction.
  private static let powers: [UInt8] = {
    var powers = [UInt8](repeating: 0, count: 510)
    var value: UInt16 = 1
    for exponent in 0..<255 {
      powers[exponent] = UInt8(truncatingIfNeeded: value)
      powers[exponent + 255] = UInt8(truncatingIfNeeded: value)
      value <<= 1
      if value > 255 { value ^= 0x11d }
    }
    return powers
  }()

  /// The exponent of each element; that of zero is never read.
  private static let logarithms: [UInt8] = {
    var logarithms = [UInt8](repeating: 0, count: 256)
    for exponent in 0..<255 { logarithms[Int(powers[exponent])] = UInt8(exponent) }
    return logarithms
  }()

  /// The product of two elements.
  static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
    if left == 0 || right == 0 { return 0 }
    return powers[Int(logarithms[Int(left)]) + Int(logarithms[Int(right)])]
  }

  /// The element that gives one with `element`; nil for zero.
  static func inverse(of element: UInt8) -> UInt8? {
    element == 0 ? nil : powers[255 - Int(logarithms[Int(element)])]
  }

  /// The inverse of a square matrix in rows; nil when it has none.
  static func inverse(of matrix: [[UInt8]]) -> [[UInt8]]? {
    let size = matrix.count
    var left = matrix
    var right = (0..<size).map { row in (0..<size).map { $0 == row ? UInt8(1) : 0 } }
    for column in 0..<size {
      guard let pivot = (column..<size).first(where: { left[$0][column] != 0 }),
        let factor = inverse(of: left[pivot][column])
      else { return nil }
      left.swapAt(pivot, column)
      right.swapAt(pivot, column)
      left[column] = left[column].map { product($0, factor) }
      right[column] = right[column].map { product($0, factor) }
      for row in 0..<size where row != column {
        let factor = left[row][column]
        subtract(left[column], times: factor, from: &left[row])
        subtract(right[column], times: factor, from: &right[row])
      }
    }
    return right
  }

  private static func subtract(_ other: [UInt8], times factor: UInt8, from row: inout [UInt8]) {
    for index in row.indices { row[index] ^= product(other[index], factor) }
  }
}
