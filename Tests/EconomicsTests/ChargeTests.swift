import Economics
import Primitives
import TestSupport
import Testing

/// What a settlement takes and gives, account by account, is what it says circulates.
@Suite struct ChargeTests {
  private static let elsewhere = AccountID(Bytes32(words: (1, 1, 1, 1)))
  private static func account(_ number: UInt64) -> AccountID {
    AccountID(Bytes32(words: (0, 0, 0, number)))
  }

  private struct Inputs {
    let preset: Preset
    var random: SeededGenerator

    mutating func below(_ limit: UInt128) -> UInt128 {
      UInt128.random(in: 0..<limit, using: &random)
    }

    mutating func tokens(_ most: UInt128) -> UInt128 { below(most * Amount.baseUnitsPerWhole) }

    mutating func next() -> EpochInputs {
      var accounts: [AccountInput] = []
      for _ in 0..<8 {
        let role = preset.roles[Int(below(UInt128(preset.roles.count)))]
        var input = AccountInput(ChargeTests.account(UInt64(below(5))), role: role)
        input.measures.usage = Credits(baseUnits: tokens(20))
        input.measures.capacity = below(1 << 40)
        input.measures.work = below(1_000)
        input.measures.stake = Amount(baseUnits: tokens(1_000))
        // Nobody spends credits that nobody bought, so what is settled is never refused.
        input.bought = Credits(baseUnits: input.measures.usage.baseUnits + tokens(2))
        if below(3) == 0 { input.lock = .init(amount: .whole(2), epochs: 200 + UInt64(below(99))) }
        accounts.append(input)
      }
      var inputs = EpochInputs(
        price: Credits(baseUnits: Credits.baseUnitsPerWhole + tokens(1) / 10), accounts: accounts)
      inputs.blockSpaceUsed = below(1_000)
      inputs.mintedElsewhere = Amount(baseUnits: tokens(5))
      inputs.burnedElsewhere = Amount(baseUnits: tokens(2))
      return inputs
    }
  }

  @Test(arguments: PresetCatalogue.names)
  func balancesMoveByWhatCirculates(name: String) throws {
    let preset = try #require(PresetCatalogue.preset(named: name))
    var inputs = Inputs(preset: preset, random: .fromEnvironment(default: 4_030))
    let first = preset.calendar.epoch(from: UnixTime(2026, 11, 26))
    var (state, outside) = try preset.ledgerState(epoch: first, held: .whole(2_000_000))
    outside = try outside.adding(.whole(1_000_000))
    var balances = [Amount](repeating: .whole(200_000), count: 5)
    for _ in 0..<120 {
      let input = inputs.next()
      let before = state
      let settlement = try preset.settle(input, &state)
      #expect(try state.isBalanced(), "seed \(inputs.random.seed)")
      let changes = try settlement.balanceChanges(elsewhere: Self.elsewhere) { id in
        for (index, balance) in balances.enumerated()
        where id == Self.account(UInt64(index)) { return balance }
        return outside
      }
      var sum = outside.baseUnits + balances.map(\.baseUnits).reduce(0, +)
      let expected =
        sum + state.circulating.baseUnits + input.burnedElsewhere.baseUnits
        - before.circulating.baseUnits - input.mintedElsewhere.baseUnits
      for change in changes {
        if change.account == Self.elsewhere {
          #expect(change.before == outside)
          outside = change.after
        }
        for index in balances.indices where change.account == Self.account(UInt64(index)) {
          #expect(change.before == balances[index])
          balances[index] = change.after
        }
      }
      sum = outside.baseUnits + balances.map(\.baseUnits).reduce(0, +)
      #expect(sum == expected, "seed \(inputs.random.seed), epoch \(before.epoch)")
    }
  }

  /// What an account lacks is taken elsewhere; when that is not enough, nothing is done.
  @Test func whatNobodyHasCannotBeTaken() throws {
    var inputs = EpochInputs(price: .whole(1), accounts: [])
    var buyer = AccountInput(Self.account(0), role: "customer")
    buyer.bought = .whole(10)
    inputs.accounts = [buyer]
    var state = try Preset.commons.ledgerState(epoch: 0, held: .zero).state
    let settlement = try Preset.commons.settle(inputs, &state)
    #expect(settlement.charges.map(\.amount) == [.whole(10)])
    let changes = try settlement.balanceChanges(elsewhere: Self.elsewhere) { id in
      id == Self.elsewhere ? .whole(9) : .whole(4)
    }
    #expect(changes.map(\.account) == [Self.account(0), Self.elsewhere])
    #expect(changes[0].after == .zero)
    let released = settlement.totals.allocationsReleased
    #expect(changes[1].after == (try Amount.whole(3).adding(released)))
    // The same purchase where no allocation is released.
    var bare = Preset.commons
    bare.allocations = []
    var other = try bare.ledgerState(epoch: 0, held: .whole(100)).state
    let poor = try bare.settle(inputs, &other)
    #expect(throws: ArithmeticError.self) {
      try poor.balanceChanges(elsewhere: Self.elsewhere) { _ in .zero }
    }
  }
}
