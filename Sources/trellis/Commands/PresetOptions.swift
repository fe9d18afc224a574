import ArgumentParser
import Economics
import Foundation
import Ledger

/// `--preset NAME|FILE` and `--from DATE`, of the commands that make a genesis.
struct PresetOptions: ParsableArguments {
  @Option(
    help: """
      The economic rules of a new network: a name of `trellis network list`, or a file. Each epoch \
      then stands for one of the preset's, however long it lasts.
      """)
  var preset: String?
  @Option(help: "With --preset: the date at which its calendar begins (today by default).")
  var from: String?

  func validate() throws {
    if let from, UnixTime(text: from) == nil {
      throw ValidationError("--from \(from) is no date such as 2026-08-05.")
    }
    if from != nil, preset == nil {
      throw ValidationError("--from is the date at which a --preset begins; give both.")
    }
  }

  /// Refuses an epoch, in seconds, that is too short or too long.
  /// - Throws: `ValidationError`.
  func check(epoch: Int?) throws {
    let shortest = preset == nil ? 5 : 1
    if let epoch, !(shortest...86_400).contains(epoch) {
      throw ValidationError("--epoch \(epoch) is not within \(shortest) to 86400 seconds.")
    }
  }

  /// The rules that were asked for, at their place in the calendar; nil for `commons/0`.
  /// - Throws: ``UserError``.
  func rules() throws -> GenesisPreset? {
    guard let preset else { return nil }
    let rules = try PresetSource.preset(preset)
    let date =
      from.flatMap { UnixTime(text: $0) }
      ?? UnixTime(seconds: Int64(Date().timeIntervalSince1970) / 86_400 * 86_400)
    return GenesisPreset(preset: rules, firstEpoch: rules.calendar.epoch(from: date))
  }
}
