import ArgumentParser
import ChainClient
import Cryptography
import Foundation
import Ledger
import Primitives
import ServiceKit
import StorageService

/// Takes no new work; what it keeps stays, is proven, served and paid.
struct ProviderPauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Take no new work; go on keeping and proving what is there.",
    discussion: "Example:\n  trellis provider pause --id provider-3")
  @OptionGroup var data: DataOption
  @Option(help: "Which provider: provider-3 or 3.")
  var id: String

  func run() async throws {
    let life = try ProviderLife(id, in: data.network())
    try await life.setPaused(true)
    print("\(life.name.id) takes no new work. `trellis provider resume --id \(id)` ends that.")
  }
}

/// Takes new work again.
struct ProviderResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Take new work again.",
    discussion: "Example:\n  trellis provider resume --id provider-3")
  @OptionGroup var data: DataOption
  @Option(help: "Which provider: provider-3 or 3.")
  var id: String

  func run() async throws {
    let life = try ProviderLife(id, in: data.network())
    try await life.setPaused(false)
    print("\(life.name.id) takes new work.")
  }
}

/// Gives all data back to the network and stays bonded.
struct ProviderDrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Give all data back; wait until others have rebuilt it.",
    discussion: """
      The provider takes no new work and its columns are rebuilt by others from the columns that \
      remain. What the repair costs is taken from its bond, as for anyone who gives a column back. \
      It stays bonded: `resume` puts it back to work.

      Example:
        trellis provider drain --id provider-3
      """)
  @OptionGroup var data: DataOption
  @Option(help: "Which provider: provider-3 or 3.")
  var id: String
  @Flag(help: "Do not wait.")
  var noWait = false

  func run() async throws {
    let life = try ProviderLife(id, in: data.network())
    try life.notePaused(true)
    try await life.submit(
      .service(StorageKeys.service, payload: StoragePayload.drain.canonicalBytes()))
    if noWait {
      print("\(life.name.id) gives its data back; `trellis provider list` shows how far it is.")
      return
    }
    try await life.waitUntilFree {
      // What was staged here before may have come into a bundle only now.
      try await life.submit(
        .service(StorageKeys.service, payload: StoragePayload.drain.canonicalBytes()))
    }
    print("\(life.name.id) keeps nothing for anyone any more.")
  }
}

/// Leaves the network: data first, then the bond.
struct ProviderLeaveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leave", abstract: "Leave: data is rebuilt elsewhere, then the bond comes back.",
    discussion: """
      Asks the ledger to let the provider go. Its columns are rebuilt by others first (their cost \
      is taken from the bond), the bond comes back after the unbonding time, whose end is printed. \
      Run it again after that, or give --wait, and the bond is withdrawn.

      Examples:
        trellis provider leave --id provider-3
        trellis provider leave --id provider-3 --wait
      """)
  @OptionGroup var data: DataOption
  @Option(help: "Which provider: provider-3 or 3.")
  var id: String
  @Flag(help: "Wait for the end of the unbonding time and withdraw the bond.")
  var wait = false

  func run() async throws {
    let life = try ProviderLife(id, in: data.network())
    try life.notePaused(true)
    var record = try await life.record()
    if record.standing == .left {
      print("\(life.name.id) has left; its bond is back in its account.")
      return
    }
    if record.standing == .active || record.standing == .underbonded {
      try await life.submit(.startUnbonding)
      record = try await life.record()
    }
    guard case .unbonding(let until) = record.standing else {
      throw UserError("\(life.name.id) could not leave: its standing is \(record.standing)")
    }
    try await life.waitUntilFree()
    print("\(life.name.id) keeps nothing for anyone any more.")
    let left = try await life.milliseconds(until: until)
    print("Its bond of \(record.bond) tokens is free \(ProviderLife.when(left)).")
    guard wait || left == 0 else {
      print("Withdraw it then: trellis provider leave --id \(life.name.id)")
      return
    }
    try await life.waitUntil(until)
    let bond = try await life.record().bond
    try await life.submit(.withdrawBond)
    print("\(life.name.id) has left; \(bond) tokens are back in its account.")
  }
}

/// Shows every provider's settings and standing.
struct ProviderListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "All providers: running or not, standing, what they keep.",
    discussion: "Examples:\n  trellis provider list\n  trellis provider list --json")
  @OptionGroup var data: DataOption
  @Flag(help: "As JSON.")
  var json = false

  struct Row: Codable {
    let provider: String
    let isRunning: Bool
    let isPaused: Bool
    /// `active`, `underbonded`, `leaving`, `left` or `not registered`.
    let standing: String
    /// How long until the bond of one that leaves can be withdrawn, in seconds of the ledger's
    /// clock.
    let bondFreeInSeconds: UInt64?
    let bond: String
    let columns: UInt64
    let awaitingRepair: UInt64
    let committedBytes: UInt64
    let diskLimitBytes: UInt64?
  }

  func run() async throws {
    let network = try data.network()
    var rows: [Row] = []
    for number in network.settings.providers {
      rows.append(try await row(ProviderLife(ProcessName.provider(number), in: network), network))
    }
    if json {
      print(try JSON.text(rows))
      return
    }
    for row in rows {
      let state = row.isRunning ? (row.isPaused ? "paused" : "running") : "stopped"
      let free = row.bondFreeInSeconds.map { $0 > 0 ? " (free in \($0) s)" : " (free)" } ?? ""
      print(
        "\(row.provider)  \(state)  \(row.standing)  bond \(row.bond)\(free)  "
          + "\(row.columns) columns, \(row.committedBytes) bytes"
          + (row.awaitingRepair > 0 ? ", \(row.awaitingRepair) columns being rebuilt" : ""))
    }
  }

  private static func text(_ standing: ProviderStanding) -> String {
    if case .unbonding = standing { "leaving" } else { "\(standing)" }
  }

  private func row(_ life: ProviderLife, _ network: OpenNetwork) async throws -> Row {
    let record = try? await life.record()
    let storage = try await life.storage()
    let files = OperatorFiles(directory: network.directory.dataDirectory(of: life.name))
    var freeIn: UInt64?
    if case .unbonding(let until)? = record?.standing {
      freeIn = try await life.milliseconds(until: until).addingSaturated(999) / 1_000
    }
    return Row(
      provider: life.name.id,
      isRunning: ProcessLock.holder(of: network.directory.lockPath(of: life.name)) != nil,
      isPaused: try files.profile().isPaused ?? false,
      standing: record.map { Self.text($0.standing) } ?? "not registered",
      bondFreeInSeconds: freeIn,
      bond: record.map { "\($0.bond)" } ?? "0", columns: storage?.obligations ?? 0,
      awaitingRepair: storage?.repairsOwed ?? 0, committedBytes: storage?.committedBytes ?? 0,
      diskLimitBytes: try files.limits().diskBytes)
  }
}

/// A provider between joining and leaving, seen from its operator's side.
struct ProviderLife {
  /// The lane of an operator's own transactions; the process has others.
  private static let lane: UInt8 = 61

  let name: ProcessName
  private let key: SigningKey
  private let client: LedgerClient
  private let files: OperatorFiles

  /// - Throws: ``UserError``.
  init(_ text: String, in network: OpenNetwork) throws {
    try self.init(ProviderChoice.one(text, in: network), in: network)
  }

  /// - Throws: ``UserError``.
  init(_ name: ProcessName, in network: OpenNetwork) throws {
    self.name = name
    key = try network.secrets.provider(name).ledgerKey
    client = network.ledger
    files = OperatorFiles(directory: network.directory.dataDirectory(of: name))
  }

  /// Its record on the ledger. - Throws: ``UserError`` when it never registered.
  func record() async throws -> ProviderRecord {
    guard
      let record = try await client.value(
        StateKeys.provider(key.accountID), as: ProviderRecord.self)
    else {
      throw UserError(
        "\(name.id) is not registered on the ledger yet",
        advice: "It registers when it starts: trellis provider start --id \(name.id)")
    }
    return record
  }

  /// What the storage service knows of it; nil when it never offered storage.
  func storage() async throws -> StorageProviderRecord? {
    try await client.value(
      StorageKeys.provider(key.accountID), as: StorageProviderRecord.self)
  }

  /// Keeps whether it takes work in its file, where its process looks.
  func notePaused(_ paused: Bool) throws { try files.setPaused(paused) }

  /// Says so to the ledger too.
  func setPaused(_ paused: Bool) async throws {
    _ = try await record()
    try notePaused(paused)
    guard let storage = try await storage(), storage.isAvailable == paused else { return }
    let payload = StoragePayload.setAvailability(
      SetAvailability(isAvailable: !paused, capacityBytes: storage.capacityBytes))
    try await submit(.service(StorageKeys.service, payload: payload.canonicalBytes()))
  }

  /// Submits as the provider.
  func submit(_ operation: Ledger.Operation) async throws {
    _ = try await client.submit(operation, signer: key, lane: Self.lane)
  }

  /// How long nothing happens before a person is told what is missing.
  private static let patience = Duration.seconds(30)

  /// Waits until the storage service holds nothing against its bond; says how far it is.
  /// - Parameter giveBack: has columns taken that came later.
  func waitUntilFree(giveBack: () async throws -> Void = {}) async throws {
    var last: UInt64?
    var since = ContinuousClock.now
    while let storage = try await storage(), storage.isObliged {
      let left = storage.obligations + storage.repairsOwed
      if left != last {
        Console.say("\(name.id): \(left) columns are still to be rebuilt elsewhere")
        (last, since) = (left, .now)
      } else if ContinuousClock.now - since > Self.patience {
        Console.say(
          "\(name.id): the same \(left) columns wait for an operator that has no other column of "
            + "their bundles, or for their gateway to code them anew; another provider would help: "
            + "trellis provider init")
        since = .now
      }
      if storage.obligations > 0, !storage.isBeingVacated { try await giveBack() }
      try await Task.sleep(for: .milliseconds(500))
    }
  }

  /// How long until a time of the ledger's clock, in milliseconds; 0 when it is past.
  func milliseconds(until time: LedgerTime) async throws -> UInt64 {
    guard let clock = try await client.value(StateKeys.clock, as: ChainClock.self) else { return 0 }
    return clock.time < time ? time.milliseconds(since: clock.time) : 0
  }

  /// Waits for a time of the ledger's clock.
  func waitUntil(_ time: LedgerTime) async throws {
    while try await milliseconds(until: time) > 0 { try await Task.sleep(for: .milliseconds(500)) }
  }

  /// A time from now on, as a date.
  static func when(_ milliseconds: UInt64) -> String {
    if milliseconds == 0 { return "now" }
    let date = Date().addingTimeInterval(Double(milliseconds) / 1000)
    return "in \(milliseconds / 1000) s (not before \(date.ISO8601Format()), while blocks are made)"
  }
}
