import Primitives
import ServiceKit

/// How long the stream bucket of a lease lasts, from what the ledger has.
///
/// The ledger takes a bundle only while the bucket covers what is unproven and the lock-up of all
/// columns, the new ones included. So there are two ends: first nothing new is taken, and, at least
/// a lock-up later, nothing is left to pay with. In between providers keep, prove and are paid.
package struct LeaseRunway: Hashable, Sendable {
  /// Bytes of all columns that count now.
  package let bytes: UInt64
  /// What the bucket holds, less what is due and was not credited yet.
  package let held: Credits
  /// What proofs that are still to come will take for time that is over.
  package let unproven: Credits
  private let prices: PriceVector
  private let lockUpMilliseconds: UInt64

  /// - Parameters:
  ///   - held: what the stream bucket holds.
  ///   - owed: what is due from it and could not be credited.
  ///   - total: all that providers keep for the lease (``StorageKeys/leaseTotal(_:)``).
  ///   - lockUpMilliseconds: for how long a bundle is paid at least.
  /// - Throws: ``ArithmeticError/overflow``.
  package init(
    held: Credits, owed: Credits, total: StreamRecord?, prices: PriceVector,
    lockUpMilliseconds: UInt64, now: LedgerTime
  ) throws(ArithmeticError) {
    var stream = total ?? StreamRecord(at: now)
    try stream.advance(to: now)
    bytes = stream.bytes
    unproven = try prices.cost(of: stream.unproven, .storedByteMilliseconds)
    self.held = held.subtractingSaturated(owed)
    self.prices = prices
    self.lockUpMilliseconds = lockUpMilliseconds
  }

  /// What the bucket must hold for the lock-up of all columns and `more` bytes of new ones.
  /// - Throws: ``ArithmeticError/overflow``.
  package func required(addingBytes more: UInt64 = 0) throws(ArithmeticError) -> Credits {
    let quantity = UInt128(try bytes.adding(more)) * UInt128(lockUpMilliseconds)
    return try prices.cost(of: quantity, .storedByteMilliseconds).adding(unproven)
  }

  /// What a top-up must bring before `more` bytes of new columns are taken; zero when nothing is
  /// missing.
  /// - Throws: ``ArithmeticError/overflow``.
  package func needed(addingBytes more: UInt64 = 0) throws(ArithmeticError) -> Credits {
    let required = try required(addingBytes: more)
    if held < required { return required.subtractingSaturated(held) }
    // An empty bucket pays for nothing, however little there is to be paid.
    let price = prices.price(of: .storedByteMilliseconds) ?? .zero
    return held == .zero && price > .zero ? Credits(baseUnits: 1) : .zero
  }

  /// How long new data is taken if none comes, in milliseconds; nil for without an end.
  package var writableMilliseconds: UInt64? {
    guard let required = try? required() else { return 0 }
    return milliseconds(for: held.subtractingSaturated(required))
  }

  /// How long what is stored is paid for, in milliseconds; nil for without an end.
  package var paidMilliseconds: UInt64? { milliseconds(for: held.subtractingSaturated(unproven)) }

  /// How long a sum pays for all columns.
  private func milliseconds(for sum: Credits) -> UInt64? {
    guard bytes > 0, let price = prices.price(of: .storedByteMilliseconds), price > .zero else {
      return nil
    }
    let unit = PriceDimension.storedByteMilliseconds.quantityPerUnit
    guard
      let quantity = try? sum.baseUnits.scaled(by: unit, over: price.baseUnits, rounding: .down)
    else { return .max }
    return UInt64(clamping: quantity / UInt128(bytes))
  }
}

/// How a lease stands in words that people act upon.
package struct LeaseFunding: Hashable, Sendable {
  /// What comes next.
  package enum Level: String, Hashable, Sendable, Codable {
    /// There is enough for now.
    case ample
    /// New data will not be taken for much longer.
    case low
    /// Nothing new is taken; what is stored is kept, proven and paid out of its lock-up.
    case writesStopped = "writes-stopped"
    /// Nothing is left: what is stored lives on for the grace period.
    case dry
    /// The lease is closing or closed.
    case ended
  }

  package let level: Level
  /// Milliseconds until new data is refused; nil for without an end.
  package let writableMilliseconds: UInt64?
  /// Milliseconds until what is stored is no longer paid for; nil for without an end.
  package let paidMilliseconds: UInt64?
  /// Milliseconds until the bundles of a dry lease are released; nil while it is not dry.
  package let graceMilliseconds: UInt64?
  /// What a top-up of the stream bucket must bring before new data is taken.
  package let needed: Credits

  /// - Parameters:
  ///   - endReason: why the lease is closing, when it is.
  ///   - drySince: since when the ledger has known it dry.
  ///   - lowMilliseconds: below which runway people are warned.
  ///   - graceMilliseconds: how long bundles outlive an empty bucket.
  package init(
    _ runway: LeaseRunway, isOpen: Bool, drySince: LedgerTime?, lowMilliseconds: UInt64,
    graceMilliseconds grace: UInt64, now: LedgerTime
  ) {
    needed = (try? runway.needed()) ?? Credits(baseUnits: .max)
    writableMilliseconds = runway.writableMilliseconds
    paidMilliseconds = runway.paidMilliseconds
    let isDry = drySince != nil || (runway.held == .zero && needed > .zero)
    graceMilliseconds =
      isDry
      ? grace.subtractingSaturated(drySince.map { now.milliseconds(since: $0) } ?? 0) : nil
    level =
      if !isOpen {
        .ended
      } else if isDry {
        .dry
      } else if needed > .zero {
        .writesStopped
      } else if let left = writableMilliseconds, left < lowMilliseconds {
        .low
      } else {
        .ample
      }
  }

  /// What to tell the customer of a lease; nil while there is nothing to be done.
  package func warning(lease: LeaseID, endReason: String? = nil) -> String? {
    let advice = "top up: trellis tx top-up --lease \(lease) --bucket stream --credits AMOUNT"
    switch level {
    case .ample: return nil
    case .low:
      return "lease \(lease) takes new data for \(Self.text(writableMilliseconds)) more; \(advice)"
    case .writesStopped:
      return "lease \(lease) takes no new data: \(needed) credits are missing; what is stored is "
        + "paid for \(Self.text(paidMilliseconds)) more; \(advice)"
    case .dry:
      return "lease \(lease) is out of credits: what is stored is released in "
        + "\(Self.text(graceMilliseconds)) unless at least \(needed) credits come; \(advice)"
    case .ended: return "lease \(lease) has ended: \(endReason ?? "closed")"
    }
  }

  /// A span in the largest unit that says enough.
  static func text(_ milliseconds: UInt64?) -> String {
    guard let milliseconds else { return "ever" }
    let seconds = milliseconds / 1_000
    switch seconds {
    case ..<120: return "\(seconds) s"
    case ..<7_200: return "\(seconds / 60) min"
    case ..<172_800: return "\(seconds / 3_600) h"
    default: return "\(seconds / 86_400) days"
    }
  }
}
