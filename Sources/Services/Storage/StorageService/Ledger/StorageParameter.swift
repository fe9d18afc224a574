import Primitives
import ServiceKit

/// The storage service's governed parameters. Production values are the daily ones of a large
/// network; a devnet's follow from its epoch.
enum StorageParameter: String, CaseIterable {
  case proofWindow = "storage.proof-window-milliseconds"
  case proofStride = "storage.proof-stride-windows"
  case response = "storage.response-milliseconds"
  case responseHeights = "storage.response-heights"
  case stall = "storage.stall-milliseconds"
  case walkSteps = "storage.walk-steps"
  case openedSteps = "storage.opened-steps"
  case openOneIn = "storage.open-one-in"
  case faultAfter = "storage.fault-after-windows"
  case faultSlash = "storage.fault-slash-parts-per-million"
  case lieSlash = "storage.lie-slash-parts-per-million"
  case repairPremium = "storage.repair-premium-parts-per-million"
  case reporterShare = "storage.reporter-share-parts-per-million"
  case lockUp = "storage.lock-up-milliseconds"
  case bundleTerm = "storage.bundle-term-milliseconds"
  case longestBundle = "storage.longest-bundle-milliseconds"
  case repairTime = "storage.repair-milliseconds"
  case grace = "storage.grace-milliseconds"
  case demandDeposit = "storage.demand-deposit-credit-base-units"
  case retrievalTime = "storage.retrieval-milliseconds"

  private static let day: UInt128 = 86_400_000

  /// The parameter with its bounds and presets.
  var declaration: ParameterDeclaration {
    switch self {
    case .proofWindow:
      declare(4_000...Self.day, 1_800_000, { max(4_000, $0 / 3) }, "how often a window opens")
    case .proofStride:
      declare(1...1_000, 48, { _ in 1 }, "each provider is challenged in one window of so many")
    case .response:
      declare(
        1_000...600_000, 8_000, { min(4_000, max(2_000, $0 / 10)) },
        "how long a transcript or an opening may take")
    case .responseHeights:
      declare(4...100, 4, { _ in 4 }, "blocks that a response may take in any case")
    case .stall:
      declare(
        1_000...5_000, 5_000, { _ in 5_000 },
        "a clock step from which on the ledger is taken to have stood still")
    case .walkSteps:
      declare(16...4_096, 256, { _ in 256 }, "dependent reads of a walk")
    case .openedSteps:
      declare(1...64, 8, { _ in 8 }, "steps of a transcript that are opened")
    case .openOneIn:
      declare(1...1_000, 16, { _ in 1 }, "one provider in so many opens its transcript")
    case .faultAfter:
      declare(2...100, 2, { _ in 2 }, "windows failed in a row that make a fault")
    default: moneyDeclaration
    }
  }

  private var moneyDeclaration: ParameterDeclaration {
    switch self {
    case .faultSlash:
      declare(0...1_000_000, 50_000, { _ in 50_000 }, "share of the bond that a fault costs")
    case .lieSlash:
      declare(
        0...1_000_000, 1_000_000, { _ in 1_000_000 }, "share of the bond that a wrong step costs")
    case .repairPremium:
      declare(
        0...1_000_000, 100_000, { _ in 100_000 },
        "what a leaver pays a replacement on top of a repair's price")
    case .reporterShare:
      declare(
        0...500_000, 200_000, { _ in 200_000 },
        "share of a slash that goes to whoever brought the evidence")
    case .lockUp:
      declare(
        1_000...366 * Self.day, 30 * Self.day, { max(1_000, $0 * 20) },
        "how long a bundle is paid at least")
    case .bundleTerm:
      declare(
        10_000...3_660 * Self.day, 30 * Self.day, { $0 * 40 },
        "for how long gateways order a bundle before they renew it")
    case .longestBundle:
      declare(
        60_000...36_600 * Self.day, 3_660 * Self.day, { _ in 3_660 * Self.day },
        "how far away a bundle's end may be")
    case .repairTime:
      declare(
        10_000...30 * Self.day, Self.day, { max(30_000, $0) }, "how long a replacement has")
    case .grace:
      declare(
        1_000...366 * Self.day, 7 * Self.day, { max(1_000, $0 * 10) },
        "how long bundles outlive an empty escrow")
    case .demandDeposit:
      declare(
        0...(10 * Credits.whole(1).baseUnits), Credits.whole(1).baseUnits / 100,
        { _ in Credits.whole(1).baseUnits / 100 },
        "what a provider is paid by who had it open steps for nothing")
    default:
      declare(
        4_000...Self.day, 600_000, { max(4_000, $0 / 3) },
        "how long an answer to a forced retrieval may take")
    }
  }

  private func declare(
    _ bounds: ClosedRange<UInt128>, _ production: UInt128,
    _ devnet: @escaping @Sendable (UInt128) -> UInt128, _ meaning: String
  ) -> ParameterDeclaration {
    ParameterDeclaration(
      rawValue, minimum: bounds.lowerBound, maximum: bounds.upperBound, production: production,
      devnet: { min(bounds.upperBound, max(bounds.lowerBound, devnet($0))) }, meaning: meaning)
  }
}
