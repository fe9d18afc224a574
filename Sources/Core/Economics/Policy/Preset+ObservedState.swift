import Primitives

extension Preset {
  /// The state before epoch `epoch` of a network that was observed: so much exists, so much of it
  /// circulates. What is neither lies in the buckets of allocations, as far as it goes, and the
  /// rest in the bucket `elsewhere`.
  /// - Parameters:
  ///   - fund: what is in the endowment.
  ///   - realized: capacity × epochs that effective time has counted.
  /// - Throws: ``ArithmeticError/underflow`` when what circulates and what allocations
  ///   still have to release is more than exists.
  package func observedState(
    epoch: UInt64, supply: Amount, circulating: Amount, fund: Amount = .zero,
    realized: UInt128 = 0
  ) throws(ArithmeticError) -> PolicyState {
    var state = try genesisState(epoch: epoch)
    var rest = try supply.subtracting(circulating).subtracting(fund)
    // What is still to be released is owed in full; of reserves there is what is left.
    for entry in state.buckets.entries where entry.name.hasPrefix("allocation:") {
      rest = try rest.subtracting(entry.amount)
    }
    for entry in state.buckets.entries where !entry.name.hasPrefix("allocation:") {
      let held = min(entry.amount, rest)
      state.buckets[entry.name] = held
      rest = try rest.subtracting(held)
    }
    try state.buckets.add(rest, to: "elsewhere")
    state.minted = supply
    state.circulating = circulating
    state.fund = fund
    if realized > 0 {
      for _ in rules(at: epoch)?.streams ?? [] {
        var stream = EmissionState()
        stream.realized = realized
        state.streams.append(stream)
      }
    }
    return state
  }
}
