import Primitives
import ServiceKit

/// What things cost on a devnet, in credits (US dollars).
enum DevnetPrices {
  /// 2.50 a TiB and month, in credits per GiB and hour: the going rate of decentralised storage.
  static let stored = Credits(baseUnits: 3_344_000_000_000)

  /// What a provider asks whose operator named no prices.
  static var offer: PriceVector { offer(stored: nil, egress: nil) }

  /// What a provider asks: the operator's prices where there are some.
  static func offer(stored: Credits?, egress: Credits?) -> PriceVector {
    vector(stored: stored ?? Self.stored, egress: egress ?? cents(1), repair: cents(1))
  }

  /// The most that a customer pays: twice what is asked now, so that offers may move.
  static var ceiling: PriceVector {
    vector(
      stored: Credits(baseUnits: stored.baseUnits * 2), egress: cents(2), repair: cents(2))
  }

  private static func cents(_ count: UInt128) -> Credits {
    Credits(baseUnits: count * Credits.baseUnitsPerWhole / 100)
  }

  private static func vector(stored: Credits, egress: Credits, repair: Credits) -> PriceVector {
    let components: [PriceVector.Component] = [
      .init(.storedByteMilliseconds, creditsPerUnit: stored),
      .init(.egressBytes, creditsPerUnit: egress),
      .init(.stagedByteMilliseconds, creditsPerUnit: stored),
      .init(.repairBytes, creditsPerUnit: repair),
    ]
    guard let vector = PriceVector(components) else { preconditionFailure("a dimension twice") }
    return vector
  }
}
