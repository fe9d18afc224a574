import ArgumentParser
import ChainClient
import Economics
import Foundation
import Ledger
import Primitives
import Simulator

/// Exports what a network's epochs were settled with, and settles them once more.
struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Settle a running network's epochs once more from their inputs, and compare.",
    discussion: """
      Reads for each epoch what the ledger put into its settlement, calls the preset's rules as \
      the simulator does, and compares every line, charge, balance, bucket, lock and the supply \
      to the base unit. With --out the inputs are written as a trace that `trellis tx usage` \
      takes. Exit code 2 when something differs.

      Example:
        trellis network trace --data helium-net --out trace.jsonl
      """)
  @OptionGroup var data: DataOption
  @Option(help: "A file for the inputs.", completion: .file())
  var out: String?

  func run() async throws {
    let network = try data.network()
    let genesis = try GenesisFile.read(from: network.directory)
    guard let rules = genesis.preset else {
      throw UserError(
        "the network settles by \(genesis.policy), not by a preset",
        advice: "Start one with `trellis up --preset NAME --data DIR`.")
    }
    let reader = LedgerReader(client: network.ledger)
    let count = try await reader.clock().epoch
    if count == 0 { throw UserError("no epoch has ended yet") }
    var replay = try TraceComparison(rules, genesis)
    var text = ""
    let names = try NameBook(network)
    for number in 0..<count {
      let epoch = try await reader.settledEpoch(number)
      if let difference = try replay.compare(epoch) {
        print("\(difference)")
        throw ExitCode(2)
      }
      if out != nil { text += UsageTraceFile.text(of: .init(epoch), name: names.exactName) }
    }
    print(replay.summary)
    guard let out else { return }
    try AtomicFile.write(Data(text.utf8), to: out)
    print("Written: \(out)")
  }
}

/// The rules, called once more beside the ledger.
private struct TraceComparison {
  private let preset: Preset
  private var state: PolicyState
  private let first: UInt64
  private var (lines, balances) = (0, 0)
  private let ledger = TraceReplay.Ledger(
    elsewhere: StateKeys.elsewhere, digest: SettlementRecord.digest)

  init(_ rules: GenesisPreset, _ genesis: Genesis) throws {
    preset = rules.preset
    var held = Amount.zero
    for account in genesis.accounts { held = try held.adding(account.amount) }
    for validator in genesis.validators { held = try held.adding(validator.terms.stake) }
    state = try rules.start(held: held).state
    first = state.epoch
  }

  mutating func compare(_ epoch: SettledEpoch) throws -> TraceReplay.Difference? {
    lines += epoch.lines.count
    balances += epoch.balances.count
    return try TraceReplay.difference(
      TraceReplay.Epoch(
        inputs: epoch.inputs, lines: epoch.lines, charges: epoch.charges,
        balances: epoch.balances, state: epoch.record.state, accounts: epoch.record.accounts),
      preset, &state, ledger)
  }

  var summary: String {
    let count = state.epoch - first
    let supply = state.supply
    return """
      \(count) epochs of \(preset.name) settled once more: \(lines) lines and \(balances) \
      balances, every bucket, lock and the supply are equal to the base unit.
        supply       \(supply)
        circulating  \(state.circulating)
        vesting      \(state.vesting), locked \(state.locked), vault \(state.vault), \
      endowment \(state.fund)
        minted       \(state.minted), burned \(state.burned)
      """ + state.buckets.entries.map { "\n  bucket       \($0.name): \($0.amount)" }.joined()
  }
}

extension UsageTrace.Epoch {
  /// What a ledger's epoch was settled with.
  fileprivate init(_ epoch: SettledEpoch) {
    self.init(number: epoch.epoch)
    price = epoch.inputs.price
    priceConfidence = epoch.inputs.priceConfidence
    power = epoch.inputs.power
    staked = epoch.inputs.staked
    blockSpaceUsed = epoch.inputs.blockSpaceUsed
    candidates = epoch.inputs.candidates
    accounts = epoch.inputs.accounts
  }
}

extension LedgerReader {
  /// How an epoch was settled by a preset.
  /// - Throws: `LedgerClientError`; ``UserError`` when the ledger does not keep it any more.
  fileprivate func settledEpoch(_ epoch: UInt64) async throws -> SettledEpoch {
    guard
      let record = try await client.value(
        StateKeys.settlement(epoch), as: SettlementRecord.self)
    else {
      throw UserError(
        "the ledger does not have the settlement of epoch \(epoch)",
        advice: "History older than the parameter ledger.history-epochs is dropped.")
    }
    return SettledEpoch(
      epoch: epoch, record: record,
      accounts: try await rows(StateKeys.ofEpoch(.settledInput, epoch), as: AccountInput.self),
      lines: try await rows(StateKeys.ofEpoch(.settledLine, epoch), as: PolicyLine.self),
      charges: try await rows(StateKeys.ofEpoch(.settledCharge, epoch), as: PolicyCharge.self),
      balances: try await keyedRows(
        StateKeys.ofEpoch(.settledBalance, epoch), as: SettledBalance.self
      ).map { (key: $0.key, record: $0.value) })
  }
}

extension NameBook {
  /// A name that ``account(_:)`` reads back.
  fileprivate func exactName(of account: AccountID) -> String {
    let name = name(of: account)
    return (try? self.account(name)) == account ? name : account.didKey
  }
}
