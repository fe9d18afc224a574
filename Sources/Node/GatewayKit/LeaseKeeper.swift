import ChainClient
import Cryptography
import Ledger
import Logging
import Primitives
import ServiceKit

/// Why a customer has no lease.
package enum LeaseKeeperError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The order was committed and no open lease of the customer's is on the ledger.
  case noLease(service: ServiceID, customer: AccountID)
  /// The ledger has no clock row: it has not begun.
  case noClock

  package var description: String {
    switch self {
    case .noLease(let service, let customer):
      "The order for service \(service.number) was committed, but \(customer) has no open lease; "
        + "look at `trellis query order`."
    case .noClock: "The ledger has no state yet; wait for its first block."
    }
  }
}

/// Sees to it that a customer holds a lease for a service with money in its escrow.
package actor LeaseKeeper {
  /// How many of a customer's leases are looked at.
  package static let leaseLimit: UInt32 = 10_000

  private let ledger: any LeaseLedger
  private let signer: SigningKey
  private let lane: UInt8
  private let logger: Logger
  /// What the lease should be.
  package nonisolated let plan: LeasePlan
  private var lease: LeaseID?

  /// - Parameter lane: the lane of the customer's account that is left to this keeper.
  package init(
    ledger: any LeaseLedger, signer: SigningKey, plan: LeasePlan, lane: UInt8 = 0,
    logger: Logger = Logger(label: "lease-keeper")
  ) {
    self.ledger = ledger
    self.signer = signer
    self.plan = plan
    self.lane = lane
    self.logger = logger
  }

  /// The customer's open lease: the one found before, one on the ledger, or a new one.
  ///
  /// Safe to call again after a crash at any point: an order that got through is found as its
  /// lease.
  /// - Throws: ``LeaseKeeperError``, ``TransactionRejected`` (such as `insufficient-balance`),
  ///   ``LedgerClientError``.
  package func ensure() async throws -> LeaseID {
    if let lease, try await record(of: lease)?.isOpen == true { return lease }
    if let found = try await openLease() {
      lease = found
      return found
    }
    let terms = OrderTerms(
      service: plan.service, matching: .pool, ceiling: plan.ceiling, escrow: plan.escrow)
    try await ledger.commitLease(.placeOrder(terms), signer: signer, lane: lane)
    guard let opened = try await openLease() else {
      throw LeaseKeeperError.noLease(service: plan.service, customer: signer.accountID)
    }
    logger.info("A lease was opened.", metadata: ["lease": "\(opened)"])
    lease = opened
    return opened
  }

  /// Fills up the buckets that are low or do not last. Returns what was added.
  /// - Throws: ``LeaseKeeperError``, ``TransactionRejected``, ``LedgerClientError``.
  @discardableResult
  package func topUp() async throws -> [LeasePlan.TopUp] {
    let lease = try await ensure()
    guard let record = try await record(of: lease) else { return [] }
    guard let clock = try await ledger.leaseRow(StateKeys.clock, as: ChainClock.self) else {
      throw LeaseKeeperError.noClock
    }
    let needed = try plan.topUps(for: record, clock: clock)
    for one in needed {
      try await ledger.commitLease(
        .topUpLease(lease: lease, bucket: one.bucket, credits: one.credits), signer: signer,
        lane: lane)
      logger.info(
        "A lease was topped up.",
        metadata: ["lease": "\(lease)", "bucket": "\(one.bucket)", "credits": "\(one.credits)"])
    }
    return needed
  }

  /// Looks after the lease until the task is cancelled. What goes wrong is logged and tried again.
  package func run(every pause: Duration) async {
    while !Task.isCancelled {
      do {
        try await topUp()
      } catch is CancellationError {
        return
      } catch {
        logger.warning("A lease could not be looked after.", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: pause)
    }
  }

  /// The lease's row on the ledger.
  /// - Throws: ``LedgerClientError``.
  package func record(of lease: LeaseID) async throws -> LeaseRecord? {
    try await ledger.leaseRow(StateKeys.lease(lease), as: LeaseRecord.self)
  }

  /// The customer's newest open lease for the service in which the service draws the providers.
  private func openLease() async throws -> LeaseID? {
    let marks = try await ledger.leaseKeys(
      in: StateKeys.leases(of: signer.accountID), limit: Self.leaseLimit)
    for id in marks.reversed().compactMap(StateKeys.lease(fromMark:)) {
      guard let record = try await record(of: id) else { continue }
      if record.isOpen, record.service == plan.service, record.provider == nil { return id }
    }
    return nil
  }
}
