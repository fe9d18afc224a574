import ChainClient
import Foundation
import Ledger
import Primitives
import StorageService

/// How a network is: what `trellis status` shows.
struct StatusReport: Codable {
  struct Process: Codable {
    let role: ProcessRole
    let id: String
    let pid: Int32?
    let isAlive: Bool
    let isHealthy: Bool
    let summary: String
    let details: [String: String]
    let endpoints: [String: String]
  }

  struct Ledger: Codable {
    let chain: String
    let height: UInt64
    let epoch: UInt64
    let timeMilliseconds: UInt64
    let supply: String
    let burned: String
  }

  struct Storage: Codable {
    /// The class of new segments, such as `RS(6,12)`; nil when nothing can be stored.
    let codeClass: String?
    let liveOperators: Int
    let bundles: Int
    /// Bundles with a vacant slot.
    let degradedBundles: Int
    /// Those that no eligible operator can take: they wait for operators.
    let waitingForOperators: Int
    let storedBytes: UInt64
    /// Of the stored bytes, those that no object uses, as coded, in bundles that their gateway
    /// still wants: the next look for garbage releases or moves them, or their lock-up runs.
    let garbageBytes: UInt64
    /// Of the stored bytes, those of bundles that were released and are paid for until their
    /// lock-up or their last proof is over.
    let releasedBytes: UInt64
    let capacityBytes: UInt64
    let challengesPassed: UInt64
    let challengesMissed: UInt64
  }

  let dataDirectory: String
  /// Whether every process lives and is healthy.
  let isWhole: Bool
  let processes: [Process]
  /// nil when the ledger does not answer.
  let ledger: Ledger?
  let storage: Storage?
  /// Each customer's storage leases.
  let leases: [LeaseReport]
  let warnings: [String]

  /// Asks every process and the ledger.
  static func make(_ network: OpenNetwork) async -> StatusReport {
    let names = network.processes
    let ports = network.settings.ports
    var pids: [ProcessName: pid_t] = [:]
    for name in names {
      pids[name] = ProcessLock.holder(of: network.directory.lockPath(of: name))
    }
    let health = await HealthProbe.ask(names.filter { pids[$0] != nil }, ports: ports)
    let processes = names.map { name in
      let pid = pids[name]
      let answer = health[name]
      return Process(
        role: name.role, id: name.id, pid: pid, isAlive: pid != nil,
        isHealthy: answer?.healthy ?? false,
        summary: pid == nil ? "not running" : answer?.summary ?? "does not answer",
        details: answer?.details ?? [:], endpoints: network.settings.endpoints(of: name))
    }
    let reader = LedgerReader(client: network.ledger)
    // Another network's node may listen where this one's did.
    let chain = try? GenesisFile.identity(in: network.directory).id
    let answer = try? await readLedger(reader)
    let ledger = answer.flatMap { $0.chain == chain ? $0 : nil }
    let gateway = processes.first { $0.role == .gateway }
    let storage = ledger == nil ? nil : try? await readStorage(reader, gateway: gateway)
    let leases: [LeaseReport] =
      if ledger != nil, let names = try? NameBook(network) {
        (try? await LeaseReport.all(reader, names: names)) ?? []
      } else {
        []
      }
    return StatusReport(
      dataDirectory: network.directory.root,
      isWhole: processes.allSatisfy { $0.isAlive && $0.isHealthy } && ledger != nil,
      processes: processes, ledger: ledger, storage: storage,
      leases: leases,
      warnings: warnings(processes, storage) + leases.compactMap(\.warning))
  }

  private static func readLedger(_ reader: LedgerReader) async throws -> Ledger {
    let clock = try await reader.clock()
    let supply = try await reader.client.value(StateKeys.supply, as: SupplyRecord.self)
    return Ledger(
      chain: try await reader.client.chain().hex, height: clock.height, epoch: clock.epoch,
      timeMilliseconds: clock.time.milliseconds, supply: "\(supply?.supply ?? .zero)",
      burned: "\(supply?.burned ?? .zero)")
  }

  private static func readStorage(_ reader: LedgerReader, gateway: Process?) async throws -> Storage
  {
    let providers = try await reader.storageProviders()
    let all = try await reader.rows(StorageReader.bundles, as: BundleRecord.self)
    let bundles = all.filter { !$0.isReleased }
    let repairs = try await reader.rows(StorageKeys.repairs, as: RepairRecord.self)
    let live = providers.count { $0.takesWork }
    return Storage(
      codeClass: gateway?.details["class"] ?? CodeClass.strongest(operators: live)?.description,
      liveOperators: live, bundles: bundles.count,
      degradedBundles: bundles.count { $0.vacantSlots > 0 },
      waitingForOperators: Set(repairs.filter(\.isDegraded).map(\.bundle)).count,
      storedBytes: providers.reduce(0) { $0 + $1.committedBytes },
      garbageBytes: StorageReader.garbageBytes(bundles, gateway: gateway?.details ?? [:]),
      releasedBytes: StorageReader.heldBytes(all.filter(\.isReleased)),
      capacityBytes: providers.reduce(0) { $0.addingSaturated($1.capacityBytes) },
      challengesPassed: providers.reduce(0) { $0 + $1.windowsPassed },
      challengesMissed: providers.reduce(0) { $0 + $1.windowsFailed })
  }

  private static func warnings(_ processes: [Process], _ storage: Storage?) -> [String] {
    var lines: [String] = []
    let dead = processes.filter { !$0.isAlive }.map(\.id)
    if !dead.isEmpty { lines.append("not running: \(dead.joined(separator: ", "))") }
    if let storage, storage.degradedBundles > 0 {
      lines.append(
        "\(storage.degradedBundles) of \(storage.bundles) bundles are degraded; "
          + "\(storage.waitingForOperators) of them wait for operators")
    }
    if let storage, storage.codeClass == nil {
      lines.append("nothing can be stored: fewer than two operators are live")
    }
    return lines
  }

  /// The report for people.
  var text: String {
    let width = processes.map(\.id.count).max() ?? 0
    var lines = processes.map { process in
      let padding = String(repeating: " ", count: width - process.id.count)
      let mark = !process.isAlive ? "DEAD" : process.isHealthy ? "ok  " : "ILL "
      let pid = process.pid.map { String($0) } ?? "–"
      return "\(process.id)\(padding)  \(mark)  \(pid)  \(process.summary)"
    }
    if let ledger {
      lines.append("ledger: height \(ledger.height), epoch \(ledger.epoch)")
    }
    if let storage {
      lines.append(
        "storage: class in force \(storage.codeClass ?? "none"); "
          + "\(storage.liveOperators) operators; "
          + "\(storage.bundles) bundles, \(storage.degradedBundles) degraded; "
          + "\(storage.storedBytes) bytes on providers, of them \(storage.garbageBytes) garbage "
          + "and \(storage.releasedBytes) released and still paid for; challenges "
          + "\(storage.challengesPassed) "
          + "passed, \(storage.challengesMissed) missed")
    }
    return (lines + warnings.map { "warning: \($0)" }).joined(separator: "\n")
  }
}
