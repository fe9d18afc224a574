import ChainClient
import Ledger
import Primitives
import ServiceKit
import StorageService

/// How a customer's storage lease stands, from the ledger alone: `status` shows it whether the
/// gateway lives or not.
struct LeaseReport: Codable {
  let lease: UInt64
  /// The customer's name here, or account.
  let customer: String
  /// `ample`, `low`, `writes-stopped`, `dry` or `ended`.
  let level: LeaseFunding.Level
  /// What the stream bucket holds, in credits.
  let streamCredits: String
  /// Bytes of all columns that are kept for it.
  let storedBytes: UInt64
  /// Seconds until new data is refused; nil for without an end.
  let runwaySeconds: UInt64?
  /// Seconds until what is stored is no longer paid for; nil for without an end.
  let paidSeconds: UInt64?
  /// Seconds until a dry lease's bundles are released; nil while it is not dry.
  let graceSeconds: UInt64?
  /// What a top-up must bring before new data is taken, in credits.
  let neededCredits: String
  /// Why it is ending or has ended.
  let endReason: String?
  /// What to do; nil while nothing is to be done.
  let warning: String?

  /// All storage leases, ascending by number. - Throws: `LedgerClientError`.
  static func all(_ reader: LedgerReader, names: NameBook) async throws -> [LeaseReport] {
    let now = try await reader.clock().time
    let lockUp = try await reader.parameter("storage.lock-up-milliseconds")
    let grace = try await reader.parameter("storage.grace-milliseconds")
    let low = try await reader.parameter(LedgerParameters.lowEscrowMilliseconds)
    var reports: [LeaseReport] = []
    let rows = try await reader.keyedRows(StateKeys.all(.lease), as: LeaseRecord.self)
    for (key, record) in rows where record.service == StorageKeys.service {
      let id = LeaseID(number: key.bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
      let total = try await reader.client.value(
        StorageKeys.leaseTotal(id), as: StreamRecord.self)
      let dry = try await reader.client.value(StorageKeys.dryLease(id), as: LedgerTime.self)
      let runway = try LeaseRunway(
        held: record.escrow.stream, owed: record.owed.stream, total: total, prices: record.prices,
        lockUpMilliseconds: lockUp, now: now)
      let funding = LeaseFunding(
        runway, isOpen: record.isOpen, drySince: dry, lowMilliseconds: low,
        graceMilliseconds: grace, now: now)
      reports.append(
        LeaseReport(
          lease: id.number, customer: names.name(of: record.customer), level: funding.level,
          streamCredits: "\(record.escrow.stream)", storedBytes: runway.bytes,
          runwaySeconds: funding.writableMilliseconds.map { $0 / 1_000 },
          paidSeconds: funding.paidMilliseconds.map { $0 / 1_000 },
          graceSeconds: funding.graceMilliseconds.map { $0 / 1_000 },
          neededCredits: "\(funding.needed)", endReason: record.state.endReason,
          warning: funding.warning(lease: id, endReason: record.state.endReason)))
    }
    return reports
  }
}

extension LedgerReader {
  /// A governed parameter's value; 0 when there is none of that name.
  /// - Throws: `LedgerClientError`.
  func parameter(_ name: String) async throws -> UInt64 {
    let record = try await client.value(StateKeys.parameter(name), as: ParameterRecord.self)
    return UInt64(clamping: record?.value ?? 0)
  }
}
