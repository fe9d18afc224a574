import Economics
import Primitives
import TestSupport
import Testing

@testable import PresetFiles

@Suite struct PresetFileTests {
  /// `show` then `check`: what is printed is read back as the same preset.
  @Test(arguments: PresetCatalogue.names)
  func everyPresetSurvivesItsFile(name: String) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    #expect(preset.problems().isEmpty, "\(preset.problems())")
    let text = try PresetFile.text(of: preset)
    let back = try PresetFile.preset(text: text, file: name)
    #expect(back == preset)
    #expect(try PresetFile.differences(preset, back).isEmpty)
    #expect(text.hasPrefix("# A Trellis preset."))
  }

  /// Each mistake has one error that names file, line and field.
  @Test(arguments: [
    // what is replaced in `commons`, by what, the field, a part of the message
    ("epochs: 90", "epochs: -1", "rules[0].vesting.epochs", "not a whole number"),
    ("locked: 75 %", "locked: 175 %", "rules[0].vesting.locked", "not a percentage"),
    ("locked: 75 %", "locked: .nan", "rules[0].vesting.locked", "not a percentage"),
    ("locked: 75 %", "locked: [1]", "rules[0].vesting.locked", "single value"),
    ("part: 10 %", "part: 101 %", "rules[0].revenue[0].part", "not a percentage"),
    ("epochs: 90", "epochs: 90\n    colour: red", "rules[0].vesting.colour", "unknown field"),
    ("to: burn", "to: moon", "rules[0].revenue[0].to", "one of burn, bucket"),
    ("genesis: 2026-01-01", "genesis: 2026-02-30", "genesis", "not a date"),
    ("genesis: 2026-01-01", "genesis: 2025-01-01", "rules[0].effective-from", "no rules hold"),
    ("epoch-seconds: 86400", "epoch-seconds: 0", "epoch-seconds", "at least a second"),
    ("amount: 600000000", "amount: 1e9", "allocations[0].amount", "not an amount"),
    ("amount: 600000000", "amount: -5", "allocations[0].amount", "not an amount"),
    ("amount: 600000000", "amount: 9999999999", "rules[0].supply-cap", "below what exists"),
    ("name: contributors", "name: community", "allocations", "occurs twice"),
    ("title: ", "titel: ", "title", "missing"),
    ("halt-below: 50 %", "halt-below: 95 %", "rules[0].credit.warn-below", "sales halt"),
    (
      "half-life-epochs: 1461", "half-life-epochs: 0",
      "rules[0].streams[0].form.half-life-epochs", "must not be zero"
    ),
    (
      "role: provider\n          of-usage", "role: wizard\n          of-usage",
      "rules[0].streams[0].split.pools[0].portion", "none of the preset's roles"
    ),
  ])
  func mistakesAreNamed(old: String, new: String, field: String, message: String) throws {
    let text = try PresetFile.text(of: .commons)
    let broken = text.replacingFirst(old, new)
    #expect(broken != text, "`\(old)` is not in the file:\n\(text)")
    do throws(PresetFileError) {
      _ = try PresetFile.preset(text: broken, file: "mine.yaml")
      Issue.record("\(new) was accepted")
    } catch {
      #expect(error.file == "mine.yaml")
      #expect(error.field == field, "\(error)")
      #expect(error.message.contains(message), "\(error)")
      let line = try #require(error.line, "\(error)")
      #expect(line > 0 && line <= broken.split(separator: "\n").count + 1)
      #expect(error.description.hasPrefix("mine.yaml:\(line): "))
    }
  }

  @Test(arguments: ["", "- 1", "a: [", "just text", "a: 1\na: 2", "\u{0}", "%YAML 9"])
  func whatIsNoPresetIsRefused(text: String) {
    #expect(throws: PresetFileError.self) {
      try PresetFile.preset(text: text, file: "mine.yaml")
    }
  }

  /// Thousands of brackets, and a few lines that stand for a million.
  @Test func bombsAreRefused() throws {
    let deep = String(repeating: "[", count: 20_000)
    #expect(throws: PresetFileError.self) { try PresetFile.preset(text: deep, file: "deep") }
    let maps = (0..<5_000).map { "a\($0): {" }.joined()
    #expect(throws: PresetFileError.self) { try PresetFile.preset(text: maps, file: "maps") }
    var pools = "&p0 {name: p, portion: {kind: part, part: 1 %}, recipients: {to: bucket}}"
    var anchors = "x0: \(pools)\n"
    for level in 1...6 {
      let ten = Array(repeating: "*p\(level - 1)", count: 10).joined(separator: ", ")
      pools =
        "&p\(level) {name: p, portion: {kind: part, part: 1 %}, "
        + "recipients: {to: split, split: {residual: r, pools: [\(ten)]}}}"
      anchors += "x\(level): \(pools)\n"
    }
    let text = try PresetFile.text(of: .commons)
      .replacingFirst("pools:", "pools: [*p6]\n      was:")
    do throws(PresetFileError) {
      _ = try PresetFile.preset(text: anchors + text, file: "bomb")
      Issue.record("the bomb was accepted")
    } catch {
      print("bomb: \(error)")
    }
  }

  @Test func datesOutOfOrderAreNamed() throws {
    let text = try PresetFile.text(of: .akash)
    let broken = text.replacingFirst("effective-from: 2022-01-19", "effective-from: 2021-01-19")
    #expect {
      try PresetFile.preset(text: broken, file: "a.yaml")
    } throws: { error in
      let error = error as? PresetFileError
      return error?.field == "rules[2].effective-from"
        && error?.message.contains("out of order") == true && error?.line != nil
    }
  }

  @Test func sumsAboveTheWholeAreNamed() throws {
    let text = try PresetFile.text(of: .bittensor)
    let broken = text.replacingFirst("part: 18 %", "part: 18.5 %")
    #expect {
      try PresetFile.preset(text: broken, file: "b.yaml")
    } throws: { error in
      (error as? PresetFileError)?.message.contains("above 100 %") == true
    }
  }

  @Test func fieldsAreSet() throws {
    let preset = try PresetFile.setting(
      [
        ("vesting.epochs", "30"), ("rules[0].revenue[0].part", "12.5 %"),
        ("streams.subsidy.form.pool", "5"), ("name", "mine"),
      ], in: .commons)
    #expect(preset.name == "mine")
    #expect(preset.rules[0].vesting?.epochs == 30)
    #expect(preset.rules[0].revenue == [RevenueShare(perMillion: 125_000, to: .burn)])
    let changes = try PresetFile.differences(.commons, preset)
    #expect(changes.count == 4)
    #expect(changes.contains { $0.field == "name" && $0.left == "commons" && $0.right == "mine" })
  }

  @Test(arguments: [
    ("vesting.epoch", "30"), ("vesting.epochs", "x"), ("vesting", "1"), ("nonsense", "1"),
    ("rules[9].id", "1"), ("rules[0].id.x", "1"), ("", "1"), ("vesting.epochs", "99999999999"),
  ])
  func wrongSettingsAreRefused(key: String, value: String) {
    #expect(throws: PresetFileError.self) {
      try PresetFile.setting([(key, value)], in: .commons)
    }
  }

  /// Text with bytes removed, doubled and changed is read or refused; nothing traps.
  @Test func damagedFilesNeverTrap() throws {
    var random = SeededGenerator.fromEnvironment(default: 5)
    let text = Array(try PresetFile.text(of: .ioNet).utf8)
    for _ in 0..<300 {
      var damaged = text
      for _ in 0..<3 {
        let place = Int.random(in: 0..<damaged.count, using: &random)
        switch random.next() % 3 {
        case 0: damaged.remove(at: place)
        case 1: damaged.insert(damaged[place], at: place)
        default: damaged[place] = UInt8.random(in: 9...126, using: &random)
        }
      }
      let string = String(decoding: damaged, as: UTF8.self)
      _ = try? PresetFile.preset(text: string, file: "damaged")
    }
  }
}

extension String {
  /// The text with the first occurrence of `old` replaced.
  fileprivate func replacingFirst(_ old: String, _ new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return replacingCharacters(in: range, with: new)
  }

  private func replacingCharacters(in range: Range<String.Index>, with new: String) -> String {
    String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}
