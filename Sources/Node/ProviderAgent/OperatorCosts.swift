import Primitives

/// What running a provider costs its operator, in credits (US dollars). Every cost is rounded up,
/// so that a net income is never shown too high.
package struct OperatorCosts: Sendable, Hashable {
  private let milliwatts: UInt64
  private let tariffPerKWh: Credits
  private let hardwarePrice: Credits
  private let hardwareLifeDays: UInt64
  private let includedTransferBytes: UInt64
  private let overagePerGiB: Credits

  /// - Precondition: the life is at least a day.
  package init(
    milliwatts: UInt64, tariffPerKWh: Credits, hardwarePrice: Credits, hardwareLifeDays: UInt64,
    includedTransferBytes: UInt64, overagePerGiB: Credits
  ) {
    precondition(hardwareLifeDays > 0, "the profile checks the life")
    self.milliwatts = milliwatts
    self.tariffPerKWh = tariffPerKWh
    self.hardwarePrice = hardwarePrice
    self.hardwareLifeDays = hardwareLifeDays
    self.includedTransferBytes = includedTransferBytes
    self.overagePerGiB = overagePerGiB
  }

  /// The costs of a time.
  package struct Bill: Sendable, Hashable {
    package let electricity: Credits
    /// The hardware's price, spread evenly over its life.
    package let depreciation: Credits
    /// What the month's transfers beyond the plan cost, this time's share of them.
    package let data: Credits

    /// All of them.
    /// - Throws: ``ArithmeticError/overflow``.
    package func total() throws(ArithmeticError) -> Credits {
      try electricity.adding(depreciation).adding(data)
    }
  }

  /// What `milliseconds` of running cost.
  /// - Parameters:
  ///   - monthTransferBytes: what was transferred in the running month.
  ///   - monthMilliseconds: how long the month has run; the overage is spread over it.
  /// - Throws: ``ArithmeticError/overflow``.
  package func bill(
    milliseconds: UInt64, monthTransferBytes: UInt64, monthMilliseconds: UInt64
  ) throws(ArithmeticError) -> Bill {
    let time = UInt128(milliseconds)
    // A kWh is 10^6 mW for 3.6 × 10^6 ms.
    let electricity = try tariffPerKWh.scaled(
      by: UInt128(milliwatts) * time, over: 1_000_000 * 3_600_000, rounding: .up)
    let depreciation = try hardwarePrice.scaled(
      by: time, over: UInt128(hardwareLifeDays) * 86_400_000, rounding: .up)
    let beyond = monthTransferBytes.subtractingSaturated(includedTransferBytes)
    let overage = try overagePerGiB.scaled(by: UInt128(beyond), over: 1 << 30, rounding: .up)
    let month = UInt128(max(monthMilliseconds, 1))
    let data = try overage.scaled(by: min(time, month), over: month, rounding: .up)
    return Bill(electricity: electricity, depreciation: depreciation, data: data)
  }
}
