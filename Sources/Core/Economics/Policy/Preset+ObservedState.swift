import Primitives

extension Preset {
  /// The state before epoch `epoch` of a network that was observed: so much exists, so much of it
  /// circulates. What is neither lies in the buckets of allocations, as far as it goes, and the
  /// rest in the bucket `elsewhere`.
  /// - Throws: ``ArithmeticError/underflow`` when more circulates than exists.
  package func observedState(
    epoch: UInt64, supply: Amount, circulating: Amount
  ) throws(ArithmeticError) -> PolicyState {
    var state = try genesisState(epoch: epoch)
    var rest = try supply.subtracting(circulating)
    for entry in state.buckets.entries {
      let held = min(entry.amount, rest)
      state.buckets[entry.name] = held
      rest = try rest.subtracting(held)
    }
    try state.buckets.add(rest, to: "elsewhere")
    state.minted = supply
    state.circulating = circulating
    return state
  }
}
