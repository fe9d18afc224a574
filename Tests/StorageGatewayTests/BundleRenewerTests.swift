import Cryptography
import Logging
import Primitives
import ServiceKit
import StorageService
import Testing

@testable import StorageGateway

/// Data is kept for longer than one bundle's term: what is half over is ordered anew.
@Suite struct BundleRenewerTests {
  @Test("bundles in the second half of their term are renewed, others are left alone")
  func renewsWhatIsDue() async throws {
    let network = TableNetwork(eligible: [])
    let now = try await network.ledgerTime()
    let term = try await network.bundleTermMilliseconds()
    let ends: [UInt64: LedgerTime] = [
      1: now.advanced(milliseconds: term / 2), 2: now.advanced(milliseconds: term / 2 + 1),
      3: now.advanced(milliseconds: 1), 4: now, 5: now.advanced(milliseconds: 1),
    ]
    let codeClass = try #require(CodeClass(dataShards: 1, totalShards: 2))
    let bundles = ends.sorted { $0.key < $1.key }.map { number, end in
      var bundle = BundleRecord(
        id: BundleID(number: number), lease: network.lease, group: PlacementGroupID(number: 1),
        codeClass: codeClass, bundleKey: .zero, root: .zero, segmentCount: 1,
        committedAt: .genesis, end: end, slots: [])
      bundle.isReleased = number == 5
      return bundle
    }
    network.state.withLock { state in
      for bundle in bundles { state.bundles[bundle.id.number] = bundle }
    }
    await BundleRenewer(network: network, logger: Logger(label: "test")).pass(over: bundles)
    let after = network.state.withLock { $0.bundles.mapValues(\.end) }
    let renewed = now.advanced(milliseconds: term)
    #expect(after == [1: renewed, 2: ends[2], 3: renewed, 4: ends[4], 5: ends[5]])
  }
}
