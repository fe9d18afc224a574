import Primitives

/// What an operator said of a provider: what it asks, what it costs to run, and whether it takes
/// new work. Money is in credits, which are US dollars, as decimal text.
package struct OperatorProfile: Sendable, Hashable, Codable {
  /// What it asks for a TiB kept for a month of 30 days; nil: the network's usual price.
  package var pricePerTiBMonth: String?
  /// What it asks for a TiB sent to customers; nil: the network's usual price.
  package var egressPricePerTiB: String?
  /// What the machine draws because of this provider, in milliwatts.
  package var milliwatts: UInt64?
  /// What electricity costs a kWh.
  package var tariffPerKWh: String?
  /// What the hardware cost.
  package var hardwarePrice: String?
  /// For how long it will serve, in days.
  package var hardwareLifeDays: UInt64?
  /// Bytes a month that the data plan includes; nil: all are free.
  package var includedTransferBytes: UInt64?
  /// What a GiB beyond them costs.
  package var overagePerGiB: String?
  /// Interfaces that may be used although they look metered.
  package var meteredInterfaces: [String]?
  /// Where its link listens; nil: the loopback address.
  package var listenHost: String?
  /// Whether it takes no new work.
  package var isPaused: Bool?

  package init() {}

  /// What it costs to run.
  /// - Throws: ``OperatorProfileError`` naming the field.
  package func costs() throws(OperatorProfileError) -> OperatorCosts {
    if let hardwareLifeDays, hardwareLifeDays == 0 {
      throw OperatorProfileError(field: "hardwareLifeDays", reason: "must be above 0")
    }
    let tariff = try money(tariffPerKWh, "tariffPerKWh")
    let hardware = try money(hardwarePrice, "hardwarePrice")
    guard hardware == nil || hardwareLifeDays != nil else {
      throw OperatorProfileError(
        field: "hardwareLifeDays", reason: "must be given with hardwarePrice")
    }
    guard tariff == nil || milliwatts != nil else {
      throw OperatorProfileError(field: "milliwatts", reason: "must be given with tariffPerKWh")
    }
    return OperatorCosts(
      milliwatts: milliwatts ?? 0, tariffPerKWh: tariff ?? .zero,
      hardwarePrice: hardware ?? .zero, hardwareLifeDays: hardwareLifeDays ?? 1,
      includedTransferBytes: includedTransferBytes ?? (overagePerGiB == nil ? .max : 0),
      overagePerGiB: try money(overagePerGiB, "overagePerGiB") ?? .zero)
  }

  /// What it asks, in credits per GiB and hour and per GiB; nil where the operator named no price.
  /// - Throws: ``OperatorProfileError`` naming the field.
  package func prices() throws(OperatorProfileError) -> (stored: Credits?, egress: Credits?) {
    var stored: Credits?
    if let month = try money(pricePerTiBMonth, "pricePerTiBMonth") {
      // Rounded up: the operator is never paid less than it asked.
      stored = try field("pricePerTiBMonth") { () throws(ArithmeticError) in
        try month.scaled(by: 1, over: 1024 * 30 * 24, rounding: .up)
      }
    }
    var egress: Credits?
    if let price = try money(egressPricePerTiB, "egressPricePerTiB") {
      egress = try field("egressPricePerTiB") { () throws(ArithmeticError) in
        try price.scaled(by: 1, over: 1024, rounding: .up)
      }
    }
    return (stored, egress)
  }

  private func money(
    _ text: String?, _ name: String
  ) throws(OperatorProfileError) -> Credits? {
    guard let text else { return nil }
    guard let value = Credits(decimal: text), value <= .whole(1_000_000_000) else {
      throw OperatorProfileError(
        field: name,
        reason: "“\(text)” is no sum of US dollars up to 1000000000, such as 0.30 or 180")
    }
    return value
  }

  private func field<T>(
    _ name: String, _ body: () throws(ArithmeticError) -> T
  ) throws(OperatorProfileError) -> T {
    do throws(ArithmeticError) {
      return try body()
    } catch {
      throw OperatorProfileError(field: name, reason: "\(error)")
    }
  }
}

/// A field of an operator's profile that makes no sense.
package struct OperatorProfileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The field, as in `operator.json`.
  package let field: String
  /// What is wrong with its value.
  package let reason: String

  package init(field: String, reason: String) {
    self.field = field
    self.reason = reason
  }

  package var description: String { "operator.json, \(field): \(reason)" }
}
