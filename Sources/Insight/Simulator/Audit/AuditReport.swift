/// What attacks did to a preset.
package struct AuditReport: Sendable {
  /// How a preset stands up to an attack.
  package enum Verdict: String, Sendable {
    /// At no strength did it break.
    case holds
    /// It broke at one of the two extreme strengths.
    case bends
    /// It broke at less than that.
    case breaks
  }

  /// One attack.
  package struct Entry: Sendable {
    package let attack: Attack
    package let verdict: Verdict
    /// The mildest strength at which it broke.
    package let breakingStrength: Fixed?
    /// How far up the ladder that is, from 0.
    package let step: Int?
    /// What was seen at that strength, or at the greatest one.
    package let finding: String

    init(_ attack: Attack, step: Int?, finding: String) {
      self.attack = attack
      self.step = step
      self.finding = finding
      breakingStrength = step.map { attack.ladder[$0] }
      guard let step else {
        verdict = .holds
        return
      }
      verdict = step >= attack.ladder.count - 2 ? .bends : .breaks
    }
  }

  package let preset: String
  package let entries: [Entry]

  /// What breaks first: at the mildest strength of its ladder.
  package var first: Entry? {
    entries.filter { $0.step != nil }.min { ($0.step ?? 0) < ($1.step ?? 0) }
  }

  /// A sentence on what breaks first.
  package var summary: String {
    guard let first, let strength = first.breakingStrength else {
      return
        "\(preset) holds against all \(entries.count) attacks at every strength that was tried."
    }
    return "\(preset): \(first.attack.rawValue) breaks it first, at \(strength.exactText) "
      + "(\(first.attack.parameter)): \(first.finding)"
  }

  /// The table and the summary, for a terminal.
  package var text: String {
    var rows = [["attack", "verdict", "breaks at", "what is seen"]]
    for entry in entries {
      rows.append([
        entry.attack.rawValue, entry.verdict.rawValue,
        entry.breakingStrength?.exactText ?? "–", entry.finding,
      ])
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      (0..<3).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
        .joined(separator: "   ") + "   " + row[3]
    }
    return (lines + ["", summary]).joined(separator: "\n")
  }
}
