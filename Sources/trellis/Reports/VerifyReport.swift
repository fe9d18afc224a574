import Ledger
import Primitives
import ServiceKit
import StorageService

/// What a replay computed of the network: all of it from blocks, nothing from the node's word.
struct VerifyReport: Codable {
  let agrees: Bool
  let disagreement: String?
  let height: UInt64
  let stateRoot: String
  let transactions: UInt64
  let refusedTransactions: UInt64
  let issued: String
  let burned: String
  let supply: String
  /// Tokens that cover credits.
  let vault: String
  /// Credits in escrows.
  let escrow: String
  /// Credits earned and not yet paid.
  let unpaid: String
  /// Credits that customers paid for service in epochs that have ended.
  let usage: String
  /// Tokens that providers were paid for it.
  let paid: String
  let utilisation: Utilisation

  struct Utilisation: Codable {
    let storedBytes: UInt64
    let offeredBytes: UInt64
  }

  init(_ replay: LedgerReplay, disagreement: String?) throws {
    let machine = replay.machine
    let supply = machine.record(StateKeys.supply, as: SupplyRecord.self) ?? SupplyRecord()
    var usage = Credits.zero
    var paid = Amount.zero
    for row in machine.allRows(StateKeys.all(.epoch), as: EpochSummary.self) {
      usage = try usage.adding(row.credits)
      paid = try paid.adding(row.paid)
    }
    let range = KeyRange(from: StorageKeys.providers.from, to: StorageKeys.providers.to)
    let providers = machine.allRows(range, as: StorageProviderRecord.self)
    agrees = disagreement == nil
    self.disagreement = disagreement
    height = machine.height
    stateRoot = machine.stateRoot.hex
    transactions = replay.transactions
    refusedTransactions = replay.refused
    issued = "\(supply.issued)"
    burned = "\(supply.burned)"
    self.supply = "\(supply.supply)"
    vault = "\(supply.vault)"
    escrow = "\(supply.escrowed)"
    unpaid = "\(supply.unpaid)"
    self.usage = "\(usage)"
    self.paid = "\(paid)"
    utilisation = Utilisation(
      storedBytes: providers.reduce(0) { $0.addingSaturated($1.committedBytes) },
      offeredBytes: providers.reduce(0) { $0.addingSaturated($1.capacityBytes) })
  }

  /// The report for people.
  var text: String {
    let stored = utilisation.storedBytes
    let offered = utilisation.offeredBytes
    let share =
      offered == 0 ? "–" : "\(UInt128(stored) * 1_000_000 / UInt128(offered)) parts per million"
    return """
      \(agrees ? "agrees at every height up to \(height)" : "DOES NOT AGREE: \(disagreement ?? "")")
      state root     \(stateRoot)
      transactions   \(transactions), \(refusedTransactions) of them refused
      issued         \(issued) tokens
      burned         \(burned) tokens
      supply         \(supply) tokens = issued − burned
      vault          \(vault) tokens, which cover the credits below
      escrow         \(escrow) credits; earned and unpaid \(unpaid) credits
      usage          \(usage) credits in ended epochs; \(paid) tokens paid to providers for it
      utilisation    \(share): \(stored) bytes stored of \(offered) bytes offered
      """
  }
}

extension LedgerMachine {
  /// A row as its type; nil when there is none or it is no such record.
  func record<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) -> T? {
    value(at: key).flatMap { try? T(canonicalBytes: $0) }
  }

  /// All rows of a range as their type.
  func allRows<T: CanonicalCodable>(_ range: KeyRange, as type: T.Type) -> [T] {
    rows(from: range.from, to: range.to, limit: .max)
      .compactMap { try? T(canonicalBytes: $0.value) }
  }
}
