import Cryptography
import Primitives
import ServiceKit
import TestSupport
import Testing

@testable import StorageService

@Suite struct LedgerWriterTests {
  static let first = Digest.sha256(domain: "test-claim", [1])
  static let second = Digest.sha256(domain: "test-claim", [2])

  static func claim(
    overtaking epoch: UInt64, _ claim: Digest = first, gateway: AccountID = .zero
  ) -> StoragePayload {
    .claimWriter(
      ClaimWriter(
        lease: LedgerTestNetwork.lease, overtakes: epoch, gateway: gateway, claim: claim,
        endpoint: "http://127.0.0.1:9701"))
  }

  static func name(_ sequence: UInt64, epoch: UInt64) -> StoragePayload {
    .underEpoch(
      UnderEpoch(
        epoch: epoch,
        .nameCheckpoint(
          NameCheckpoint(
            CheckpointName(coveredSequence: sequence, logStart: 3, segment: 4, stripe: 5)))))
  }

  private func record(_ network: LedgerTestNetwork) throws -> WriterRecord? {
    try network.context.load(StorageKeys.writer(of: network.customer.accountID))
  }

  @Test func ofTwoThatClaimAtOnceOneSucceeds() throws {
    var network = LedgerTestNetwork(providers: 1)
    let customer = network.customer.accountID
    #expect(network.apply(Self.claim(overtaking: 0), from: customer) == nil)
    #expect(
      network.apply(Self.claim(overtaking: 0, Self.second), from: customer)?.code == .writerFenced)
    #expect(try record(network)?.epoch == 1)
    #expect(try record(network)?.claim == Self.first)
    #expect(network.apply(Self.claim(overtaking: 1, Self.second), from: customer) == nil)
    #expect(try record(network)?.epoch == 2)
    #expect(network.apply(Self.claim(overtaking: 9), from: customer)?.code == .writerFenced)
  }

  @Test func onlyTheLeasesCustomerClaims() throws {
    var network = LedgerTestNetwork(providers: 1)
    let stranger = network.providers[0].id
    #expect(
      network.apply(Self.claim(overtaking: 0), from: stranger)?.code == .notTheCustomer)
    #expect(network.apply(Self.name(1, epoch: 0), from: stranger)?.code == .noWriter)
  }

  @Test func whatIsSaidUnderAnOvertakenEpochHasNoEffect() throws {
    var network = LedgerTestNetwork(providers: 1)
    let customer = network.customer.accountID
    #expect(network.apply(Self.claim(overtaking: 0), from: customer) == nil)
    #expect(network.apply(Self.name(10, epoch: 1), from: customer) == nil)
    #expect(network.apply(Self.claim(overtaking: 1, Self.second), from: customer) == nil)
    #expect(network.apply(Self.name(20, epoch: 1), from: customer)?.code == .writerFenced)
    // The checkpoints stay named for the successor.
    #expect(try record(network)?.checkpoints.map(\.coveredSequence) == [10])
    let group = StoragePayload.openGroup(
      OpenGroup(
        lease: LedgerTestNetwork.lease, codeClass: try #require(CodeClass.strongest(operators: 2))))
    let old = StoragePayload.underEpoch(UnderEpoch(epoch: 1, group))
    #expect(network.apply(old, from: customer)?.code == .writerFenced)
    let present = StoragePayload.underEpoch(UnderEpoch(epoch: 2, group))
    #expect(network.apply(present, from: customer) == nil)
    let nested = StoragePayload.underEpoch(UnderEpoch(epoch: 2, present))
    #expect(network.apply(nested, from: customer)?.code == .wrongEpochPayload)
  }

  @Test func twoCheckpointsAreNamedAndTheyOnlyAdvance() throws {
    var network = LedgerTestNetwork(providers: 1)
    let customer = network.customer.accountID
    #expect(network.apply(Self.claim(overtaking: 0), from: customer) == nil)
    for sequence in [10, 20, 30] as [UInt64] {
      #expect(network.apply(Self.name(sequence, epoch: 1), from: customer) == nil)
    }
    #expect(try record(network)?.checkpoints.map(\.coveredSequence) == [30, 20])
    #expect(network.apply(Self.name(29, epoch: 1), from: customer)?.code == .checkpointBehind)
  }

  @Test func encodingsAreWhatTheyAlwaysWere() throws {
    let golden = Golden("storage-ledger")
    for (name, payload) in [
      ("claim-writer", Self.claim(overtaking: 7)), ("name-checkpoint", Self.name(10, epoch: 7)),
    ] {
      let bytes = payload.canonicalBytes()
      #expect(try StoragePayload(canonicalBytes: bytes) == payload)
      try golden.check(name, Digest.sha256(bytes).hex)
    }
    let record = WriterRecord(
      customer: .zero, lease: LedgerTestNetwork.lease, epoch: 3, gateway: .zero,
      claim: Self.first, endpoint: "e", raisedAt: LedgerTime(milliseconds: 5),
      checkpoints: [CheckpointName(coveredSequence: 1, logStart: 2, segment: 3, stripe: 4)])
    #expect(try WriterRecord(canonicalBytes: record.canonicalBytes()) == record)
    try golden.check("writer-record", Digest.sha256(record.canonicalBytes()).hex)
  }
}
