import Cryptography
import Ledger
import Primitives
import ServiceKit

@testable import ProviderAgent

/// A ledger of a few rows that does what a provider's operations say, and keeps a list of them.
actor FakeLedger: ProviderLedger {
  private(set) var rows: [StateKey: [UInt8]] = [:]
  private(set) var committed: [Ledger.Operation] = []
  /// Thrown by the next commit, after it took effect: an answer that got lost.
  private var lostAnswer: (any Error)?

  func loseNextAnswer(_ error: any Error) { lostAnswer = error }

  func set(_ value: some CanonicalCodable, at key: StateKey) { rows[key] = value.canonicalBytes() }

  func row<T: CanonicalCodable>(_ key: StateKey, as type: T.Type) async throws -> T? {
    try rows[key].map { try T(canonicalBytes: $0) }
  }

  func rows<T: CanonicalCodable>(
    in range: KeyRange, limit: UInt32, as type: T.Type
  ) async throws -> [(key: StateKey, value: T)] {
    try rows.keys.sorted().filter { $0 >= range.from && $0 < range.to }.prefix(Int(limit)).map {
      (key: $0, value: try T(canonicalBytes: rows[$0] ?? []))
    }
  }

  func commit(_ operation: Ledger.Operation, signer: SigningKey, lane: UInt8) async throws {
    committed.append(operation)
    let id = signer.accountID
    let record = try await row(StateKeys.provider(id), as: ProviderRecord.self)
    switch operation {
    case .registerProvider(let endpoint, let location, let bond):
      set(
        ProviderRecord(
          endpoint: endpoint, location: location, bond: bond, standing: .active,
          registeredAt: .genesis, slashed: .zero), at: StateKeys.provider(id))
    case .updateProvider(let endpoint, let location):
      guard var record else { return }
      record.endpoint = endpoint
      record.location = location
      set(record, at: StateKeys.provider(id))
    case .topUpBond(let amount):
      guard var record else { return }
      record.bond = try record.bond.adding(amount)
      set(record, at: StateKeys.provider(id))
    case .startUnbonding:
      guard var record else { return }
      record.standing = .unbonding(until: LedgerTime(milliseconds: 500))
      set(record, at: StateKeys.provider(id))
    case .postOffer(let service, let prices, let capacity):
      set(
        OfferRecord(prices: prices, capacity: capacity, postedAt: .genesis),
        at: StateKeys.offer(service, id))
    case .withdrawOffer(let service): rows[StateKeys.offer(service, id)] = nil
    default: break
    }
    if let error = lostAnswer {
      lostAnswer = nil
      throw error
    }
  }
}
