import Yams

/// A mapping of a YAML file that is read field by field: each field once, none left over.
struct ScenarioMapping {
  let file: String
  /// The path of the mapping itself, such as `supply[2]`; empty at the top.
  let path: String
  private let line: Int?
  private let entries: [(key: String, line: Int?, value: Node)]
  private var known: [String] = []

  init(_ node: Node, file: String, path: String) throws(ScenarioError) {
    guard let mapping = node.mapping else {
      throw ScenarioError(
        file: file, line: node.mark?.line, field: path.isEmpty ? nil : path,
        problem: "must be a mapping of fields to values")
    }
    self.file = file
    self.path = path
    line = node.mark?.line
    var entries: [(key: String, line: Int?, value: Node)] = []
    for (key, value) in mapping {
      let name = key.string ?? ""
      if entries.contains(where: { $0.key == name }) {
        throw ScenarioError(
          file: file, line: key.mark?.line, field: Self.joined(path, name),
          problem: "stands twice")
      }
      entries.append((name, key.mark?.line, value))
    }
    self.entries = entries
  }

  private static func joined(_ path: String, _ field: String) -> String {
    path.isEmpty ? field : "\(path).\(field)"
  }

  /// An error at a field of this mapping.
  func error(_ field: String, _ problem: String) -> ScenarioError {
    let place = entries.first { $0.key == field }?.line ?? line
    return ScenarioError(
      file: file, line: place, field: Self.joined(path, field), problem: problem)
  }

  /// The node of a field, or nil when the field is not there.
  mutating func node(_ field: String) -> Node? {
    known.append(field)
    return entries.first { $0.key == field }?.value
  }

  /// Text; required where there is no `standard`.
  mutating func text(_ field: String, standard: String? = nil) throws(ScenarioError) -> String {
    guard let node = node(field) else {
      if let standard { return standard }
      throw error(field, "is missing")
    }
    guard let text = node.scalar?.string, !text.isEmpty else {
      throw error(field, "must be a text")
    }
    return text
  }

  /// Text, or nil when the field is not there.
  mutating func optionalText(_ field: String) throws(ScenarioError) -> String? {
    guard entries.contains(where: { $0.key == field }) else {
      known.append(field)
      return nil
    }
    return try text(field)
  }

  /// A decimal within bounds; required where there is no `standard`.
  mutating func number(
    _ field: String, _ low: Fixed, _ high: Fixed, standard: Fixed? = nil
  ) throws(ScenarioError) -> Fixed {
    guard let node = node(field) else {
      if let standard { return standard }
      throw error(field, "is missing")
    }
    let text = node.scalar?.string ?? "a list"
    guard let value = Fixed(decimal: text) else {
      throw error(field, "\(text) is not a decimal number such as 0.25 or 1e6")
    }
    guard value >= low && value <= high else {
      throw error(field, "\(text) is not within \(low.exactText) and \(high.exactText)")
    }
    return value
  }

  /// A whole number within bounds; required where there is no `standard`.
  mutating func whole(
    _ field: String, _ range: ClosedRange<Int>, standard: Int? = nil
  ) throws(ScenarioError) -> Int {
    guard let node = node(field) else {
      if let standard { return standard }
      throw error(field, "is missing")
    }
    let text = node.scalar?.string ?? "a list"
    guard let value = Int(text), range.contains(value) else {
      throw error(
        field, "\(text) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// One of a closed set of words.
  mutating func choice<T: RawRepresentable & CaseIterable>(
    _ field: String, standard: T? = nil
  ) throws(ScenarioError) -> T where T.RawValue == String {
    let text = try text(field, standard: standard?.rawValue)
    guard let value = T(rawValue: text) else {
      let words = T.allCases.map(\.rawValue).joined(separator: ", ")
      throw error(field, "\(text) is none of: \(words)")
    }
    return value
  }

  /// A nested mapping, required.
  mutating func mapping(_ field: String) throws(ScenarioError) -> ScenarioMapping {
    guard let node = node(field) else { throw error(field, "is missing") }
    return try ScenarioMapping(node, file: file, path: Self.joined(path, field))
  }

  /// A nested mapping, or nil when the field is not there.
  mutating func optionalMapping(_ field: String) throws(ScenarioError) -> ScenarioMapping? {
    guard let node = node(field) else { return nil }
    return try ScenarioMapping(node, file: file, path: Self.joined(path, field))
  }

  /// A list of mappings; empty when it is not there and not required.
  mutating func list(
    _ field: String, isRequired: Bool
  ) throws(ScenarioError) -> [ScenarioMapping] {
    guard let node = node(field) else {
      if isRequired { throw error(field, "is missing") }
      return []
    }
    guard let sequence = node.sequence else { throw error(field, "must be a list") }
    if isRequired && sequence.isEmpty { throw error(field, "is empty") }
    if sequence.count > 64 { throw error(field, "has \(sequence.count) entries; 64 are the most") }
    var result: [ScenarioMapping] = []
    for (index, element) in sequence.enumerated() {
      result.append(
        try ScenarioMapping(
          element, file: file, path: "\(Self.joined(path, field))[\(index)]"))
    }
    return result
  }

  /// Checks that no field is left that nobody asked for.
  func finish() throws(ScenarioError) {
    for entry in entries where !known.contains(entry.key) {
      throw ScenarioError(
        file: file, line: entry.line, field: Self.joined(path, entry.key),
        problem: "is no field here; there are: \(known.joined(separator: ", "))")
    }
  }
}
