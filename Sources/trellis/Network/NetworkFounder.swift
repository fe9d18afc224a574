import Foundation
import Ledger

/// Makes a new network in a directory, or opens the one that is there.
struct NetworkFounder {
  let directory: NetworkDirectory
  /// nil: as it was, or the standard value for a new network.
  var providers: Int?
  var portBase: Int?
  var epochMilliseconds: UInt64?
  /// nil: as it was.
  var domain: String?
  var streamCredits: String?
  var topsUp: Bool?
  /// The rules by which a new network's epochs are settled; nil for `commons/0`.
  var preset: GenesisPreset?

  static let standardProviders = 12
  static let standardPortBase = 9700
  static let standardEpochMilliseconds: UInt64 = 30_000

  /// What `open` found or made.
  struct Result {
    let settings: NetworkSettings
    let genesis: Genesis
    /// What was asked for and could not be had, for people.
    let notes: [String]
    let isNew: Bool
  }

  /// - Throws: ``UserError``.
  func open() throws -> Result {
    directory.exists ? try resume() : try found()
  }

  private func found() throws -> Result {
    var settings = NetworkSettings(
      portBase: portBase ?? Self.standardPortBase,
      epochMilliseconds: epochMilliseconds ?? Self.standardEpochMilliseconds,
      providers: Array(1...(providers ?? Self.standardProviders)),
      identities: ["main", "alt"], domain: domain)
    settings.streamCredits = streamCredits
    settings.topsUp = topsUp
    try directory.prepare(for: settings.processes)
    let genesis = try DevnetGenesis.make(
      settings: settings, secrets: SecretStore(directory), preset: preset)
    // Settings last: only with them does the network exist.
    try GenesisFile.write(genesis, to: directory)
    try settings.save(to: directory)
    return Result(settings: settings, genesis: genesis, notes: [], isNew: true)
  }

  private func resume() throws -> Result {
    var settings = try NetworkSettings.load(from: directory)
    try settings.requireOwnBlocks()
    var notes: [String] = []
    if domain != nil || streamCredits != nil || topsUp != nil {
      settings.domain = domain ?? settings.domain
      settings.streamCredits = streamCredits ?? settings.streamCredits
      settings.topsUp = topsUp ?? settings.topsUp
      try settings.save(to: directory)
    }
    if let epochMilliseconds, epochMilliseconds != settings.epochMilliseconds {
      notes.append(
        "--epoch stays \(settings.epochMilliseconds / 1000) s: it is part of this network's genesis"
      )
    }
    if let providers, providers != settings.providers.count {
      notes.append(
        "--providers stays \(settings.providers.count): "
          + "`trellis provider start --count N` adds more to a running network")
    }
    if let portBase, portBase != settings.portBase {
      let ports = settings.ports
      let running = settings.processes.filter {
        ProcessLock.holder(of: directory.lockPath(of: $0)) != nil
      }
      if running.isEmpty {
        settings.portBase = portBase
        try settings.save(to: directory)
      } else {
        notes.append("--port stays \(ports.base): processes of this network are still running")
      }
    }
    let genesis = try GenesisFile.read(from: directory)
    if let preset, preset.preset != genesis.preset?.preset {
      notes.append("--preset stays \(genesis.policy): the rules are part of this network's genesis")
    }
    return Result(settings: settings, genesis: genesis, notes: notes, isNew: false)
  }
}
