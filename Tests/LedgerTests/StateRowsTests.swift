import Ledger
import Primitives
import ServiceKit
import TestSupport
import Testing

struct StateRowsTests {
  private static func key(_ number: UInt64) -> StateKey { StateKey([1] + number.canonicalBytes()) }

  @Test func agreesWithADictionary() {
    var generator = SeededGenerator.fromEnvironment(default: 5)
    var rows = StateRows()
    var model: [UInt64: [UInt8]] = [:]
    for step in 0..<20_000 {
      let number = UInt64.random(in: 0..<3_000, using: &generator)
      let value: [UInt8]? =
        Int.random(in: 0..<3, using: &generator) == 0 ? nil : [UInt8(step % 251)]
      #expect(rows.exchange(value, at: Self.key(number)) == model[number])
      model[number] = value
      #expect(rows.count == model.count)
    }
    let sorted = model.keys.sorted()
    let all = rows.rows(from: Self.key(0), to: Self.key(.max), limit: .max)
    #expect(all.map(\.key) == sorted.map(Self.key), "seed \(generator.seed)")
    #expect(all.map(\.value) == sorted.map { model[$0] ?? [] })
    for _ in 0..<200 {
      let from = UInt64.random(in: 0..<3_200, using: &generator)
      let to = UInt64.random(in: 0..<3_200, using: &generator)
      let limit = Int.random(in: 0..<50, using: &generator)
      let expected = sorted.filter { $0 >= from && $0 < to }.prefix(limit)
      let found = rows.rows(from: Self.key(from), to: Self.key(to), limit: limit)
      #expect(found.map(\.key) == expected.map(Self.key))
    }
    for order in [all, all.shuffled(using: &generator), all + all.reversed()] {
      let rebuilt = StateRows(order)
      #expect(rebuilt.count == all.count)
      let found = rebuilt.rows(from: Self.key(0), to: Self.key(.max), limit: .max)
      #expect(found.map(\.key) == all.map(\.key))
      #expect(found.map(\.value) == all.map(\.value))
    }
  }

  @Test func keysCompareAsBytes() {
    var generator = SeededGenerator.fromEnvironment(default: 6)
    for _ in 0..<2_000 {
      let one = generator.bytes(Int.random(in: 0...47, using: &generator))
      let two = Array(one.prefix(Int.random(in: 0...47, using: &generator)))
      let (a, b) = (StateKey(one), StateKey(two))
      #expect(a.bytes == one)
      #expect((a < b) == one.lexicographicallyPrecedes(two))
      #expect((a == b) == (one == two))
    }
    let id = AccountID(Bytes32(words: (1, 2, 3, .max)))
    #expect(StateKeys.account(id).bytes == [16] + id.bytes)
    #expect(StateKeys.account(of: StateKeys.account(id)) == id)
  }
}
