import Cryptography
import Ledger
import Logging
import NIOCore
import NIOPosix
import NodeLink
import Primitives
import ServiceKit
import StorageService

/// Answers storage requests of other nodes.
///
/// Who may what is decided by signatures and by what the ledger says, never by who holds the
/// connection: appends and control need the lease's customer, reads the customer or the replacement
/// that the ledger named. A refusal is an answer with its code; only a bug is an error.
package final class StorageLinkHandler: Sendable {
  private let key: SigningKey
  let store: ShardStore
  let ledger: LedgerView
  let accounts: RetrievalAccounts
  let limits: any StorageLimiting
  let manifests = ManifestInbox()
  private let fences: FenceBook
  private let threads: NIOThreadPool
  private let isPaused: @Sendable () -> Bool
  private let logger: Logger

  /// - Parameters:
  ///   - threads: where disk work is done; started, and stopped by its owner.
  ///   - isPaused: whether the owner wants no new work; asked with each chunk.
  package init(
    key: SigningKey, store: ShardStore, ledger: LedgerView, accounts: RetrievalAccounts,
    limits: any StorageLimiting, threads: NIOThreadPool,
    isPaused: @escaping @Sendable () -> Bool = { false },
    logger: Logger = Logger(label: "storage-handler")
  ) {
    self.isPaused = isPaused
    self.key = key
    self.store = store
    self.ledger = ledger
    self.accounts = accounts
    self.limits = limits
    self.threads = threads
    self.logger = logger
    fences = FenceBook(index: store.index)
  }

  /// This provider.
  package var provider: ProviderID { key.accountID }

  /// Answers one request of `peer`.
  package func respond(to peer: AccountID, _ body: ByteBuffer) async -> LinkPayload {
    do {
      let (request, tail) = try LinkBody.decode(StorageRequest.self, body)
      let answer = try await answer(request, tail)
      return LinkPayload(LinkBody.encode(answer.response), tail: answer.tail)
    } catch {
      let refusal = Self.refusal(error)
      logger.debug(
        "Refused a request.",
        metadata: ["peer": "\(peer)", "code": "\(refusal.code.name)", "why": "\(refusal.detail)"])
      return LinkPayload(LinkBody.encode(StorageResponse.refused(refusal)))
    }
  }

  private static func refusal(_ error: any Error) -> StorageRefusal {
    switch error {
    case let refusal as StorageRefusal: refusal
    case let error as CodecError:
      StorageRefusal(.malformed, "the message is not canonical: \(error)")
    default:
      StorageRefusal(.notReady, "the provider cannot tell now: \(error); try again soon")
    }
  }

  private func answer(
    _ request: StorageRequest, _ tail: ByteBuffer
  ) async throws -> (response: StorageResponse, tail: ByteBuffer) {
    let none = ByteBuffer()
    return switch request {
    case .append(let order): (.appended(try await append(order, tail)), none)
    case .read(let order): try await read(order)
    case .putManifest(let part): (try await receiveManifest(part, tail), none)
    case .getManifest(let key, let offset): try await sendManifest(key, offset)
    case .control(let order): (try await control(order), none)
    case .voucher(let bytes): (try await takeVoucher(bytes), none)
    case .status: (.status(await status()), none)
    }
  }

  /// Runs disk work on a thread that may block.
  func onDisk<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await threads.runIfActive(work)
  }

  private func status() async -> StorageStatus {
    StorageStatus(
      provider: provider, ledgerHeight: await ledger.height, usedBytes: store.usedBytes,
      freeBytes: store.freeBytes, shardCount: UInt64(store.shardCount))
  }

  // MARK: Who may

  func check(chain: Digest) async throws {
    guard chain == (try await ledger.chain()) else {
      throw StorageRefusal(.misdirected, "this provider is on another chain")
    }
  }

  func check(provider: ProviderID, expiry: LedgerTime) async throws {
    guard provider == self.provider else {
      throw StorageRefusal(.misdirected, "the order is for provider \(provider)")
    }
    let now = await ledger.time
    guard now <= expiry else {
      throw StorageRefusal(.expired, "the order was good until \(expiry), the ledger is at \(now)")
    }
  }

  func lease(_ id: LeaseID) async throws -> LeaseRecord {
    guard let lease = try await ledger.lease(id), !lease.isClosed,
      lease.service == StorageKeys.service
    else { throw StorageRefusal(.unknownLease, "there is no open storage lease \(id)") }
    return lease
  }

  func group(
    _ id: PlacementGroupID, lease: LeaseID, slot: UInt8
  ) async throws -> PlacementGroupRecord {
    guard let group = try await ledger.group(id), group.state == .drawn, group.lease == lease else {
      throw StorageRefusal(.notThisSlot, "lease \(lease) has no drawn placement group \(id)")
    }
    guard Int(slot) < group.providers.count, group.providers[Int(slot)] == provider else {
      throw StorageRefusal(.notThisSlot, "slot \(slot) of group \(id) is another provider's")
    }
    return group
  }

  // MARK: Appending

  private func append(
    _ signed: Signed<AppendOrder>, _ tail: ByteBuffer
  ) async throws -> Signed<Acknowledgement> {
    let order = signed.message
    guard tail.readableBytes == Int(order.length) else {
      throw StorageRefusal(
        .wrongLength, "the order says \(order.length) bytes, \(tail.readableBytes) came")
    }
    try await check(chain: order.chain)
    let lease = try await lease(order.lease)
    guard lease.isOpen else {
      throw StorageRefusal(.unknownLease, "lease \(order.lease) is closing and takes no data")
    }
    guard signed.isSigned(by: lease.customer) else {
      throw StorageRefusal(.notAuthorized, "the order is not signed by the lease's customer")
    }
    try await checkWriter(order.fencingEpoch, customer: lease.customer)
    // What was staged before is still countersigned; a group that was drawn before brings no more.
    if isPaused() {
      throw StorageRefusal(.paused, "the operator of this provider takes no new work")
    }
    let group = try await group(order.group, lease: order.lease, slot: order.slot)
    try limits.admit(inbound: tail.readableBytes, stored: store.usedBytes)
    let time = await ledger.time
    try checkStaging(order, lease: lease, group: group)
    let acknowledgement = Acknowledgement(order: order, provider: provider)
    return try await onDisk { [store, fences, key] in
      try fences.check(order.lease, epoch: order.fencingEpoch)
      try tail.withUnsafeReadableBytes { chunk in
        try store.append(
          order, signature: signed.signature, leafBytes: Int(group.codeClass.leafBytes),
          chunk: chunk, time: time)
      }
      return Signed(acknowledgement, by: key)
    }
  }

  /// Only the gateway that the ledger names as the customer's writer may append, drop or have
  /// anything countersigned.
  private func checkWriter(_ epoch: UInt64, customer: AccountID) async throws {
    let present = try await ledger.writerEpoch(of: customer, atLeast: epoch)
    if epoch < present {
      throw StorageRefusal(
        .fenced,
        "a gateway with fencing epoch \(present) writes for \(customer) now; this order "
          + "is of epoch \(epoch)", number: present)
    }
    if epoch > present {
      throw StorageRefusal(
        .notReady,
        "the ledger shows fencing epoch \(present) for \(customer), the order says "
          + "\(epoch); claim the writing first, or try again soon")
    }
  }

  /// How long staged bytes are expected to stay staged: 10 minutes.
  private static let stagingHorizonMilliseconds: UInt128 = 600_000

  /// Refuses more staged bytes than this provider's share of the lease's staging reserve pays for.
  private func checkStaging(
    _ order: AppendOrder, lease: LeaseRecord, group: PlacementGroupRecord
  ) throws {
    let staged = store.stagedBytes(of: order.lease).addingSaturated(UInt64(order.length))
    let cost = try lease.prices.cost(
      of: UInt128(staged) * Self.stagingHorizonMilliseconds, .stagedByteMilliseconds)
    let share = try lease.escrow.staging.scaled(
      by: 1, over: UInt128(max(1, group.codeClass.totalShards)), rounding: .down)
    guard cost <= share else {
      throw StorageRefusal(
        .stagingReserve,
        "\(staged) staged bytes cost up to \(cost) credits, this provider's share of the lease's "
          + "staging reserve is \(share); commit bundles or top the lease up", number: staged)
    }
  }

  // MARK: Reading

  private func read(
    _ signed: Signed<ReadOrder>
  ) async throws -> (response: StorageResponse, tail: ByteBuffer) {
    let order = signed.message
    try await check(chain: order.chain)
    try await check(provider: order.provider, expiry: order.expiry)
    let lease = try await lease(order.lease)
    let key = ShardKey(segment: order.segmentID, slot: order.slot)
    switch order.authority {
    case .payer:
      guard order.reader == lease.customer else {
        throw StorageRefusal(.notAuthorized, "\(order.reader) is not the lease's customer")
      }
    case .repair(let bundle, let slot):
      try await checkRepairer(order, bundle: bundle, slot: slot, key: key)
    }
    guard signed.isSigned(by: order.reader) else {
      throw StorageRefusal(.notAuthorized, "the order is not signed by its reader")
    }
    if order.authority == .payer {
      try limits.admit(outbound: Int(order.length))
      try accounts.charge(order.lease, bytes: Int(order.length), prices: lease.prices)
    } else {
      limits.countRepair(sent: Int(order.length), received: 0)
    }
    let found = try await onDisk { [store] in
      try store.read(key, range: order.range, shardBytes: order.shardBytes)
    }
    return (.range(found.proof), found.bytes)
  }

  /// A replacement may read the other shards of the bundle that the ledger gave it, and no others.
  private func checkRepairer(
    _ order: ReadOrder, bundle: BundleID, slot: UInt8, key: ShardKey
  ) async throws {
    guard let repair = try await ledger.repair(bundle, slot), repair.replacement == order.reader,
      await ledger.time <= repair.deadline
    else {
      throw StorageRefusal(
        .notAuthorized, "the ledger does not name \(order.reader) for slot \(slot) of \(bundle)")
    }
    guard let record = try await ledger.bundle(bundle), record.lease == order.lease,
      order.slot != slot, let row = store.row(key), row.bundleKey == record.bundleKey
    else {
      throw StorageRefusal(.unknownShard, "shard \(key) is not of bundle \(bundle) here")
    }
  }

  // MARK: Control

  private func control(_ signed: Signed<ControlOrder>) async throws -> StorageResponse {
    let order = signed.message
    try await check(chain: order.chain)
    try await check(provider: order.provider, expiry: order.expiry)
    let lease = try await lease(order.lease)
    guard signed.isSigned(by: lease.customer) else {
      throw StorageRefusal(.notAuthorized, "the order is not signed by the lease's customer")
    }
    switch order.action {
    case .listStaged(let after):
      return try await list(order.lease, after: after, withBundled: false)
    case .listHeld(let after):
      return try await list(order.lease, after: after, withBundled: true)
    case .dropStaged(let segment, let slot):
      let key = ShardKey(
        segment: SegmentID(lease: order.lease, number: segment), slot: slot)
      try await checkWriter(order, customer: lease.customer)
      return try await dropStaged(key, by: signed)
    case .raiseFence(let epoch):
      try await onDisk { [fences] in try fences.raise(order.lease, to: epoch) }
      return .done
    case .countersign(let statement):
      try await checkWriter(order, customer: lease.customer)
      return try await countersign(statement, lease: order.lease, key: key)
    }
  }

  /// Only the writing gateway may have bytes thrown away or this provider obliged: one that was
  /// overtaken knows neither what its successor found nor what it wrote.
  private func checkWriter(_ order: ControlOrder, customer: AccountID) async throws {
    try await checkWriter(order.fencingEpoch, customer: customer)
    try await onDisk { [fences] in
      try fences.check(order.lease, epoch: order.fencingEpoch)
    }
  }

  private func list(
    _ lease: LeaseID, after: UInt64, withBundled: Bool
  ) async throws -> StorageResponse {
    let shards = try await onDisk { [store] in
      try store.held(of: lease, after: after, withBundled: withBundled)
    }
    var sent: [StagedShard] = []
    var bytes = 0
    for shard in shards {
      bytes += 100 + 8 * shard.chunkEnds.count
      if bytes > LinkMessage.headerByteLimit / 2, !sent.isEmpty { break }
      sent.append(shard)
    }
    let isComplete = sent.count == shards.count && shards.count < StagedShard.listLimit
    return .staged(sent, isComplete: isComplete)
  }

  private func dropStaged(
    _ key: ShardKey, by order: Signed<ControlOrder>
  ) async throws -> StorageResponse {
    if let bundleKey = store.row(key)?.bundleKey { try await checkFree(key, bundleKey) }
    try await onDisk { [store] in
      // First the order: without it this provider could not say why the bytes are gone.
      if store.row(key) != nil { try store.index.saveDropOrder(order, of: key) }
      try store.drop(key)
    }
    return .done
  }

  /// A column that this provider countersigned can be committed until its statement ends: whoever
  /// had it dropped before could still oblige this provider to prove it, and have it slashed.
  private func checkFree(_ key: ShardKey, _ bundleKey: Digest) async throws {
    if try await ledger.isCommitted(bundleKey) {
      throw StorageRefusal(.sealed, "shard \(key) is in a committed bundle")
    }
    let statement = try await onDisk { [store] in try store.index.statement(bundleKey) }
    if let statement, await ledger.time <= statement.end {
      throw StorageRefusal(
        .sealed, "shard \(key) is countersigned for a bundle until \(statement.end)")
    }
  }

  // MARK: Vouchers

  private func takeVoucher(_ bytes: [UInt8]) async throws -> StorageResponse {
    let signed = try SignedVoucher(canonicalBytes: bytes)
    let voucher = signed.voucher
    try await check(chain: voucher.chain)
    guard voucher.provider == provider else {
      throw StorageRefusal(.misdirected, "the voucher is for provider \(voucher.provider)")
    }
    let lease = try await lease(voucher.lease)
    guard signed.isSigned(by: lease.customer) else {
      throw StorageRefusal(.badVoucher, "the voucher is not signed by the lease's customer")
    }
    guard accounts.laneCount(voucher.lease) < 64 else {
      throw StorageRefusal(.badVoucher, "lease \(voucher.lease) uses too many voucher lanes")
    }
    let open = voucher.cumulative.subtractingSaturated(
      accounts.claimed(voucher.lease, voucher.lane))
    guard open <= lease.escrow.usage else {
      throw StorageRefusal(
        .badVoucher,
        "\(open) credits are not claimed yet and the lease's usage escrow holds "
          + "\(lease.escrow.usage); top it up")
    }
    let result = try await onDisk { [accounts] in
      let result = try accounts.accept(signed, prices: lease.prices)
      try accounts.flush()
      return result
    }
    return .voucherAccepted(cumulative: result.cumulative, readableBytes: result.readable)
  }
}
