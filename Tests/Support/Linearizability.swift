/// One operation on a key as a client saw it.
package struct RegisterOperation: Hashable, Sendable, Codable {
  package enum Kind: String, Sendable, Codable {
    /// Puts ``RegisterOperation/value``; nil deletes.
    case write
    /// Puts the value if there was none, and it did.
    case create
    /// Would have put if there had been none, and was refused.
    case refusedCreate
    /// Saw the value; nil for none.
    case read
  }

  package let kind: Kind
  package let value: String?
  /// When it was sent, on one clock for all clients.
  package let invoked: UInt64
  /// When its answer came; nil when none came: it may have happened at any time since, or never.
  package let returned: UInt64?

  package init(_ kind: Kind, _ value: String?, _ invoked: UInt64, _ returned: UInt64?) {
    self.kind = kind
    self.value = value
    self.invoked = invoked
    self.returned = returned
  }
}

/// Whether a history of one register can be put into an order that agrees with the clock and with
/// what a register does: the search of Wing and Gong (1993), remembering the states it has been in
/// as Lowe (2017) does.
package struct LinearizabilityChecker {
  private let operations: [RegisterOperation]
  private var seen: Set<Visited> = []

  private struct Visited: Hashable {
    let done: [UInt64]
    let state: String?
  }

  private init(_ operations: [RegisterOperation]) {
    self.operations = operations.sorted { $0.invoked < $1.invoked }
  }

  /// - Parameter initial: the value before the first operation; nil for none.
  package static func isLinearizable(
    _ operations: [RegisterOperation], initial: String? = nil
  ) -> Bool {
    var checker = LinearizabilityChecker(
      operations.filter { $0.kind != .read || $0.returned != nil })
    return checker.search(
      Array(repeating: 0, count: checker.operations.count / 64 + 1), from: 0, initial)
  }

  /// - Parameters:
  ///   - done: a bit for each operation that has its place.
  ///   - first: all before it have their place.
  private mutating func search(_ done: [UInt64], from first: Int, _ state: String?) -> Bool {
    guard seen.insert(Visited(done: done, state: state)).inserted else { return false }
    var first = first
    while first < operations.count, Self.has(done, first) { first += 1 }
    // Whatever was answered must have its place before what was sent after the answer.
    var deadline = UInt64.max
    var isComplete = true
    for index in first..<operations.count where !Self.has(done, index) {
      if let returned = operations[index].returned {
        deadline = min(deadline, returned)
        isComplete = false
      }
    }
    if isComplete { return true }
    for index in first..<operations.count where !Self.has(done, index) {
      let operation = operations[index]
      if operation.invoked > deadline { break }
      guard let next = Self.apply(operation, to: state) else { continue }
      var with = done
      with[index / 64] |= 1 << UInt64(index % 64)
      if search(with, from: first, next.state) { return true }
    }
    return false
  }

  private static func has(_ done: [UInt64], _ index: Int) -> Bool {
    done[index / 64] >> UInt64(index % 64) & 1 == 1
  }

  /// The state afterwards; nil when the operation cannot have happened in this state.
  private static func apply(
    _ operation: RegisterOperation, to state: String?
  ) -> (state: String?, Void)? {
    switch operation.kind {
    case .write: return (operation.value, ())
    case .create: return state == nil ? (operation.value, ()) : nil
    case .refusedCreate: return state != nil ? (state, ()) : nil
    case .read: return state == operation.value ? (state, ()) : nil
    }
  }
}
