import ChainClient
import Cryptography
import Ledger
import Logging
import Primitives
import ServiceKit
import StorageService

/// The packing side's view of a real ledger, for one customer's lease.
///
/// What changes slowly (prices, parameters) is kept; the clock comes with each block that
/// ``note(time:)`` is told of.
package actor LedgerStorageNetwork: StorageNetwork {
  package nonisolated let chain: Digest
  package nonisolated let lease: LeaseID
  private let client: LedgerClient
  private let signer: SigningKey
  /// Under which fencing epoch everything is said; 0 for none.
  private let fencingEpoch: UInt64
  private let logger: Logger
  private var clock: (time: LedgerTime, readAt: ContinuousClock.Instant)?
  private var prices: PriceVector?
  private var isShowingPresence = false
  private var parameters: [String: (value: UInt64?, readAt: ContinuousClock.Instant)] = [:]

  /// The ledger lane on which groups are ordered, so that a slow bundle never delays a new group.
  private static let groupLane: UInt8 = 1
  /// The ledger lane of bundles.
  private static let bundleLane: UInt8 = 2
  /// The ledger lanes of renewals: several, since many bundles may be due at once.
  private static let renewalLanes: Range<UInt8> = 8..<16
  /// How long the beacon may take to draw a group, in seconds.
  private static let drawSeconds = 20.0
  /// The most rows read in one query.
  private static let rowLimit: UInt32 = 10_000

  package init(
    client: LedgerClient, chain: Digest, lease: LeaseID, signer: SigningKey,
    fencingEpoch: UInt64 = 0, logger: Logger
  ) {
    self.client = client
    self.chain = chain
    self.lease = lease
    self.signer = signer
    self.fencingEpoch = fencingEpoch
    self.logger = logger
  }

  /// A payload as this gateway's operation, void once another gateway has taken over.
  private func operation(_ payload: StoragePayload) -> Ledger.Operation {
    let bound =
      fencingEpoch == 0 ? payload : .underEpoch(UnderEpoch(epoch: fencingEpoch, payload))
    return .service(StorageKeys.service, payload: bound.canonicalBytes())
  }

  package func eligibleOperators() async throws -> [ProviderID] {
    try await unavailableIfSilent {
      let prices = try await self.leasePrices()
      let offers = StateKeys.offers(StorageKeys.service)
      let offered = try await self.client.rawRows(
        from: offers.from, to: offers.to, limit: Self.rowLimit)
      let providers = StorageKeys.providers
      let standing = try await self.client.rows(
        from: providers.from, to: providers.to, limit: Self.rowLimit,
        as: StorageProviderRecord.self)
      var within: Set<ProviderID> = []
      for row in offered {
        guard let id = ProviderID(bytes: row.key.bytes.suffix(32)),
          let offer = try? OfferRecord(canonicalBytes: row.value), offer.prices.isWithin(prices)
        else { continue }
        within.insert(id)
      }
      return standing.map(\.1).filter { $0.takesWork && within.contains($0.id) }.map(\.id)
    }
  }

  package func openGroup(
    _ codeClass: CodeClass, excluding: [ProviderID]
  ) async throws -> PlacementGroupRecord {
    let payload = StoragePayload.openGroup(
      OpenGroup(lease: lease, codeClass: codeClass, exclude: excluding))
    let committed = try await unavailableIfSilent {
      try await self.client.submit(
        operation(payload), signer: self.signer,
        lane: Self.groupLane, timeoutSeconds: 15)
    }
    guard let number = committed.events.serial("storage.group-ordered", attribute: "group") else {
      throw EngineError.unavailable(reason: "the ledger did not name the placement group")
    }
    return try await drawn(PlacementGroupID(number: number))
  }

  private func drawn(_ id: PlacementGroupID) async throws -> PlacementGroupRecord {
    let deadline = ContinuousClock.now + .seconds(Self.drawSeconds)
    while ContinuousClock.now < deadline {
      let group = try await client.value(StorageKeys.group(id), as: PlacementGroupRecord.self)
      switch group?.state {
      case .drawn: if let group { return group }
      case .refused:
        throw EngineError.unavailable(
          reason: "\(group?.eligibleOperators ?? 0) storage operators can be drawn; "
            + "\(group?.codeClass.description ?? "the class") needs more")
      default: break
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw EngineError.unavailable(reason: "no beacon drew placement group \(id) in time")
  }

  package func commitBundle(_ commit: CommitBundle) async throws -> BundleID {
    if let known = try await bundle(withKey: commit.bundleKey) { return known }
    let payload = StoragePayload.commitBundle(commit)
    do {
      let committed = try await client.submit(
        operation(payload), signer: signer,
        lane: Self.bundleLane)
      if let number = committed.events.serial("storage.bundle-committed", attribute: "bundle") {
        return BundleID(number: number)
      }
    } catch let rejection as TransactionRejected {
      // An earlier try may have got through after all.
      if let known = try await bundle(withKey: commit.bundleKey) { return known }
      throw rejection
    }
    if let known = try await bundle(withKey: commit.bundleKey) { return known }
    throw EngineError.unavailable(reason: "the ledger did not name the bundle")
  }

  package func bundle(withKey key: Digest) async throws -> BundleID? {
    guard
      let row = try await client.query(path: "/state", data: StorageKeys.bundleKey(key).bytes)
        .value
    else { return nil }
    var decoder = CanonicalDecoder(row)
    return try BundleID(from: &decoder)
  }

  package func releaseBundle(_ bundle: BundleID) async throws {
    let payload = StoragePayload.releaseBundle(ReleaseBundle(bundle: bundle))
    _ = try await client.submit(
      operation(payload), signer: signer,
      lane: Self.bundleLane)
  }

  package func renewBundle(_ bundle: BundleID, end: LedgerTime) async throws {
    let payload = StoragePayload.renewBundle(RenewBundle(bundle: bundle, end: end))
    let lane = Self.renewalLanes.lowerBound + UInt8(bundle.number % UInt64(Self.renewalLanes.count))
    _ = try await client.submit(
      operation(payload), signer: signer,
      lane: lane)
  }

  package func bundle(_ bundle: BundleID) async throws -> BundleRecord? {
    try await client.value(StorageKeys.bundle(bundle), as: BundleRecord.self)
  }

  package func egressCost(ofBytes bytes: UInt64) async throws -> Credits {
    try await leasePrices().cost(of: UInt128(bytes), .egressBytes)
  }

  package func leaseState() async throws -> LeaseState {
    try await unavailableIfSilent {
      let lease = try await self.leaseRecord()
      let price = lease.prices.price(of: .stagedByteMilliseconds) ?? .zero
      // What the reserve pays for one hour of staging; bundles follow within minutes.
      let cap: UInt64
      if price.baseUnits == 0 {
        cap = .max
      } else {
        let bytes = try lease.escrow.staging.baseUnits.scaled(
          by: 1 << 30, over: price.baseUnits, rounding: .down)
        cap = UInt64(clamping: bytes)
      }
      let clock = try await self.ledgerTime()
      let total = try await self.client.value(
        StorageKeys.leaseTotal(self.lease), as: StreamRecord.self)
      let runway = try LeaseRunway(
        held: lease.escrow.stream, owed: lease.owed.stream, total: total, prices: lease.prices,
        lockUpMilliseconds: try await self.lockUpMilliseconds(), now: clock)
      let funding = LeaseFunding(
        runway, isOpen: lease.isOpen,
        drySince: try await self.client.value(
          StorageKeys.dryLease(self.lease), as: LedgerTime.self),
        lowMilliseconds: try await self.parameter(LedgerParameters.lowEscrowMilliseconds) ?? 0,
        graceMilliseconds: try await self.parameter("storage.grace-milliseconds") ?? 0, now: clock)
      return LeaseState(
        isOpen: lease.isOpen, stagingCapBytes: cap, needed: funding.needed, runway: runway,
        funding: funding, endReason: lease.state.endReason)
    }
  }

  package func ledgerTime() async throws -> LedgerTime {
    if let clock, ContinuousClock.now - clock.readAt < .seconds(1) { return clock.time }
    do {
      guard let now = try await client.value(StateKeys.clock, as: ChainClock.self) else {
        throw EngineError.unavailable(reason: "the ledger has no clock yet")
      }
      clock = (now.time, .now)
      return now.time
    } catch {
      // Orders may be signed while the ledger is away: its clock stands still then.
      if let clock { return clock.time }
      throw error
    }
  }

  package func bundleTermMilliseconds() async throws -> UInt64 {
    try await parameter("storage.bundle-term-milliseconds") ?? 30 * 86_400_000
  }

  package func isStranded(_ bundle: BundleRecord) async throws -> Bool {
    for slot in bundle.slots.indices where bundle.slots[slot].provider == nil {
      let repair = try await client.value(
        StorageKeys.repair(bundle.id, UInt8(slot)), as: RepairRecord.self)
      guard let repair, repair.isDegraded, let leaver = repair.leaver else { continue }
      let record = try await client.value(
        StorageKeys.provider(leaver), as: StorageProviderRecord.self)
      // Who died or was faulted did not say so: it may come back, or another may.
      if record?.isAvailable == false { return true }
    }
    return false
  }

  package func showPresence() async throws {
    guard !isShowingPresence else { return }
    isShowingPresence = true
    defer { isShowingPresence = false }
    let seen = try await client.value(StorageKeys.customerSeen(lease), as: LedgerTime.self)
    let grace = try await parameter("storage.grace-milliseconds") ?? 0
    guard try await ledgerTime().milliseconds(since: seen ?? .genesis) >= grace / 4 else { return }
    _ = try await client.submit(
      operation(.showPresence(ShowPresence(lease: lease))), signer: signer, lane: Self.groupLane)
  }

  package func lockUpMilliseconds() async throws -> UInt64 {
    try await parameter("storage.lock-up-milliseconds") ?? 30 * 86_400_000
  }

  /// A governed parameter, believed for a few seconds.
  private func parameter(_ name: String) async throws -> UInt64? {
    if let kept = parameters[name], ContinuousClock.now - kept.readAt < .seconds(5) {
      return kept.value
    }
    let read = try await client.value(StateKeys.parameter(name), as: ParameterRecord.self)
      .map { UInt64(clamping: $0.value) }
    parameters[name] = (read, .now)
    return read
  }

  private func leaseRecord() async throws -> LeaseRecord {
    guard let record = try await client.value(StateKeys.lease(lease), as: LeaseRecord.self) else {
      throw EngineError.unavailable(reason: "lease \(lease) is not on the ledger")
    }
    return record
  }

  private func leasePrices() async throws -> PriceVector {
    if let prices { return prices }
    let read = try await leaseRecord().prices
    prices = read
    return read
  }

  /// A ledger that does not answer is no reason of the client's: the S3 side says SlowDown.
  private func unavailableIfSilent<T: Sendable>(
    _ body: () async throws -> T
  ) async throws -> T {
    do {
      return try await body()
    } catch let error as EngineError {
      throw error
    } catch {
      throw EngineError.unavailable(reason: "the ledger does not answer: \(error)")
    }
  }
}

extension [ServiceEvent] {
  /// The serial number that the first event of a kind names.
  func serial(_ kind: String, attribute: String) -> UInt64? {
    first { $0.kind == kind }?.attributes.first { $0.name == attribute }.flatMap {
      UInt64($0.value)
    }
  }
}
