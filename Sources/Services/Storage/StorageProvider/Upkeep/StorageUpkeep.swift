import Cryptography
import Ledger
import Logging
import Metrics
import NIOPosix
import Primitives
import ServiceKit
import StorageService

/// The provider's housekeeping, block by block: says that it is there, claims vouchers, and frees
/// what it is no longer obliged to keep.
package actor StorageUpkeep {
  /// Milliseconds of the ledger's clock between two looks at what can be freed: an eighth of the
  /// grace period, within these bounds.
  private static let collectMilliseconds: ClosedRange<UInt64> = 2_000...3_600_000

  private let key: SigningKey
  private let store: ShardStore
  private let access: any StorageLedgerAccess
  private let ledger: LedgerView
  private let accounts: RetrievalAccounts
  private let threads: NIOThreadPool
  private let logger: Logger
  private var claimedEpoch: UInt64?
  private var nextCollection = LedgerTime.genesis
  private let isPaused: @Sendable () -> Bool

  /// - Parameter isPaused: whether the owner wants no new work; asked with each block.
  package init(
    key: SigningKey, store: ShardStore, access: any StorageLedgerAccess, ledger: LedgerView,
    accounts: RetrievalAccounts, threads: NIOThreadPool,
    isPaused: @escaping @Sendable () -> Bool = { false },
    logger: Logger = Logger(label: "storage-upkeep")
  ) {
    self.isPaused = isPaused
    self.key = key
    self.store = store
    self.access = access
    self.ledger = ledger
    self.accounts = accounts
    self.threads = threads
    self.logger = logger
  }

  private var provider: ProviderID { key.accountID }

  /// Does what is due with a new block. - Throws: when the ledger does not answer.
  package func step() async throws {
    try await keepAvailable()
    try await claimVouchers()
    if await ledger.time >= nextCollection { try await collect() }
    Gauge(label: "storage_used_bytes").record(store.usedBytes)
    Gauge(label: "storage_shards").record(store.shardCount)
  }

  // MARK: Being there

  /// Tells the ledger that this provider takes work, when the ledger does not know or has marked it
  /// absent; that it runs this very line shows that it is there.
  private func keepAvailable() async throws {
    let record = try await access.value(
      StorageKeys.provider(provider), as: StorageProviderRecord.self)
    let wanted = !isPaused()
    // Free space shrinks with data that is not the ledger's business yet; the quota does not.
    let capacity = store.quotaBytes
    if let record, record.isAvailable == wanted, record.capacityBytes == capacity,
      !(wanted && record.isAbsent)
    {
      return
    }
    do {
      try await access.submit(
        .setAvailability(SetAvailability(isAvailable: wanted, capacityBytes: capacity)),
        lane: ProviderLane.availability)
    } catch let refusal as LedgerRefusal {
      // Not registered yet, say; the next block tries again.
      logger.debug("Availability was refused.", metadata: ["why": "\(refusal)"])
    }
  }

  // MARK: Being paid

  /// Claims the best voucher of each lane once an epoch.
  private func claimVouchers() async throws {
    let epoch = await ledger.epoch
    guard claimedEpoch != epoch else { return }
    for voucher in accounts.unclaimed() {
      do {
        try await access.submit(.claimVoucher(voucher), lane: ProviderLane.vouchers)
        try await threads.runIfActive { [accounts] in try accounts.noteClaimed(voucher) }
      } catch let refusal as LedgerRefusal {
        logger.warning("The ledger refused a voucher.", metadata: ["why": "\(refusal)"])
      }
    }
    try await threads.runIfActive { [accounts] in try accounts.flush() }
    claimedEpoch = epoch
  }

  // MARK: Freeing

  /// Frees bundles that are gone for longer than the grace period, and the staged shards of leases
  /// that are closed.
  package func collect() async throws {
    let held = try await threads.runIfActive { [store] in try store.index.statements() }
    let grace = try await access.value(
      StateKeys.parameter("storage.grace-milliseconds"), as: ParameterRecord.self)
    let graceMilliseconds = UInt64(clamping: grace?.value ?? 0)
    let bounds = Self.collectMilliseconds
    let pause = min(max(graceMilliseconds / 8, bounds.lowerBound), bounds.upperBound)
    let now = await ledger.time
    nextCollection = now.advanced(milliseconds: pause)
    for entry in held { try await collect(entry, graceMilliseconds: graceMilliseconds) }
    try await collectStaged()
    try await StagingClaimant(
      provider: provider, store: store, access: access, ledger: ledger, logger: logger
    ).step(graceMilliseconds: graceMilliseconds)
    try await threads.runIfActive { [store] in
      try store.index.dropUnsignedManifests(
        UnsignedManifests.expired(try store.index.unsignedManifests(), at: now))
    }
  }

  private func collect(_ entry: HeldStatement, graceMilliseconds: UInt64) async throws {
    let now = await ledger.time
    let bundleKey = entry.statement.bundleKey
    let (bundle, isObliged) = try await standing(of: entry)
    if isObliged || (bundle == nil && now <= entry.statement.end) {
      if entry.goneSince != nil || bundle != entry.bundle {
        try await note(bundle, goneSince: nil, of: bundleKey)
      }
      return
    }
    guard let since = entry.goneSince else {
      return try await note(bundle, goneSince: now, of: bundleKey)
    }
    guard now.milliseconds(since: since) >= graceMilliseconds else { return }
    try await threads.runIfActive { [store] in try store.dropBundle(bundleKey) }
    Counter(label: "storage_bundles_freed").increment()
    logger.info("Freed a bundle.", metadata: ["bundle": "\(bundleKey)"])
  }

  private func note(
    _ bundle: BundleID?, goneSince: LedgerTime?, of bundleKey: Digest
  ) async throws {
    try await threads.runIfActive { [store] in
      try store.index.noteBundle(bundle, goneSince: goneSince, of: bundleKey)
    }
  }

  /// The number of a statement's bundle, if it was ever committed, and whether this provider still
  /// has to keep it or is just taking it over.
  private func standing(
    of entry: HeldStatement
  ) async throws -> (bundle: BundleID?, isObliged: Bool) {
    let record = try await access.value(
      StorageKeys.bundleKey(entry.statement.bundleKey), as: BundleKeyRecord.self)
    guard let bundle = record?.bundle ?? entry.bundle else { return (nil, false) }
    if try await access.row(StorageKeys.obligation(provider, bundle)) != nil {
      return (bundle, true)
    }
    return (bundle, try await access.row(StorageKeys.assignment(provider, bundle)) != nil)
  }

  /// A staged shard is kept as long as its lease may still pay for it.
  private func collectStaged() async throws {
    var closed: [LeaseID: Bool] = [:]
    for row in store.rows() where row.bundleKey == nil {
      let lease = row.key.segment.lease
      if closed[lease] == nil { closed[lease] = try await isClosed(lease) }
      guard closed[lease] == true else { continue }
      try await threads.runIfActive { [store] in try store.drop(row.key) }
    }
  }

  /// A lease whose record is gone, or refunded. A ledger that does not answer throws instead.
  private func isClosed(_ lease: LeaseID) async throws -> Bool {
    guard let record = try await access.value(StateKeys.lease(lease), as: LeaseRecord.self) else {
      return await ledger.height > 0
    }
    return record.isClosed
  }
}
