import Primitives

extension PolicyRules {
  /// Whether several epochs with the same inputs may be settled at once.
  package var hasClosedForm: Bool {
    let remembers =
      vesting != nil || lock != nil || reEmission != nil || vote != nil || baseFee != nil
      || endowment != nil || capacityFee != nil || mintBreaker != nil || !subTokens.isEmpty
      || stakeIsEnforced
    if remembers { return false }
    if case .vault(let vault) = credit { return vault.shortfall == .mint }
    return true
  }
}

extension SettlementScene {
  /// Settles `epochs` epochs from the state's next one on; more than one only where
  /// ``PolicyRules/hasClosedForm``. The state is partly changed when it throws.
  func settleInPlace(
    _ inputs: EpochInputs, _ state: inout PolicyState, epochs: UInt64
  ) throws(ArithmeticError) -> Settlement {
    var settler = Settler(scene: self, inputs: inputs, epochs: epochs, state: PolicyState())
    // Moved, not copied: what vests is a list for each account.
    swap(&settler.state, &state)
    defer { swap(&settler.state, &state) }
    try settler.run()
    return settler.result
  }
}
