import ChainClient
import Ledger
import Primitives
import ServiceKit
import StorageService

/// What storing something costs.
struct QuoteReport: Codable {
  let bytes: UInt64
  let months: Int
  let codeClass: String
  /// Bytes on providers.
  let storedBytes: String
  let creditsPerMonth: String
  let storageCredits: String
  let readBytes: UInt64
  let readCredits: String
  let totalCredits: String
  /// The prices, in credits.
  let creditsPerStoredGiBHour: String
  let creditsPerReadGiB: String
  /// The lease that they are from; nil when there is none yet.
  let lease: UInt64?

  /// - Throws: `LedgerClientError`, ``UserError``.
  static func make(
    _ network: OpenNetwork, identity: String, size: UInt64, months: Int, reads: UInt64
  ) async throws -> QuoteReport {
    let reader = LedgerReader(client: network.ledger)
    let account = try network.secrets.identity(identity).ledgerKey.accountID
    let lease = try await reader.leases().last { $0.record.customer == account && $0.record.isOpen }
    let prices = lease?.record.prices ?? DevnetPrices.ceiling
    let live = try await reader.storageProviders().count { $0.takesWork }
    guard let codeClass = CodeClass.strongest(operators: live) else {
      throw UserError(
        "nothing can be stored now: \(live) operators are live, and two are needed.",
        advice: "Start more: trellis provider start --count 2")
    }
    let tariff = StorageTariff(prices: prices, codeClass: codeClass)
    do {
      let monthly = try tariff.storage(of: size)
      let storage = try tariff.storage(
        of: size, milliseconds: StorageTariff.monthMilliseconds * UInt128(months))
      let reading = try tariff.reading(of: reads)
      return QuoteReport(
        bytes: size, months: months, codeClass: codeClass.description,
        storedBytes: "\(try tariff.storedBytes(of: size))", creditsPerMonth: "\(monthly)",
        storageCredits: "\(storage)", readBytes: reads, readCredits: "\(reading)",
        totalCredits: "\(try storage.adding(reading))",
        creditsPerStoredGiBHour: "\(prices.price(of: .storedByteMilliseconds) ?? .zero)",
        creditsPerReadGiB: "\(prices.price(of: .egressBytes) ?? .zero)", lease: lease?.id.number)
    } catch {
      throw UserError("\(size) bytes for \(months) months are more than can be counted.")
    }
  }

  var text: String {
    """
    \(bytes) bytes for \(months) months as \(codeClass): \(storedBytes) bytes on providers
    storage  \(storageCredits) credits (\(creditsPerMonth) a month of thirty days; \
    \(creditsPerStoredGiBHour) per GiB and hour on providers)
    reading  \(readCredits) credits for \(readBytes) bytes (\(creditsPerReadGiB) per GiB)
    total    \(totalCredits) credits; one credit is one US dollar
    \(lease.map { "prices of lease \($0)" } ?? "prices: the most that the gateway orders at")
    """
  }
}
