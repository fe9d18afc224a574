import Economics
import Primitives

/// Use of a network by its accounts, epoch by epoch: what a trace's file says.
package struct UsageTrace: Hashable, Sendable {
  /// One epoch's use.
  package struct Epoch: Hashable, Sendable {
    /// Counted from the trace's beginning.
    package let number: UInt64
    /// What a token costs; nil: what the network's oracle says.
    package var price: Credits?
    package var priceConfidence: Credits = .zero
    package var power: UInt128?
    package var staked: Amount?
    package var blockSpaceUsed: UInt128 = 0
    package var candidates: [CandidateInput] = []
    package var accounts: [AccountInput] = []

    package init(number: UInt64) { self.number = number }
  }

  /// Ascending by number; epochs of which the file says nothing are left out.
  package var epochs: [Epoch] = []

  package init(epochs: [Epoch] = []) { self.epochs = epochs }
}
