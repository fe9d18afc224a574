import Economics
import Primitives
import Yams

/// Traces of use as JSON Lines; `docs/formats.md` has the fields.
///
/// A line is one JSON object of texts and numbers: an account's use in an epoch, a candidate's
/// measures, or what an epoch has in common. Decimals are exact.
package enum UsageTraceFile {
  /// The longest file that is read, in bytes, and the last epoch that a line may name.
  package static let byteLimit = 64 << 20
  package static let epochLimit = 10_000

  /// Reads a trace and checks it whole.
  /// - Parameter account: the account that a name means; nil when there is none.
  /// - Throws: ``ScenarioError`` that names file, line and field.
  package static func read(
    _ text: String, file: String, account: (String) -> AccountID?
  ) throws(ScenarioError) -> UsageTrace {
    guard text.utf8.count <= byteLimit else {
      throw ScenarioError(file: file, problem: "is longer than \(byteLimit) bytes")
    }
    var epochs: [UInt64: UsageTrace.Epoch] = [:]
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line.allSatisfy(\.isWhitespace) { continue }
      var reader = try UsageTraceLine(String(line), file: file, line: index + 1)
      let number = try reader.epoch()
      var epoch = epochs[number] ?? UsageTrace.Epoch(number: number)
      try reader.read(into: &epoch, account: account)
      epochs[number] = epoch
    }
    if epochs.isEmpty { throw ScenarioError(file: file, problem: "has no line") }
    return UsageTrace(epochs: epochs.keys.sorted().compactMap { epochs[$0] })
  }

  /// An epoch's lines, each ending in a line feed.
  /// - Parameter name: what an account is called.
  package static func text(of epoch: UsageTrace.Epoch, name: (AccountID) -> String) -> String {
    var common = UsageTraceWriter(epoch: epoch.number)
    common.quantity("price", epoch.price)
    common.quantity("price-confidence", epoch.priceConfidence, unless: .zero)
    common.number("power", epoch.power)
    common.quantity("staked", epoch.staked)
    common.number("block-space", epoch.blockSpaceUsed == 0 ? nil : epoch.blockSpaceUsed)
    var text = common.isEmpty ? "" : common.line
    for candidate in epoch.candidates {
      var writer = UsageTraceWriter(epoch: epoch.number)
      writer.text("candidate", candidate.name)
      writer.measures(candidate.measures)
      text += writer.line
    }
    for input in epoch.accounts {
      var writer = UsageTraceWriter(epoch: epoch.number)
      writer.text("account", name(input.account))
      writer.text("role", input.role)
      writer.measures(input.measures)
      writer.quantity("bought", input.bought, unless: .zero)
      if let lock = input.lock {
        writer.quantity("lock", lock.amount)
        writer.number("lock-epochs", UInt128(lock.epochs))
      }
      if let redeem = input.redeem {
        writer.quantity("redeem", redeem.amount)
        writer.text("redeem-token", redeem.subToken)
      }
      text += writer.line
    }
    return text
  }
}

/// One line while it is read.
struct UsageTraceLine {
  private let file: String
  private let line: Int
  private var fields: ScenarioMapping

  /// - Throws: ``ScenarioError``.
  init(_ text: String, file: String, line: Int) throws(ScenarioError) {
    self.file = file
    self.line = line
    // JSON is YAML, and Yams keeps a number's own digits.
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw ScenarioError(file: file, line: line, problem: "is no JSON object")
    }
    guard let node, text.drop(while: \.isWhitespace).hasPrefix("{") else {
      throw ScenarioError(file: file, line: line, problem: "is no JSON object")
    }
    do throws(ScenarioError) {
      fields = try ScenarioMapping(node, file: file, path: "")
    } catch {
      throw ScenarioError(file: file, line: line, field: error.field, problem: error.problem)
    }
  }

  /// The line's epoch.
  mutating func epoch() throws(ScenarioError) -> UInt64 {
    try here { (fields) throws(ScenarioError) in
      UInt64(try fields.whole("epoch", 0...UsageTraceFile.epochLimit))
    }
  }

  mutating func read(
    into epoch: inout UsageTrace.Epoch, account: (String) -> AccountID?
  ) throws(ScenarioError) {
    var next = epoch
    try here { (fields) throws(ScenarioError) in
      if let name = try fields.optionalText("candidate") {
        next.candidates.append(CandidateInput(name, measures: try fields.measures()))
      } else if let name = try fields.optionalText("account") {
        guard let id = account(name) else {
          throw fields.error("account", "“\(name)” is no account: give a name, or a did:key")
        }
        next.accounts.append(try fields.input(of: id))
      } else {
        try fields.common(&next)
      }
      try fields.finish()
    }
    epoch = next
  }

  /// Runs a step; what it throws gets the file's line.
  private mutating func here<T>(
    _ step: (inout ScenarioMapping) throws(ScenarioError) -> T
  ) throws(ScenarioError) -> T {
    do throws(ScenarioError) {
      return try step(&fields)
    } catch {
      throw ScenarioError(file: file, line: line, field: error.field, problem: error.problem)
    }
  }
}

extension ScenarioMapping {
  fileprivate mutating func common(
    _ epoch: inout UsageTrace.Epoch
  ) throws(ScenarioError) {
    if let price = try quantity("price", as: Credits.self) { epoch.price = price }
    epoch.priceConfidence =
      try quantity("price-confidence", as: Credits.self) ?? epoch.priceConfidence
    epoch.power = try number("power") ?? epoch.power
    epoch.staked = try quantity("staked", as: Amount.self) ?? epoch.staked
    epoch.blockSpaceUsed = try number("block-space") ?? epoch.blockSpaceUsed
  }

  fileprivate mutating func input(of account: AccountID) throws(ScenarioError) -> AccountInput {
    var input = AccountInput(account, role: try text("role"))
    input.measures = try measures()
    input.bought = try quantity("bought", as: Credits.self) ?? .zero
    if let amount = try quantity("lock", as: Amount.self) {
      guard let epochs = try number("lock-epochs").flatMap({ UInt64(exactly: $0) }) else {
        throw error("lock-epochs", "is missing: for how many epochs?")
      }
      input.lock = .init(amount: amount, epochs: epochs)
    }
    if let amount = try quantity("redeem", as: Amount.self) {
      input.redeem = .init(subToken: try text("redeem-token"), amount: amount)
    }
    return input
  }

  fileprivate mutating func measures() throws(ScenarioError) -> Measures {
    var measures = Measures()
    measures.usage = try quantity("usage", as: Credits.self) ?? .zero
    measures.work = try number("work") ?? 0
    measures.capacity = try number("capacity") ?? 0
    measures.stake = try quantity("stake", as: Amount.self) ?? .zero
    measures.votes = try quantity("votes", as: Amount.self) ?? .zero
    measures.fees = try quantity("fees", as: Credits.self) ?? .zero
    measures.scorePerMillion = try millionths("score", most: 1) ?? 1_000_000
    measures.multiplierPerMillion = try millionths("multiplier", most: 1_000_000) ?? 1_000_000
    return measures
  }

  private mutating func quantity<Q: Quantity>(
    _ field: String, as type: Q.Type
  ) throws(ScenarioError) -> Q? {
    guard let text = try optionalText(field) else { return nil }
    guard let value = Q(decimal: text) else {
      throw error(field, "“\(text)” is no amount: a decimal such as 12 or 0.5, up to 18 places")
    }
    return value
  }

  private mutating func number(_ field: String) throws(ScenarioError) -> UInt128? {
    guard let text = try optionalText(field) else { return nil }
    guard let value = UInt128(text) else {
      throw error(field, "“\(text)” is no whole number")
    }
    return value
  }

  private mutating func millionths(
    _ field: String, most: UInt64
  ) throws(ScenarioError) -> UInt64? {
    guard let value = try quantity(field, as: Amount.self) else { return nil }
    let (parts, rest) = value.baseUnits.quotientAndRemainder(dividingBy: 1_000_000_000_000)
    guard rest == 0, parts <= UInt128(most) * 1_000_000 else {
      throw error(field, "\(value) is not within 0 and \(most) with at most six places")
    }
    return UInt64(parts)
  }
}

/// One line while it is written.
private struct UsageTraceWriter {
  private var fields: [String]

  init(epoch: UInt64) { fields = ["\"epoch\":\(epoch)"] }

  var isEmpty: Bool { fields.count == 1 }
  var line: String { "{" + fields.joined(separator: ",") + "}\n" }

  mutating func text(_ field: String, _ value: String) {
    var quoted = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    fields.append("\"\(field)\":\"\(quoted)\"")
  }

  mutating func quantity<Q: Quantity>(_ field: String, _ value: Q?, unless standard: Q? = nil) {
    if let value, value != standard { text(field, value.description) }
  }

  mutating func number(_ field: String, _ value: UInt128?) {
    if let value { text(field, String(value)) }
  }

  mutating func measures(_ measures: Measures) {
    quantity("usage", measures.usage, unless: .zero)
    number("work", measures.work == 0 ? nil : measures.work)
    number("capacity", measures.capacity == 0 ? nil : measures.capacity)
    quantity("stake", measures.stake, unless: .zero)
    quantity("votes", measures.votes, unless: .zero)
    quantity("fees", measures.fees, unless: .zero)
    millionths("score", measures.scorePerMillion)
    millionths("multiplier", measures.multiplierPerMillion)
  }

  private mutating func millionths(_ field: String, _ value: UInt64) {
    if value == 1_000_000 { return }
    quantity(field, Amount(baseUnits: UInt128(value) * 1_000_000_000_000))
  }
}
