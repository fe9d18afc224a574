import Logging
import Primitives
import ServiceKit
import StorageService

/// Prolongs bundles before they end, so that what was acknowledged is kept for as long as the lease
/// pays.
///
/// A bundle is renewed once half of its term is over: a gateway that is away, or a lease that is
/// short, has the other half to come back in.
actor BundleRenewer {
  private let network: any StorageNetwork
  private let logger: Logger
  private var isRunning = false

  /// How many renewals are under way at once.
  private static let parallelRenewals = 8

  init(network: any StorageNetwork, logger: Logger) {
    self.network = network
    self.logger = logger
  }

  /// Renews those of `bundles` that are due. Does nothing while an earlier pass still runs.
  func pass(over bundles: [BundleRecord]) async {
    if isRunning { return }
    isRunning = true
    defer { isRunning = false }
    do {
      let now = try await network.ledgerTime()
      let term = try await network.bundleTermMilliseconds()
      let due = bundles.filter {
        !$0.isReleased && $0.end > now && $0.end.milliseconds(since: now) <= term / 2
      }
      // Those that end first come first.
      await renew(
        due.sorted { ($0.end, $0.id.number) < ($1.end, $1.id.number) },
        until: now.advanced(milliseconds: term))
    } catch {
      logger.warning("bundles could not be renewed: \(error)")
    }
  }

  private func renew(_ due: [BundleRecord], until end: LedgerTime) async {
    await withTaskGroup(of: Void.self) { group in
      for (index, bundle) in due.enumerated() {
        if index >= Self.parallelRenewals { await group.next() }
        group.addTask { [network, logger] in
          do {
            try await network.renewBundle(bundle.id, end: end)
          } catch {
            logger.error(
              "bundle \(bundle.id) could not be renewed and ends at \(bundle.end): \(error)")
          }
        }
      }
    }
  }
}
