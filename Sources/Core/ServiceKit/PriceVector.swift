import Primitives

/// What a price is for. The unit is the quantity that the price's credits buy.
package enum PriceDimension: UInt8, CaseIterable, Sendable, CanonicalCodable {
  /// Bytes kept for milliseconds; priced per GiB and hour. A stream.
  case storedByteMilliseconds = 1
  /// Bytes sent to the customer; priced per GiB. Metered use.
  case egressBytes = 2
  /// Bytes taken in and held before they are bundled, for milliseconds; per GiB and hour.
  case stagedByteMilliseconds = 3
  /// Bytes that a helper sends and a replacement writes in a repair; priced per GiB.
  case repairBytes = 4
  /// Milliseconds of a reserved machine; priced per hour. A stream.
  case machineMilliseconds = 5
  /// Requests answered; priced per million. Metered use.
  case requests = 6

  /// How much of the quantity one price buys: the denominator of `due = price × quantity / this`.
  package var quantityPerUnit: UInt128 {
    switch self {
    case .storedByteMilliseconds, .stagedByteMilliseconds: (1 << 30) * 3_600_000
    case .egressBytes, .repairBytes: 1 << 30
    case .machineMilliseconds: 3_600_000
    case .requests: 1_000_000
    }
  }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(rawValue) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let byte = try decoder.decodeUInt8()
    guard let known = PriceDimension(rawValue: byte) else {
      throw .unknownCase(type: "PriceDimension", byte: byte)
    }
    self = known
  }
}

/// Prices in credits, one per dimension, in the order of the dimensions' numbers. A dimension that
/// is absent is not sold.
package struct PriceVector: Hashable, Sendable, CanonicalCodable {
  /// One price.
  package struct Component: Hashable, Sendable, CanonicalCodable {
    package let dimension: PriceDimension
    /// Credits for ``PriceDimension/quantityPerUnit`` of it.
    package let creditsPerUnit: Credits
    package init(_ dimension: PriceDimension, creditsPerUnit: Credits) {
      self.dimension = dimension
      self.creditsPerUnit = creditsPerUnit
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(dimension)
      encoder.encode(creditsPerUnit)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      dimension = try decoder.decode()
      creditsPerUnit = try decoder.decode()
    }
  }

  /// The prices, strictly ascending by dimension.
  package let components: [Component]

  /// Sorts the prices; nil when a dimension occurs twice.
  package init?(_ components: [Component]) {
    let sorted = components.sorted { $0.dimension.rawValue < $1.dimension.rawValue }
    for (one, next) in zip(sorted, sorted.dropFirst()) where one.dimension == next.dimension {
      return nil
    }
    self.components = sorted
  }

  /// The price of a dimension, or nil when it is not sold.
  package func price(of dimension: PriceDimension) -> Credits? {
    components.first { $0.dimension == dimension }?.creditsPerUnit
  }

  /// Whether every dimension of `ceiling` is sold here at no more than there.
  package func isWithin(_ ceiling: PriceVector) -> Bool {
    ceiling.components.allSatisfy { limit in
      price(of: limit.dimension).map { $0 <= limit.creditsPerUnit } ?? false
    }
  }

  /// What a cumulative quantity costs, rounded down: the payer keeps the dust.
  /// - Throws: ``ArithmeticError/overflow``. A dimension that is not sold costs nothing.
  package func cost(
    of quantity: UInt128, _ dimension: PriceDimension
  ) throws(ArithmeticError) -> Credits {
    guard let price = price(of: dimension) else { return .zero }
    return try price.scaled(by: quantity, over: dimension.quantityPerUnit, rounding: .down)
  }

  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(components) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let listed = try decoder.decodeArray(
      of: Component.self, limit: PriceDimension.allCases.count)
    guard let vector = PriceVector(listed), vector.components == listed else {
      throw .invalid("prices are not in strictly ascending order of dimension")
    }
    self = vector
  }
}
