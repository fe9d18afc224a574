import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

/// Staged bytes of a customer that vanishes are paid to who keeps them.
@Suite struct LedgerStagingTests {
  static let small = CodeClass(dataShards: 2, totalShards: 4, leafBytes: 256)!
  static let lease = LedgerTestNetwork.lease
  /// In milliseconds.
  static let grace: UInt64 = 300_000

  /// A network with a drawn group and who keeps its slot 1.
  private static func started() -> (LedgerTestNetwork, PlacementGroupRecord, LedgerTestProvider) {
    var network = LedgerTestNetwork(providers: 5)
    network.context.values[StorageParameter.grace.rawValue] = UInt128(grace)
    let group = network.group(small)
    return (network, group, network.provider(group.providers[1]))
  }

  static func order(
    _ network: LedgerTestNetwork, _ group: PlacementGroupID, segment: UInt64, end: UInt64,
    slot: UInt8 = 1, by signer: SigningKey? = nil
  ) -> Signed<AppendOrder> {
    Signed(
      AppendOrder(
        chain: network.context.chain, lease: lease, group: group, segment: segment, slot: slot,
        fencingEpoch: 1, offset: 0, length: UInt32(end), runningRoot: .zero),
      by: signer ?? network.customer)
  }

  private static func claim(_ orders: Signed<AppendOrder>...) -> StoragePayload {
    .claimStaging(ClaimStaging(orders: orders))
  }

  private static func pass(_ network: inout LedgerTestNetwork, milliseconds: UInt64) {
    for _ in 0..<milliseconds / 5_000 { network.block(after: 5_000) }
  }

  private static func staged(_ network: LedgerTestNetwork) -> UInt128 {
    network.context.accrued.filter { $0.dimension == .stagedByteMilliseconds }
      .reduce(0) { $0 + $1.quantity }
  }

  @Test func aSilentCustomersStagedBytesArePaidFromTheFirstClaimOn() {
    var (network, group, holder) = Self.started()
    let first = Self.order(network, group.id, segment: 1, end: 4_000)
    let second = Self.order(network, group.id, segment: 2, end: 1_000)
    Self.pass(&network, milliseconds: 20_000)
    #expect(network.apply(Self.claim(first, second), from: holder.id) == nil)
    // Not silent for long enough: nothing is paid, and nothing forgotten.
    Self.pass(&network, milliseconds: 30_000)
    #expect(network.apply(Self.claim(first, second), from: holder.id) == nil)
    #expect(Self.staged(network) == 0)
    Self.pass(&network, milliseconds: Self.grace)
    #expect(network.apply(Self.claim(first, second), from: holder.id) == nil)
    #expect(Self.staged(network) == 5_000 * UInt128(30_000 + Self.grace))
    // At once again: no time has passed.
    #expect(network.apply(Self.claim(first, second), from: holder.id) == nil)
    #expect(Self.staged(network) == 5_000 * UInt128(30_000 + Self.grace))
    // What is claimed less was kept less; what comes back counts anew.
    Self.pass(&network, milliseconds: 10_000)
    #expect(network.apply(Self.claim(second), from: holder.id) == nil)
    #expect(Self.staged(network) == 5_000 * UInt128(30_000 + Self.grace) + 1_000 * 10_000)
    Self.pass(&network, milliseconds: 10_000)
    #expect(network.apply(Self.claim(first, second), from: holder.id) == nil)
    #expect(Self.staged(network) == 5_000 * UInt128(30_000 + Self.grace) + 1_000 * 20_000)
  }

  @Test func aCustomerThatIsThereIsNotClaimedFrom() {
    var (network, group, holder) = Self.started()
    let order = Self.order(network, group.id, segment: 1, end: 4_000)
    #expect(network.apply(Self.claim(order), from: holder.id) == nil)
    for _ in 0..<5 {
      Self.pass(&network, milliseconds: Self.grace - 5_000)
      let word = StoragePayload.showPresence(ShowPresence(lease: Self.lease))
      #expect(network.apply(word, from: network.customer.accountID) == nil)
      #expect(network.apply(Self.claim(order), from: holder.id) == nil)
    }
    #expect(Self.staged(network) == 0)
    // Its last word counts, whenever the claim began.
    Self.pass(&network, milliseconds: Self.grace)
    #expect(network.apply(Self.claim(order), from: holder.id) == nil)
    #expect(Self.staged(network) == 4_000 * UInt128(Self.grace))
    let stranger = StoragePayload.showPresence(ShowPresence(lease: Self.lease))
    #expect(network.apply(stranger, from: holder.id)?.code == .notTheCustomer)
  }

  /// What was paid for a claim is not paid again by the bundle that comes after all.
  @Test func aCustomerThatComesBackPaysNoByteTwice() throws {
    var (network, group, holder) = Self.started()
    let order = Self.order(network, group.id, segment: 1, end: 4_000)
    #expect(network.apply(Self.claim(order), from: holder.id) == nil)
    Self.pass(&network, milliseconds: Self.grace)
    #expect(network.apply(Self.claim(order), from: holder.id) == nil)
    let advanced = 4_000 * Self.grace
    #expect(Self.staged(network) == UInt128(advanced))
    // The statement says how long the same bytes were staged in all.
    let whole = advanced + 4_000 * 20_000
    Self.pass(&network, milliseconds: 30_000)
    let (commit, _) = network.draft(group, shardBytes: [4_000], stagedByteMilliseconds: whole)
    #expect(network.apply(.commitBundle(commit), from: network.customer.accountID) == nil)
    let paid = network.context.accrued.filter {
      $0.dimension == .stagedByteMilliseconds && $0.provider == holder.id
    }
    #expect(paid.reduce(0) { $0 + $1.quantity } == UInt128(whole))
    #expect(network.context.value(at: StorageKeys.stagingClaim(group.id, 1)) == nil)
    // The three others asked for their whole time.
    #expect(Self.staged(network) == UInt128(whole) * 4)
    // The customer is there: the next claim begins anew.
    #expect(network.apply(Self.claim(order), from: holder.id) == nil)
    Self.pass(&network, milliseconds: 50_000)
    #expect(network.apply(Self.claim(order), from: holder.id) == nil)
    #expect(Self.staged(network) == UInt128(whole) * 4)
  }

  @Test func forgedClaimsAreRefused() throws {
    var (network, group, holder) = Self.started()
    let other = network.provider(group.providers[0])
    let good = Self.order(network, group.id, segment: 1, end: 4_000)
    #expect(network.apply(Self.claim(good), from: other.id)?.code == .notTheHolder)
    let forged = Self.order(network, group.id, segment: 1, end: 4_000, by: holder.key)
    #expect(network.apply(Self.claim(forged), from: holder.id)?.code == .wrongStagingClaim)
    let nowhere = Self.order(network, PlacementGroupID(number: 99), segment: 1, end: 4_000)
    #expect(network.apply(Self.claim(nowhere), from: holder.id)?.code == .noSuchGroup)
    // One shard twice, another slot's, none, or too many: no such claim can be written.
    let slot = Self.order(network, group.id, segment: 2, end: 4_000, slot: 2)
    let many = (1...17).map { Self.order(network, group.id, segment: $0, end: 1) }
    for orders in [[good, good], [good, slot], [], many] {
      let bytes = StoragePayload.claimStaging(ClaimStaging(orders: orders)).canonicalBytes()
      #expect(throws: CodecError.self) { try StoragePayload(canonicalBytes: bytes) }
    }
  }

  @Test func encodingsAreWhatTheyAlwaysWere() throws {
    let golden = Golden("storage-ledger")
    var failures: [String] = []
    func check(_ name: String, _ bytes: [UInt8]) {
      do { try golden.check(name, Digest.sha256(bytes).hex) } catch { failures.append("\(error)") }
    }
    let (network, group, holder) = Self.started()
    let claim = Self.claim(
      Self.order(network, group.id, segment: 1, end: 4_000),
      Self.order(network, group.id, segment: 2, end: 1_000))
    for (name, payload) in [
      ("claim-staging", claim), ("show-presence", .showPresence(ShowPresence(lease: Self.lease))),
    ] {
      let bytes = payload.canonicalBytes()
      #expect(try StoragePayload(canonicalBytes: bytes) == payload)
      check(name, bytes)
    }
    let record = StagingClaimRecord(
      provider: holder.id, lease: Self.lease, bytes: 5, countedFrom: LedgerTime(milliseconds: 6),
      advanced: 7)
    #expect(try StagingClaimRecord(canonicalBytes: record.canonicalBytes()) == record)
    check("staging-claim-record", record.canonicalBytes())
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }
}
