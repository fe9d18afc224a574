import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct PolicyStateCodecTests {
  /// A state in which everything has a value.
  private static func full() throws -> PolicyState {
    let preset = Preset.helium
    var state = try preset.genesisState(epoch: preset.calendar.epoch(from: UnixTime(2024, 2, 1)))
    state.circulating = .whole(1_000)
    state.minted = try state.minted.adding(.whole(1_000))
    var votes = Measures()
    votes.votes = .whole(3)
    let id = try #require(AccountID(bytes: [UInt8](repeating: 4, count: 32)))
    var account = AccountInput(id, role: "iot-hotspot")
    account.lock = .init(amount: .whole(10), epochs: 100)
    account.bought = .whole(1)
    account.redeem = .init(subToken: "IOT", amount: .whole(1))
    var inputs = EpochInputs(price: .whole(1), accounts: [account])
    inputs.candidates = [CandidateInput("iot", measures: votes)]
    for _ in 0..<3 { _ = try preset.settle(inputs, &state) }
    let rule = Vesting(lockedPerMillion: 1, epochs: 3)
    try state.withAccount(id) { (account) throws(ArithmeticError) in
      for epoch in UInt64(0)..<9 {
        try account.vesting.add(.whole(7), in: epoch, rule)
        _ = try account.vesting.release(in: epoch + 1)
      }
    }
    state.streams[0].inflation = 5
    state.streams[0].filecoin = try FilecoinReward(
      simpleTotal: .whole(330), baselineTotal: .whole(770), power: 1 << 60)
    return state
  }

  @Test func statesSurviveTheirEncoding() throws {
    let state = try Self.full()
    let bytes = state.canonicalBytes()
    #expect(try PolicyState(canonicalBytes: bytes) == state)
    #expect(try PolicyState(canonicalBytes: bytes).canonicalBytes() == bytes)
    #expect(try PolicyState(canonicalBytes: PolicyState().canonicalBytes()) == PolicyState())
  }

  /// A change of the format is an explicit decision: FNV-1a over the bytes.
  @Test func theFormatIsGolden() throws {
    let bytes = try Self.full().canonicalBytes()
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    try Golden("economics").check("policy-state", "\(bytes.count)-\(hash)")
    #expect(PolicyState().canonicalBytes().count == 250)
  }

  @Test func damagedBytesAreRefusedAndNeverTrap() throws {
    var random = SeededGenerator.fromEnvironment(default: 301)
    let bytes = try Self.full().canonicalBytes()
    for end in stride(from: 0, to: bytes.count - 1, by: 37) {
      #expect(throws: CodecError.self) { try PolicyState(canonicalBytes: Array(bytes[..<end])) }
    }
    for _ in 0..<500 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8(
        truncatingIfNeeded: random.next())
      guard let state = try? PolicyState(canonicalBytes: damaged) else { continue }
      #expect(state.canonicalBytes() == damaged, "seed \(random.seed)")
    }
  }
}
