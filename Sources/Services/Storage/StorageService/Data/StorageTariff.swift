import Primitives
import ServiceKit

/// What storing and reading bytes costs under a lease, from its prices and the class in force.
package struct StorageTariff: Hashable, Sendable {
  /// A month for the purpose of prices: thirty days.
  package static let monthMilliseconds: UInt128 = 30 * 24 * 3_600 * 1_000

  package let prices: PriceVector
  package let codeClass: CodeClass

  package init(prices: PriceVector, codeClass: CodeClass) {
    self.prices = prices
    self.codeClass = codeClass
  }

  /// Bytes on providers for so many bytes of a customer's: sealed in records, then coded.
  /// - Throws: ``ArithmeticError/overflow``.
  package func storedBytes(of bytes: UInt64) throws(ArithmeticError) -> UInt128 {
    let sealed = UInt128(RecordMath.sealedLength(of: bytes))
    let coded = try sealed.multiplied(by: UInt128(codeClass.totalShards))
    let (whole, rest) = coded.quotientAndRemainder(dividingBy: UInt128(codeClass.dataShards))
    return whole + (rest == 0 ? 0 : 1)
  }

  /// What keeping so many bytes costs for a time, in credits.
  /// - Throws: ``ArithmeticError/overflow``.
  package func storage(
    of bytes: UInt64, milliseconds: UInt128 = monthMilliseconds
  ) throws(ArithmeticError) -> Credits {
    try prices.cost(
      of: try storedBytes(of: bytes).multiplied(by: milliseconds), .storedByteMilliseconds)
  }

  /// What reading so many bytes costs, in credits.
  /// - Throws: ``ArithmeticError/overflow``.
  package func reading(of bytes: UInt64) throws(ArithmeticError) -> Credits {
    try prices.cost(of: UInt128(RecordMath.sealedLength(of: bytes)), .egressBytes)
  }
}
