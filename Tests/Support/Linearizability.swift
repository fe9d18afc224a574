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

  private struct Register: Equatable {
    let state: String?
  }

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

  /// Reads that fit are placed at once: they change nothing, so placing them never hurts. A write
  /// without an answer is placed only where somebody needs what it left; anywhere else it is as if
  /// it had never happened.
  /// - Parameters:
  ///   - start: a bit for each operation that has its place.
  ///   - from: all before it have their place.
  private mutating func search(_ start: [UInt64], from: Int, _ state: String?) -> Bool {
    var (done, first) = (start, from)
    var enabled: [Int] = []
    var hasPlaced = false
    repeat {
      while first < operations.count, Self.has(done, first) { first += 1 }
      guard let next = candidates(done, from: first) else { return true }
      hasPlaced = false
      enabled = []
      for index in next {
        let operation = operations[index]
        if [.read, .refusedCreate].contains(operation.kind),
          Self.apply(operation, to: state) != nil
        {
          Self.mark(&done, index)
          hasPlaced = true
        } else {
          enabled.append(index)
        }
      }
    } while hasPlaced
    guard seen.insert(Visited(done: done, state: state)).inserted else { return false }
    for index in enabled {
      let operation = operations[index]
      guard let next = Self.apply(operation, to: state) else { continue }
      if operation.returned == nil, !isNeeded(next.state, instead: state, by: enabled) { continue }
      var with = done
      Self.mark(&with, index)
      if search(with, from: first, next.state) { return true }
    }
    return false
  }

  /// What may come next, by the clock: whatever was answered must have its place before what was
  /// sent after the answer. Nil when all that was answered has its place.
  private func candidates(_ done: [UInt64], from first: Int) -> [Int]? {
    let left = (first..<operations.count).filter { !Self.has(done, $0) }
    let deadlines = left.compactMap { operations[$0].returned }
    guard let deadline = deadlines.min() else { return nil }
    return left.filter { operations[$0].invoked <= deadline }
  }

  /// Whether an answered operation fits `next` and not `state`.
  private func isNeeded(_ next: String?, instead state: String?, by enabled: [Int]) -> Bool {
    enabled.contains { index in
      let operation = operations[index]
      return operation.returned != nil && Self.apply(operation, to: state) == nil
        && Self.apply(operation, to: next) != nil
    }
  }

  private static func mark(_ done: inout [UInt64], _ index: Int) {
    done[index / 64] |= 1 << UInt64(index % 64)
  }

  private static func has(_ done: [UInt64], _ index: Int) -> Bool {
    done[index / 64] >> UInt64(index % 64) & 1 == 1
  }

  /// The state afterwards; nil when the operation cannot have happened in this state.
  private static func apply(
    _ operation: RegisterOperation, to state: String?
  ) -> Register? {
    switch operation.kind {
    case .write: return Register(state: operation.value)
    case .create: return state == nil ? Register(state: operation.value) : nil
    case .refusedCreate: return state != nil ? Register(state: state) : nil
    case .read: return state == operation.value ? Register(state: state) : nil
    }
  }
}
