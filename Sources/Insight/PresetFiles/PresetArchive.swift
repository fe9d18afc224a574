import Economics
import Primitives
import Yams

/// One map of a preset's file, while it is read or written.
///
/// Each type is described once, field by field; the same description writes a value, or reads it
/// and tells what is missing, unknown, out of range or of the wrong kind.
final class PresetArchive {
  /// Where each field stands, by its path.
  final class Lines {
    /// More fields than this are no preset, but a few lines that name each other many times.
    static let fieldLimit = 20_000
    var fields = 0
    var byField: [String: Int] = [:]

    /// The line of a field, or of the nearest that encloses it.
    func line(of field: String) -> Int? {
      var path = Substring(field)
      while true {
        if let line = byField[String(path)] { return line }
        guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else {
          return byField[""]
        }
        path = path[..<cut]
      }
    }
  }

  let file: String
  let path: String
  let lines: Lines
  /// What is read; nil: it is written.
  private let input: Node.Mapping?
  private var used: Set<String> = []
  private var output: [(Node, Node)] = []

  /// For writing.
  init() {
    file = ""
    path = ""
    lines = Lines()
    input = nil
  }

  /// For reading.
  init(_ node: Node, file: String, path: String, lines: Lines) throws(PresetFileError) {
    self.file = file
    self.path = path
    self.lines = lines
    guard case .mapping(let mapping) = node else {
      throw PresetFileError(
        file: file, line: node.mark?.line, field: path, message: "must be a map of fields")
    }
    lines.fields += mapping.count
    if lines.fields > Lines.fieldLimit {
      throw PresetFileError(
        file: file, line: node.mark?.line, field: path,
        message: "is beyond \(Lines.fieldLimit) fields")
    }
    input = mapping
    if path.isEmpty { lines.byField[""] = node.mark?.line ?? 1 }
    for (key, value) in mapping {
      guard let name = key.scalar?.string else { continue }
      lines.byField[self.field(name)] = key.mark?.line ?? value.mark?.line
    }
  }

  var isReading: Bool { input != nil }

  /// What was written.
  var node: Node { Node(output.map { ($0.0, $0.1) }) }

  /// Complains about fields that nothing asked for.
  func finish() throws(PresetFileError) {
    guard let input else { return }
    for (key, _) in input {
      let name = key.scalar?.string ?? "?"
      if used.contains(name) { continue }
      let known = used.sorted().joined(separator: ", ")
      throw PresetFileError(
        file: file, line: key.mark?.line, field: field(name),
        message: "unknown field; here are known: \(known)")
    }
  }

  func field(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func problem(_ key: String, _ message: String) -> PresetFileError {
    let name = field(key)
    return PresetFileError(file: file, line: lines.line(of: name), field: name, message: message)
  }

  private func find(_ key: String) -> Node? {
    used.insert(key)
    return input?[key]
  }

  private func write(_ key: String, _ node: Node) { output.append((Node(key), node)) }

  // Scalars

  /// The text of a field; nil when it is missing.
  private func scalar(_ key: String) throws(PresetFileError) -> String? {
    guard let node = find(key) else { return nil }
    guard case .scalar(let scalar) = node else { throw problem(key, "must be a single value") }
    return scalar.string
  }

  /// A field of any kind that is written as one text.
  func value<Value>(
    _ key: String, _ value: inout Value, kind: String, standard: Value? = nil,
    text: (Value) -> String, parse: (String) -> Value?
  ) throws(PresetFileError) {
    guard isReading else { return write(key, Node(text(value))) }
    guard let found = try scalar(key) else {
      guard let standard else { throw problem(key, "missing: \(kind)") }
      value = standard
      return
    }
    guard let parsed = parse(found) else { throw problem(key, "`\(found)` is not \(kind)") }
    value = parsed
  }

  func text(_ key: String, _ value: inout String) throws(PresetFileError) {
    try self.value(key, &value, kind: "a text", text: { $0 }, parse: { $0.isEmpty ? nil : $0 })
  }

  func count(
    _ key: String, _ value: inout UInt64, upTo most: UInt64 = 1_000_000_000,
    standard: UInt64? = nil
  ) throws(PresetFileError) {
    try self.value(
      key, &value, kind: "a whole number from 0 to \(most)", standard: standard,
      text: { String($0) }, parse: { UInt64($0).flatMap { $0 <= most ? $0 : nil } })
  }

  func wide(_ key: String, _ value: inout UInt128) throws(PresetFileError) {
    let most: UInt128 = 1_000_000_000_000_000_000_000_000_000_000
    try self.value(
      key, &value, kind: "a whole number from 0 to 10^30", text: { String($0) },
      parse: { UInt128($0).flatMap { $0 <= most ? $0 : nil } })
  }

  func amount(_ key: String, _ value: inout Amount) throws(PresetFileError) {
    try self.value(
      key, &value, kind: Self.amountKind, text: { $0.description }, parse: Self.quantity)
  }

  func credits(_ key: String, _ value: inout Credits) throws(PresetFileError) {
    try self.value(
      key, &value, kind: "an amount of dollars such as 0.1, with at most 18 decimals",
      text: { $0.description }, parse: Self.quantity)
  }

  func optionalAmount(_ key: String, _ value: inout Amount?) throws(PresetFileError) {
    if !isReading && value == nil { return }
    try self.value(
      key, &value, kind: Self.amountKind, standard: .some(nil),
      text: { $0?.description ?? "" }, parse: { (text) in Self.quantity(text).map { .some($0) } })
  }

  private static let amountKind =
    "an amount of tokens such as 12.5, below 10^15 and with at most 18 decimals"

  private static func quantity<Q: Quantity>(_ text: String) -> Q? {
    Q(decimal: text).flatMap { $0 < .whole(1_000_000_000_000_000) ? $0 : nil }
  }

  /// Parts of 1,000,000, written as a percentage.
  func percent(
    _ key: String, _ value: inout UInt64, atMost most: UInt64 = 1_000_000,
    standard: UInt64? = nil
  ) throws(PresetFileError) {
    try self.value(
      key, &value, kind: "a percentage from 0 % to \(Self.percent(most))", standard: standard,
      text: Self.percent, parse: { Self.parts($0).flatMap { $0 <= most ? $0 : nil } })
  }

  private static func percent(_ parts: UInt64) -> String {
    Amount(baseUnits: UInt128(parts) * (Amount.baseUnitsPerWhole / 10_000)).description + " %"
  }

  private static func parts(_ text: String) -> UInt64? {
    guard text.hasSuffix("%") else { return nil }
    var number = text.dropLast()
    while number.last == " " { number.removeLast() }
    guard let amount = Amount(decimal: String(number)) else { return nil }
    let (parts, rest) = amount.baseUnits.quotientAndRemainder(
      dividingBy: Amount.baseUnitsPerWhole / 10_000)
    return rest == 0 ? UInt64(exactly: parts) : nil
  }

  func time(
    _ key: String, _ value: inout UnixTime, standard: UnixTime? = nil
  ) throws(PresetFileError) {
    try self.value(
      key, &value, kind: "a date such as 2026-08-05 or 2026-08-05T12:00:00Z", standard: standard,
      text: { $0.description }, parse: { UnixTime(text: $0) })
  }

  func flag(_ key: String, _ value: inout Bool) throws(PresetFileError) {
    if !isReading && !value { return }
    try self.value(
      key, &value, kind: "yes or no", standard: false, text: { $0 ? "yes" : "no" },
      parse: { ["yes": true, "no": false, "true": true, "false": false][$0] })
  }

  /// One of several names.
  func choice(
    _ key: String, _ current: String, of names: [String], standard: String? = nil
  ) throws(PresetFileError) -> String {
    var name = current
    try value(
      key, &name, kind: "one of " + names.joined(separator: ", "), standard: standard,
      text: { $0 }, parse: { names.contains($0) ? $0 : nil })
    return name
  }

  /// A list of texts; left out when it is empty.
  func texts(_ key: String, _ value: inout [String]) throws(PresetFileError) {
    guard isReading else {
      if !value.isEmpty { write(key, Node(value.map { Node($0) })) }
      return
    }
    guard let node = find(key) else {
      value = []
      return
    }
    guard case .sequence(let items) = node else { throw problem(key, "must be a list of texts") }
    value = []
    for item in items {
      guard let text = item.scalar?.string else { throw problem(key, "must be a list of texts") }
      value.append(text)
    }
  }

  // Maps and lists of maps

  /// A map within.
  func nested<Value>(
    _ key: String, _ value: inout Value,
    _ describe: (inout Value, PresetArchive) throws(PresetFileError) -> Void
  ) throws(PresetFileError) {
    guard isReading else {
      let inner = PresetArchive()
      try describe(&value, inner)
      return write(key, inner.node)
    }
    guard let node = find(key) else { throw problem(key, "missing: a map of fields") }
    try read(node, field(key), &value, describe)
  }

  /// A map within that may be left out.
  func optional<Value>(
    _ key: String, _ value: inout Value?, blank: Value,
    _ describe: (inout Value, PresetArchive) throws(PresetFileError) -> Void
  ) throws(PresetFileError) {
    guard isReading else {
      guard var present = value else { return }
      return try nested(key, &present, describe)
    }
    guard find(key) != nil else {
      value = nil
      return
    }
    var present = blank
    try nested(key, &present, describe)
    value = present
  }

  /// A list of maps; left out when it is empty.
  func list<Value>(
    _ key: String, _ values: inout [Value], blank: Value,
    _ describe: (inout Value, PresetArchive) throws(PresetFileError) -> Void
  ) throws(PresetFileError) {
    guard isReading else {
      var nodes: [Node] = []
      for var value in values {
        let inner = PresetArchive()
        try describe(&value, inner)
        nodes.append(inner.node)
      }
      if !nodes.isEmpty { write(key, Node(nodes)) }
      return
    }
    values = []
    guard let node = find(key) else { return }
    guard case .sequence(let items) = node else { throw problem(key, "must be a list") }
    for (index, item) in items.enumerated() {
      var value = blank
      let place = "\(field(key))[\(index)]"
      lines.byField[place] = item.mark?.line
      try read(item, place, &value, describe)
      values.append(value)
    }
  }

  private func read<Value>(
    _ node: Node, _ place: String, _ value: inout Value,
    _ describe: (inout Value, PresetArchive) throws(PresetFileError) -> Void
  ) throws(PresetFileError) {
    let inner = try PresetArchive(node, file: file, path: place, lines: lines)
    try describe(&value, inner)
    try inner.finish()
  }
}
