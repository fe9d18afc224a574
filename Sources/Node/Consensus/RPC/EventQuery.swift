/// One equation of CometBFT's query language: `tm.event='NewBlock'`, `tx.height=5`.
struct EventQuery: Hashable, Sendable {
  enum Value: Hashable, Sendable {
    case text(String)
    case number(UInt64)
  }

  let name: String
  let value: Value

  /// Reads an equation. Conjunctions and other operators are refused by name.
  init(_ text: String) throws(RPCError) {
    guard text.utf8.count <= 512 else { throw .internal("a query has at most 512 bytes") }
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts[0].filter { $0 != " " }
    guard !name.isEmpty, parts.count == 2 else {
      throw .internal("failed to parse query: offset \(text.utf8.count): EOF")
    }
    let right = String(parts[1]).trimmed
    if right.contains(" AND ") || name.contains("<") || name.contains(">") {
      throw .internal("failed to parse query: Solo answers one equation, without AND, < and >")
    }
    self.name = String(name)
    if let number = UInt64(right) {
      value = .number(number)
    } else if right.count >= 2, right.hasPrefix("'"), right.hasSuffix("'"),
      !right.dropFirst().dropLast().contains("'")
    {
      value = .text(String(right.dropFirst().dropLast()))
    } else {
      throw .internal(
        "failed to parse query: offset \(parts[0].utf8.count + 1): wanted a number or a 'text'")
    }
  }
}

extension String {
  /// Without spaces at its ends.
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
