import Ledger
import Primitives
import ServiceKit
import StorageService

/// What the provider knows of the ledger while it serves requests: rows kept for a short while, so
/// that a chunk costs no query, and the ledger's clock.
package actor LedgerView {
  private struct Kept<Value: Sendable>: Sendable {
    let value: Value
    let at: ContinuousClock.Instant
  }

  /// How long a row that can change is believed.
  private static let freshFor = Duration.seconds(2)
  /// How long it is believed when the ledger does not answer.
  private static let staleFor = Duration.seconds(3_600)
  /// The most rows of each kind that are kept.
  private static let keptLimit = 4_096

  private let access: any StorageLedgerAccess
  private var identity: Digest?
  private var clock: ChainClock?
  private var leases: [LeaseID: Kept<LeaseRecord>] = [:]
  private var groups: [PlacementGroupID: PlacementGroupRecord] = [:]
  private var bundles: [BundleID: Kept<BundleRecord>] = [:]
  private var repairs: [RepairKey: Kept<RepairRecord>] = [:]
  private var writerEpochs: [AccountID: Kept<UInt64>] = [:]

  private struct RepairKey: Hashable {
    let bundle: BundleID
    let slot: UInt8
  }

  package init(_ access: any StorageLedgerAccess) { self.access = access }

  /// The chain's identity. - Throws: when the ledger was never reached.
  package func chain() async throws -> Digest {
    if let identity { return identity }
    let chain = try await access.chain()
    identity = chain
    return chain
  }

  /// Reads the ledger's clock; called for each block.
  package func refreshClock() async throws {
    clock = try await access.value(StateKeys.clock, as: ChainClock.self) ?? clock
  }

  /// The ledger's time at the last block seen; the genesis before any was.
  package var time: LedgerTime { clock?.time ?? .genesis }
  /// The height of the last block seen.
  package var height: UInt64 { clock?.height ?? 0 }
  /// The running settlement epoch.
  package var epoch: UInt64 { clock?.epoch ?? 0 }

  /// A lease, at most some seconds old while the ledger answers.
  package func lease(_ id: LeaseID) async throws -> LeaseRecord? {
    let now = ContinuousClock.now
    if let kept = leases[id], now - kept.at < Self.freshFor { return kept.value }
    do {
      let found = try await access.value(StateKeys.lease(id), as: LeaseRecord.self)
      if leases.count >= Self.keptLimit { leases = [:] }
      leases[id] = found.map { Kept(value: $0, at: now) }
      return found
    } catch {
      guard let kept = leases[id], now - kept.at < Self.staleFor else { throw error }
      return kept.value
    }
  }

  /// A placement group; once drawn it does not change.
  package func group(_ id: PlacementGroupID) async throws -> PlacementGroupRecord? {
    if let known = groups[id] { return known }
    let found = try await access.value(StorageKeys.group(id), as: PlacementGroupRecord.self)
    if let found, found.state == .drawn {
      if groups.count >= Self.keptLimit { groups = [:] }
      groups[id] = found
    }
    return found
  }

  /// A bundle, at most some seconds old.
  package func bundle(_ id: BundleID) async throws -> BundleRecord? {
    let now = ContinuousClock.now
    if let kept = bundles[id], now - kept.at < Self.freshFor { return kept.value }
    let found = try await access.value(StorageKeys.bundle(id), as: BundleRecord.self)
    if bundles.count >= Self.keptLimit { bundles = [:] }
    bundles[id] = found.map { Kept(value: $0, at: now) }
    return found
  }

  /// A slot's repair, at most some seconds old.
  package func repair(_ bundle: BundleID, _ slot: UInt8) async throws -> RepairRecord? {
    let key = RepairKey(bundle: bundle, slot: slot)
    let now = ContinuousClock.now
    if let kept = repairs[key], now - kept.at < Self.freshFor { return kept.value }
    let found = try await access.value(StorageKeys.repair(bundle, slot), as: RepairRecord.self)
    if repairs.count >= Self.keptLimit { repairs = [:] }
    repairs[key] = found.map { Kept(value: $0, at: now) }
    return found
  }

  /// The fencing epoch of the gateway that writes for a customer, 0 when none has claimed to; at
  /// most some seconds old while the ledger answers. It is never believed to be below `atLeast`
  /// without asking again.
  package func writerEpoch(of customer: AccountID, atLeast: UInt64) async throws -> UInt64 {
    let now = ContinuousClock.now
    if let kept = writerEpochs[customer], now - kept.at < Self.freshFor, kept.value >= atLeast {
      return kept.value
    }
    do {
      let found = try await access.value(StorageKeys.writer(of: customer), as: WriterRecord.self)
      let epoch = found?.epoch ?? 0
      if writerEpochs.count >= Self.keptLimit { writerEpochs = [:] }
      writerEpochs[customer] = Kept(value: epoch, at: now)
      return epoch
    } catch {
      guard let kept = writerEpochs[customer], now - kept.at < Self.staleFor else { throw error }
      return kept.value
    }
  }

  /// Whether the ledger has a bundle with this manifest.
  package func isCommitted(_ bundleKey: Digest) async throws -> Bool {
    try await access.row(StorageKeys.bundleKey(bundleKey)) != nil
  }
}
