import Economics
import Primitives
import Yams

/// A preset as a file that people read and edit: YAML, one field a line.
package enum PresetFile {
  /// The largest file that is read, in bytes.
  package static let byteLimit = 1 << 20

  /// The preset as YAML.
  /// - Throws: ``PresetFileError`` when the text cannot be made, which says why.
  package static func text(of preset: Preset) throws(PresetFileError) -> String {
    let body = try text(of: node(of: preset), file: preset.name)
    return "# A Trellis preset. Percentages are of the whole, amounts in whole \(preset.symbol).\n"
      + body
  }

  /// Reads and checks a preset.
  /// - Parameter file: the file's path, for messages.
  /// - Throws: ``PresetFileError`` with the first thing that is wrong.
  package static func preset(text: String, file: String) throws(PresetFileError) -> Preset {
    if text.utf8.count > byteLimit {
      throw PresetFileError(file: file, message: "is larger than a preset can be (1 MiB)")
    }
    return try preset(node: parse(text, file: file), file: file)
  }

  /// The preset with fields set: `vesting.epochs=30`, `rules[0].streams[0].form.pool=5`.
  ///
  /// A field that begins with none of the preset's own is one of its last rules'. Items of lists
  /// are named by place, or by their `id` or `name`: `streams.subsidy.form.pool`.
  /// - Throws: ``PresetFileError`` for a field that does not exist or a value that it does not
  /// take.
  package static func setting(
    _ settings: [(key: String, value: String)], in preset: Preset
  ) throws(PresetFileError) -> Preset {
    var root = try node(of: preset)
    for (key, value) in settings {
      var path = PresetPath(key)
      if let first = path.parts.first, root.mapping?[first] == nil {
        path.parts = ["rules", String(max(preset.rules.count, 1) - 1)] + path.parts
      }
      try path.set(value, in: &root, key: key)
    }
    return try self.preset(node: root, file: "--set")
  }

  /// The fields in which two presets differ, with both values; nil where one has none.
  /// - Throws: ``PresetFileError``.
  package static func differences(
    _ left: Preset, _ right: Preset
  ) throws(PresetFileError) -> [(field: String, left: String?, right: String?)] {
    let (before, after) = (flat(try node(of: left), ""), flat(try node(of: right), ""))
    let (old, new) = (
      Dictionary(before, uniquingKeysWith: { first, _ in first }),
      Dictionary(after, uniquingKeysWith: { first, _ in first })
    )
    var fields = before.map(\.0)
    for (field, _) in after where old[field] == nil { fields.append(field) }
    return fields.compactMap { field in
      old[field] == new[field] ? nil : (field, old[field], new[field])
    }
  }

  private static func node(of preset: Preset) throws(PresetFileError) -> Node {
    let archive = PresetArchive()
    var copy = preset
    try PresetFields.preset(&copy, archive)
    return archive.node
  }

  private static func preset(node: Node, file: String) throws(PresetFileError) -> Preset {
    let lines = PresetArchive.Lines()
    let archive = try PresetArchive(node, file: file, path: "", lines: lines)
    var preset = Preset(
      name: "", title: "", symbol: "",
      calendar: EpochCalendar(genesis: UnixTime(seconds: 0), epochSeconds: 1), capacityUnit: "",
      workUnit: "", roles: [], allocations: [], rules: [])
    try PresetFields.preset(&preset, archive)
    try archive.finish()
    if let problem = preset.problems().first {
      throw PresetFileError(
        file: file, line: lines.line(of: problem.field), field: problem.field,
        message: problem.message)
    }
    return preset
  }

  private static func parse(_ text: String, file: String) throws(PresetFileError) -> Node {
    do {
      if let node = try Yams.compose(yaml: text) { return node }
    } catch let error as YamlError {
      throw PresetFileError(file: file, line: error.line, message: error.short)
    } catch {
      throw PresetFileError(file: file, message: "is not YAML: \(error)")
    }
    throw PresetFileError(file: file, message: "is empty")
  }

  private static func text(of node: Node, file: String) throws(PresetFileError) -> String {
    do {
      return try Yams.serialize(node: node, width: -1, allowUnicode: true)
    } catch {
      throw PresetFileError(file: file, message: "cannot be written as YAML: \(error)")
    }
  }

  /// Every scalar with its path; items of lists by their `id` or `name` where they have one.
  private static func flat(_ node: Node, _ path: String) -> [(String, String)] {
    switch node {
    case .scalar(let scalar): return [(path, scalar.string)]
    case .mapping(let mapping):
      return mapping.flatMap { key, value in
        let name = key.scalar?.string ?? "?"
        return flat(value, path.isEmpty ? name : "\(path).\(name)")
      }
    case .sequence(let items):
      return items.enumerated().flatMap { index, item in
        let label = PresetPath.label(of: item) ?? String(index)
        return flat(item, "\(path)[\(label)]")
      }
    default: return []
    }
  }
}

/// A field's place: keys, and places or names of list items.
struct PresetPath {
  var parts: [String]

  /// `a[0].b` and `a.0.b` are the same.
  init(_ text: String) {
    parts = text.split { ".[]".contains($0) }.map(String.init)
  }

  /// What an item of a list is called.
  static func label(of item: Node) -> String? {
    item.mapping?["id"]?.scalar?.string ?? item.mapping?["name"]?.scalar?.string
  }

  /// Sets the scalar at this place; a last field that is missing is added, and checked later.
  func set(_ value: String, in node: inout Node, key: String) throws(PresetFileError) {
    try set(value, in: &node, parts[...], key: key)
  }

  private func set(
    _ value: String, in node: inout Node, _ rest: ArraySlice<String>, key: String
  ) throws(PresetFileError) {
    guard let part = rest.first else {
      guard case .scalar = node else {
        throw PresetFileError(file: "--set", field: key, message: "is not a single value")
      }
      node = Node(value)
      return
    }
    switch node {
    case .mapping(var mapping):
      var inner: Node
      if let present = mapping[part] {
        inner = present
      } else if rest.count == 1 {
        inner = Node(value)
      } else {
        let known = mapping.keys.compactMap { $0.scalar?.string }.joined(separator: ", ")
        throw PresetFileError(
          file: "--set", field: key, message: "there is no `\(part)`; there are \(known)")
      }
      try set(value, in: &inner, rest.dropFirst(), key: key)
      mapping[part] = inner
      node = .mapping(mapping)
    case .sequence(var items):
      let index = items.firstIndex { Self.label(of: $0) == part } ?? Int(part)
      guard let index, items.indices.contains(index) else {
        throw PresetFileError(file: "--set", field: key, message: "the list has no item `\(part)`")
      }
      try set(value, in: &items[index], rest.dropFirst(), key: key)
      node = .sequence(items)
    default:
      throw PresetFileError(file: "--set", field: key, message: "has no field `\(part)` in it")
    }
  }
}

extension YamlError {
  /// Where the text stops being YAML.
  fileprivate var line: Int? {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      mark.line
    default: nil
    }
  }

  fileprivate var short: String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _),
      .composer(_, let problem, _, _):
      "is not YAML: \(problem)"
    default: "is not YAML: \(self)"
    }
  }
}
