import Cryptography
import Economics
import Foundation
import PresetFiles
import Primitives
import Simulator

/// A preset and a scenario that were found, read and checked.
struct SimulationRequest: Sendable {
  let preset: Preset
  let scenario: Scenario
  let firstDay: Int
  /// The scenario's text as it is in the file, and the name of that file.
  let text: String
  let file: String

  /// What a change of the rules begins with; all others are the scenario's.
  private static let policyPrefix = "policy."

  /// - Parameters:
  ///   - name: a preset's name, or its file.
  ///   - file: a scenario file; nil takes the preset's own.
  ///   - changes: `KEY=VALUE` each; `policy.KEY` is a field of the preset.
  /// - Throws: ``UserError``, ``ScenarioError`` or ``PresetFileError``.
  init(
    preset name: String, file: String?, changes: [String], from: String? = nil, to: String? = nil
  ) throws {
    let all = try changes.map(Self.change)
    let settings = all.filter { $0.path.hasPrefix(Self.policyPrefix) }.map {
      (key: String($0.path.dropFirst(Self.policyPrefix.count)), value: $0.value)
    }
    let given = try PresetSource.preset(name)
    preset = settings.isEmpty ? given : try PresetFile.setting(settings, in: given)
    (text, self.file) = try Self.source(given.name, file)
    var scenario = try ScenarioReader.read(
      text, file: self.file,
      changes: all.filter { !$0.path.hasPrefix(Self.policyPrefix) })
    let first = try from.map { try Self.day($0, "--from") } ?? scenario.firstDay
    guard let first else {
      throw UserError("\(self.file) names no first day", advice: "Give one: --from 2026-01-01.")
    }
    if let to {
      let last = try Self.day(to, "--to")
      guard last > first else { throw UserError("--to \(to) is not after the first day") }
      guard last - first <= Scenario.longest else {
        throw UserError(
          "--to \(to) is \(last - first) days after the first day; "
            + "\(Scenario.longest) are the most")
      }
      scenario.days = last - first
    }
    firstDay = first
    self.scenario = scenario
  }

  private static func source(_ name: String, _ file: String?) throws -> (String, String) {
    guard let file else {
      guard let text = BuiltInScenarios.text(preset: name) else {
        throw UserError("\(name) has no scenario of its own", advice: "Give one: --scenario FILE.")
      }
      return (text, "\(name) (built in)")
    }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw UserError("cannot read \(file)")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw UserError("\(file) is not UTF-8 text")
    }
    return (text, file)
  }

  private static func change(_ text: String) throws -> (path: String, value: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw UserError(
        "--set \(text) is not KEY=VALUE", advice: "Such as --set market.price-usd=2.")
    }
    return (String(parts[0]), String(parts[1]))
  }

  private static func day(_ text: String, _ option: String) throws -> Int {
    guard let day = CalendarDay(text)?.daysSince1970 else {
      throw UserError("\(option) \(text) is no date such as 2026-08-05")
    }
    return day
  }

  /// SHA-256 of the scenario's text.
  var hash: String { Digest.sha256(Array(text.utf8)).hex }

  /// The rules for a scenario.
  func rules(_ scenario: Scenario) throws -> PolicyDriver {
    try PolicyDriver(preset, scenario: scenario, firstDay: firstDay)
  }

  func plan(seed: UInt64, runs: UInt64) -> SimulationPlan {
    SimulationPlan(
      preset: preset.name, scenario: scenario, firstDay: firstDay, seed: seed, runs: runs)
  }

  /// What the rules that hold during the simulation say is uncertain.
  var uncertainties: [String] {
    let first = UnixTime(seconds: Int64(firstDay) * 86_400)
    let last = first.advanced(seconds: UInt64(scenario.days) * 86_400)
    let current = preset.rules.last { $0.effectiveFrom <= first }?.id
    return preset.rules.filter {
      $0.id == current || ($0.effectiveFrom > first && $0.effectiveFrom < last)
    }.flatMap { rules in rules.uncertain.map { "\(rules.id): \($0)." } }
  }
}
