import TestSupport
import Testing

@Suite("Linearizability checker") struct LinearizabilityTests {
  typealias Operation = RegisterOperation

  @Test(
    "histories that a register can have",
    arguments: [
      [],
      [Operation(.write, "a", 0, 1), Operation(.read, "a", 2, 3)],
      // Concurrent: the read may come before or after.
      [Operation(.write, "a", 0, 9), Operation(.read, nil, 1, 2), Operation(.read, "a", 3, 4)],
      // No answer came: it may have happened, late, or never.
      [Operation(.write, "a", 0, nil), Operation(.read, nil, 1, 2), Operation(.read, "a", 3, 4)],
      [Operation(.write, "a", 0, nil), Operation(.read, nil, 1, 2), Operation(.read, nil, 3, 4)],
      // A delete and a put cross.
      [
        Operation(.write, "a", 0, 1), Operation(.write, nil, 2, 8), Operation(.write, "b", 3, 7),
        Operation(.read, nil, 9, 10),
      ],
      [Operation(.create, "a", 0, 5), Operation(.refusedCreate, "b", 1, 4)],
      [
        Operation(.create, "a", 0, 1), Operation(.write, nil, 2, 3), Operation(.create, "b", 4, 5),
      ],
    ])
  func valid(history: [Operation]) {
    #expect(LinearizabilityChecker.isLinearizable(history))
  }

  @Test(
    "histories that no register can have",
    arguments: [
      // An acknowledged write is lost.
      [Operation(.write, "a", 0, 1), Operation(.read, nil, 2, 3)],
      // A stale read after a newer one was acknowledged.
      [Operation(.write, "a", 0, 1), Operation(.write, "b", 2, 3), Operation(.read, "a", 4, 5)],
      // What is deleted returns.
      [Operation(.write, "a", 0, 1), Operation(.write, nil, 2, 3), Operation(.read, "a", 4, 5)],
      // Two readers see a concurrent write in opposite order.
      [Operation(.write, "a", 0, 9), Operation(.read, "a", 1, 2), Operation(.read, nil, 3, 4)],
      // What never was.
      [Operation(.write, "a", 0, 1), Operation(.read, "x", 2, 3)],
      // Two creations of one key.
      [Operation(.create, "a", 0, 5), Operation(.create, "b", 1, 4)],
      // A creation is refused although nothing was there.
      [Operation(.refusedCreate, "a", 0, 1), Operation(.write, "b", 2, 3)],
      // An unanswered write was seen, undone, and is seen again.
      [
        Operation(.write, "a", 0, nil), Operation(.read, "a", 1, 2), Operation(.write, "b", 3, 4),
        Operation(.read, "b", 5, 6), Operation(.read, "a", 7, 8),
      ],
    ])
  func invalid(history: [Operation]) {
    #expect(!LinearizabilityChecker.isLinearizable(history))
  }

  @Test("what an atomic register does passes; the same with one read changed does not")
  func random() {
    for seed in 0..<40 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var state: String?
      var history: [Operation] = []
      // Each takes effect at 10 × its number; clients see it begin before and end after.
      for number in 1...60 as ClosedRange<UInt64> {
        let begin = number * 10 - UInt64.random(in: 1...60, using: &random) % (number * 10)
        let end = number * 10 + UInt64.random(in: 1...60, using: &random)
        switch UInt8.random(in: 0..<4, using: &random) {
        case 0:
          state = "\(number)"
          history.append(Operation(.write, state, begin, end))
        case 1 where state == nil:
          state = "\(number)"
          history.append(Operation(.create, state, begin, end))
        case 1: history.append(Operation(.refusedCreate, "x", begin, end))
        case 2 where number % 7 == 0:
          state = nil
          history.append(Operation(.write, nil, begin, number % 2 == 0 ? nil : end))
        default: history.append(Operation(.read, state, begin, end))
        }
      }
      #expect(LinearizabilityChecker.isLinearizable(history), "seed \(seed)")
      let last = Operation(.read, state, 10_000, 10_001)
      #expect(LinearizabilityChecker.isLinearizable(history + [last]), "seed \(seed)")
      let wrong = Operation(.read, "never written", 10_000, 10_001)
      #expect(!LinearizabilityChecker.isLinearizable(history + [wrong]), "seed \(seed)")
    }
  }
}
