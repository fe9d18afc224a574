import Catalogue
import Consensus
import Ledger
import Primitives

/// Where a replay takes its blocks from, and what makes them credible.
protocol ReplaySource {
  /// The next block, checked against what went before.
  /// - Parameter machine: the ledger after the block before.
  /// - Throws: ``LedgerReplay/Disagreement``, and what the node's answers are wrong by.
  mutating func block(at height: UInt64, over machine: LedgerMachine) async throws -> DecidedBlock

  /// Notes what the block came to.
  mutating func executed(_ outcome: BlockOutcome)
}

/// Replays a chain from its genesis in a fresh machine and compares all that can be compared.
/// Of the node it takes only the blocks; what they do is computed here.
struct LedgerReplay {
  private(set) var machine: LedgerMachine
  private(set) var transactions: UInt64 = 0
  private(set) var refused: UInt64 = 0

  /// Where the replay and the chain do not agree.
  struct Disagreement: Error, CustomStringConvertible {
    let height: UInt64
    let what: String
    var description: String { "block \(height): \(what)" }
  }

  /// - Throws: when the genesis is no valid one.
  init(genesis: Genesis) throws {
    machine = try LedgerMachine(genesis: genesis, services: ServiceCatalogue.modules)
  }

  /// Replays up to `tip`; `progress` hears each hundredth height.
  /// - Throws: ``Disagreement``, and what the source throws.
  mutating func run(
    _ source: any ReplaySource, to tip: UInt64, progress: (UInt64) -> Void
  ) async throws {
    var source = source
    while machine.height < tip {
      let height = machine.height + 1
      source.executed(try apply(await source.block(at: height, over: machine)))
      if height.isMultiple(of: 100) { progress(height) }
    }
  }

  private mutating func apply(_ block: DecidedBlock) throws -> BlockOutcome {
    let (input, isAmended) = block.input(for: machine)
    let outcome = machine.execute(input)
    if let refusal = outcome.refusal {
      throw Disagreement(height: block.height, what: "the ledger's rules refuse it: \(refusal)")
    }
    do {
      try machine.checkInvariants()
    } catch {
      throw Disagreement(height: block.height, what: "an invariant does not hold: \(error)")
    }
    transactions += UInt64(max(0, block.items.count - (isAmended ? 0 : 1)))
    refused += UInt64(outcome.results.count { !$0.isSuccess })
    return outcome
  }
}
