import ChainClient
import Ledger
import Primitives
import ServiceKit
import StorageService

/// What a recovery asks of the ledger besides what the engine asks.
package protocol RecoveryLedger: Sendable {
  /// All bundles of the lease that were not released, ascending.
  func liveBundles() async throws -> [BundleRecord]
  /// All placement groups that were drawn for the lease, ascending.
  func drawnGroups() async throws -> [PlacementGroupRecord]
}

/// Reads them from a real ledger.
package struct LedgerRecovery: RecoveryLedger {
  /// Rows of one query.
  private static let pageRows: UInt32 = 500

  private let client: LedgerClient
  private let lease: LeaseID

  package init(client: LedgerClient, lease: LeaseID) {
    self.client = client
    self.lease = lease
  }

  package func liveBundles() async throws -> [BundleRecord] {
    var bundles: [BundleRecord] = []
    for row in try await all(StorageKeys.bundles(of: lease)) {
      var decoder = CanonicalDecoder(Array(row.key.bytes.suffix(8)))
      let id = try BundleID(from: &decoder)
      let record = try await client.value(StorageKeys.bundle(id), as: BundleRecord.self)
      if let record, !record.isReleased { bundles.append(record) }
    }
    return bundles
  }

  package func drawnGroups() async throws -> [PlacementGroupRecord] {
    try await all(StorageKeys.groups)
      .map { try PlacementGroupRecord(canonicalBytes: $0.value) }
      .filter { $0.lease == lease && $0.state == .drawn }
  }

  private func all(
    _ range: (from: StateKey, to: StateKey)
  ) async throws -> [(key: StateKey, value: [UInt8])] {
    var found: [(key: StateKey, value: [UInt8])] = []
    var start = range.from
    while true {
      let rows = try await client.rawRows(from: start, to: range.to, limit: Self.pageRows)
      found += rows
      guard rows.count == Int(Self.pageRows), let last = rows.last,
        let next = StateKey(foreign: last.key.bytes + [0])
      else { return found }
      start = next
    }
  }
}
