import Ledger
import Primitives
import ServiceKit

extension DecidedBlock {
  /// What a ledger executes. A decided block stands whatever is in it: where its first item is not
  /// what validators may add, the machine sees an empty one in front, and every item gets its own
  /// result.
  /// - Returns: the input, and whether it has an item in front that is not the block's.
  package func input(for machine: LedgerMachine) -> (input: BlockInput, isAmended: Bool) {
    let given = input(items, machine)
    do throws(Rejection) {
      try machine.validate(given)
      return (given, false)
    } catch {
      let empty = BlockItem.extensions(ExtensionItem()).canonicalBytes()
      return (input([empty] + items, machine), true)
    }
  }

  /// The proposer's account is zero when the ledger knows none with its consensus key.
  private func input(_ items: [[UInt8]], _ machine: LedgerMachine) -> BlockInput {
    BlockInput(
      height: height, timeMilliseconds: timeMilliseconds, items: items,
      proposer: machine.validator(at: proposer) ?? .zero, lastCommit: lastCommit,
      misbehaviour: misbehaviour)
  }
}
