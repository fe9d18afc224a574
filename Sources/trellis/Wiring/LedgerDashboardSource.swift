import ChainClient
import Dashboard
import Foundation
import Ledger
import Primitives
import ServiceKit
import StorageService

/// Fills the page in from the ledger, and from what the processes say of themselves.
actor LedgerDashboardSource: DashboardSource {
  private let network: OpenNetwork
  private let reader: LedgerReader
  private var latest = DashboardSnapshot()
  private var readAt: ContinuousClock.Instant?
  private var reading: Task<DashboardSnapshot, Never>?
  private var blocks: [DashboardSnapshot.Block] = []
  private var earned = EarnedTotals()

  /// How old an answer may be, in milliseconds: all viewers together cost one reading in this time.
  private static let freshMilliseconds: Int64 = 800
  /// How many blocks the page shows.
  private static let blockCount = 14
  /// How many payout lines the page shows.
  private static let payoutCount = 24

  init(network: OpenNetwork, client: LedgerClient) {
    self.network = network
    reader = LedgerReader(client: client)
  }

  func snapshot() async -> DashboardSnapshot {
    if let readAt, ContinuousClock.now - readAt < .milliseconds(Self.freshMilliseconds) {
      return latest
    }
    if let reading { return await reading.value }
    let task = Task { await self.read() }
    reading = task
    latest = await task.value
    readAt = .now
    reading = nil
    return latest
  }

  private func read() async -> DashboardSnapshot {
    // Providers may have been added since.
    let settings =
      (try? NetworkSettings.load(from: network.directory)) ?? network.settings
    let names = settings.processes
    let living = names.filter {
      ProcessLock.holder(of: network.directory.lockPath(of: $0)) != nil
    }
    let health = await HealthProbe.ask(living, ports: settings.ports)
    var snapshot = latest
    snapshot.trouble = nil
    do {
      let clock = try await reader.clock()
      try await note(clock, in: &snapshot)
      try await noteBlocks(upTo: clock.height)
      snapshot.blocks = blocks
      try await notePayouts(clock, settings, in: &snapshot)
      try await noteStorage(settings, health, in: &snapshot)
      if let text = health[.gateway]?.details["class"] {
        snapshot.codeClass = Self.classText(text)
      }
    } catch {
      snapshot.trouble = "The ledger does not answer; this is the last state known. (\(error))"
    }
    return snapshot
  }

  private func note(_ clock: ChainClock, in snapshot: inout DashboardSnapshot) async throws {
    snapshot.chainName = try GenesisFile.identity(in: network.directory).name
    snapshot.height = clock.height
    snapshot.epoch = clock.epoch
    let length = clock.epochEndsAt.milliseconds(since: clock.epochStartedAt)
    snapshot.epochMilliseconds = network.settings.epochMilliseconds
    snapshot.epochThousandths =
      length == 0 ? 0 : clock.time.milliseconds(since: clock.epochStartedAt) * 1000 / length
    let supply = try await reader.client.value(StateKeys.supply, as: SupplyRecord.self)
    snapshot.burnedTokens = "\(supply?.burned ?? .zero)"
  }

  private func noteBlocks(upTo height: UInt64) async throws {
    let shown = UInt64(Self.blockCount)
    let oldest = height > shown ? height - shown + 1 : 1
    let known = blocks.first?.height ?? 0
    guard height > known else { return }
    for next in max(oldest, known + 1)...height {
      guard let notice = try await reader.client.blockNotice(at: next) else { break }
      blocks.insert(
        DashboardSnapshot.Block(
          height: next, timeMilliseconds: notice.timeMilliseconds,
          transactions: UInt64(max(0, notice.results.count - 1)),
          summary: Self.summary(of: notice.events)),
        at: 0)
    }
    blocks = Array(blocks.prefix(Self.blockCount))
  }

  /// The kinds of what happened, each with its number.
  private static func summary(of events: [ServiceEvent]) -> String {
    var counts: [(kind: String, count: Int)] = []
    for event in events {
      let kind = event.kind.hasPrefix("storage.") ? String(event.kind.dropFirst(8)) : event.kind
      if let index = counts.firstIndex(where: { $0.kind == kind }) {
        counts[index].count += 1
      } else {
        counts.append((kind, 1))
      }
    }
    return counts.prefix(3).map { entry in
      let words = entry.kind.replacing("-", with: " ").replacing(".", with: " ")
      return entry.count == 1 ? words : "\(entry.count) × \(words)"
    }.joined(separator: ", ")
  }

  private func notePayouts(
    _ clock: ChainClock, _ settings: NetworkSettings, in snapshot: inout DashboardSnapshot
  ) async throws {
    // Readings run one after another, so nobody else changes it meanwhile.
    var totals = earned
    try await totals.note(upTo: clock.epoch, reader)
    earned = totals
    let names = try NameBook(network)
    snapshot.paidTokens = "\(earned.paid)"
    snapshot.payouts = earned.latest.sorted { ($0.epoch, $0.provider) > ($1.epoch, $1.provider) }
      .prefix(Self.payoutCount).map { line in
        DashboardSnapshot.Payout(
          epoch: line.epoch, provider: names.name(of: line.provider),
          source: SourceText.name(line.source), tokens: "\(line.tokens)",
          credits: "\(line.credits)", why: line.cause?.text ?? "no cause was noted")
      }
  }

  private func noteStorage(
    _ settings: NetworkSettings, _ health: [ProcessName: Health],
    in snapshot: inout DashboardSnapshot
  ) async throws {
    let records = try await reader.providers()
    let storage = try await reader.storageProviders()
    let all = try await reader.rows(StorageReader.bundles, as: BundleRecord.self)
    let bundles = all.filter { !$0.isReleased }
    snapshot.releasedBytes = StorageReader.heldBytes(all.filter(\.isReleased))
    snapshot.garbageBytes = StorageReader.garbageBytes(
      bundles, gateway: health[.gateway]?.details ?? [:])
    snapshot.leaseWarnings = try await LeaseReport.all(reader, names: NameBook(network))
      .compactMap(\.warning)
    let names = try network.secrets.providerNames(settings)
    snapshot.bundles = UInt64(bundles.count)
    snapshot.degradedBundles = UInt64(bundles.count { $0.vacantSlots > 0 })
    snapshot.providers = records.map { entry in
      let record = storage.first { $0.id == entry.id }
      return provider(
        name: names[entry.id], entry.id, entry.record, record,
        health: names[entry.id].flatMap { health[$0] })
    }.sorted { $0.name.compare($1.name, options: .numeric) == .orderedAscending }
    snapshot.storedBytes = storage.reduce(0) { $0 + $1.committedBytes }
    snapshot.provenBytes = storage.reduce(0) { total, record in
      total
        + (record.windowsPassed > 0 && record.consecutiveMisses == 0 ? record.committedBytes : 0)
    }
    snapshot.capacityBytes = storage.reduce(0) { $0.addingSaturated($1.capacityBytes) }
    snapshot.passed = storage.reduce(0) { $0 + $1.windowsPassed }
    snapshot.missed = storage.reduce(0) { $0 + $1.windowsFailed }
  }

  private func provider(
    name: ProcessName?, _ id: AccountID, _ record: ProviderRecord,
    _ storage: StorageProviderRecord?, health: Health?
  ) -> DashboardSnapshot.Provider {
    let isLocal = name != nil
    let (state, summary): (DashboardSnapshot.ProviderHealth, String) =
      if isLocal, health == nil {
        (.down, "not running")
      } else if let health, !health.healthy {
        (.warning, health.summary)
      } else if storage?.isAbsent == true {
        (.warning, "missed its last proof")
      } else if record.standing != .active {
        (.warning, "\(record.standing)")
      } else {
        (.good, storage?.obligations == 0 ? "no data yet" : "proving")
      }
    return DashboardSnapshot.Provider(
      name: name?.id ?? String(id.didKey.prefix(24)), health: state, summary: summary,
      storedBytes: storage?.committedBytes ?? 0, capacityBytes: storage?.capacityBytes ?? 0,
      passed: storage?.windowsPassed ?? 0, missed: storage?.windowsFailed ?? 0,
      earnedTokens: "\(earned.total(of: id))", bondTokens: "\(record.bond)")
  }

  /// RS(6,12) reads as "6 of 12" on the page.
  private static func classText(_ text: String) -> String {
    let numbers = text.filter { $0.isNumber || $0 == "," }.split(separator: ",")
    return numbers.count == 2 ? "\(numbers[0]) of \(numbers[1])" : text
  }
}
