import Cryptography
import ErasureCoding
import Ledger
import Locks
import NIOCore
import Primitives
import ServiceKit
import StorageProvider
import StorageService
import TestSupport

/// Providers who call each other without a network.
final class LocalPeers: ProviderCalling {
  let handlers = Locked<[ProviderID: StorageLinkHandler]>([:])

  func call(
    _ request: StorageRequest, of provider: ProviderID
  ) async throws -> (response: StorageResponse, tail: ByteBuffer) {
    guard let handler = handlers.withLock({ $0[provider] }) else { throw FakeLedger.Down() }
    let (response, tail) = try await handler.answer(LinkBody.encode(request))
    if case .refused(let refusal) = response { throw refusal }
    return (response, tail)
  }
}

/// A bundle of two segments on four providers, coded RS(2,4), as a gateway makes it.
struct ColumnFixture {
  static let bundleID = BundleID(number: 5)
  let ledger = FakeLedger()
  let peers = LocalPeers()
  var providers: [ProviderFixture] = []
  let manifest: BundleManifest
  let bundle: BundleRecord
  /// The shards by segment and slot.
  let shards: [[[UInt8]]]

  /// - Parameter spoiled: a slot whose shard of the second segment is not what the code gives.
  init(seed: UInt64, spoiled: Int? = nil) async throws {
    for number in 1...4 {
      let provider = try ProviderFixture(number: UInt64(number), ledger: ledger, peers: peers)
      providers.append(provider)
      peers.handlers.withLock { $0[provider.key.accountID] = provider.service.handler }
    }
    try await providers[0].openGroup()
    var generator = SeededGenerator(seed: seed)
    let code = try ReedSolomon(dataShards: 2, totalShards: 4)
    var entries: [SegmentEntry] = []
    var all: [[[UInt8]]] = []
    for number in 1...2 {
      let segment = SegmentID(lease: ProviderFixture.lease, number: UInt64(number))
      var shards = [[UInt8]](repeating: [], count: 4)
      var lengths: [UInt32] = []
      for size in [120_000, 3_333, 1_500_001] {
        var chunks = code.encode(generator.bytes(size))
        if let spoiled, number == 2, size == 3_333 { chunks[spoiled][700] ^= 4 }
        for slot in 0..<4 {
          let order = providers[slot].appendOrder(
            chunks[slot], after: shards[slot], segment: UInt64(number), slot: UInt8(slot))
          if let refusal = try await providers[slot].refusal(order, tail: chunks[slot]) {
            throw refusal
          }
          shards[slot] += chunks[slot]
        }
        lengths.append(UInt32(size))
      }
      entries.append(
        SegmentEntry(
          segment: segment, stripePayloadLengths: lengths, shardBytes: UInt64(shards[0].count),
          shardRoots: shards.map { ShardFixture.root($0) }))
      all.append(shards)
    }
    shards = all
    let codeClass = try unwrapped(CodeClass(dataShards: 2, totalShards: 4))
    let made = try unwrapped(
      BundleManifest(
        lease: ProviderFixture.lease, group: ProviderFixture.group, codeClass: codeClass,
        segments: entries))
    manifest = made
    let holders = providers.map(\.key.accountID)
    bundle = BundleRecord(
      id: Self.bundleID, lease: ProviderFixture.lease, group: ProviderFixture.group,
      codeClass: codeClass, bundleKey: made.hash, root: made.bundleRoot, segmentCount: 2,
      committedAt: .genesis, end: LedgerTime(milliseconds: 900_000),
      slots: (0..<4).map { slot in
        SlotRecord(
          provider: holders[slot], columnRoot: made.columnTree(slot: slot).root,
          leafCount: made.columnLeafCount, byteCount: made.columnByteCount)
      })
  }

  func statement(_ slot: Int, staged: UInt64 = .max) -> SlotStatement {
    SlotStatement(
      chain: FakeLedger.chainID, lease: bundle.lease, group: bundle.group,
      bundleKey: bundle.bundleKey, slot: UInt8(slot), columnRoot: bundle.slots[slot].columnRoot,
      leafCount: bundle.slots[slot].leafCount, byteCount: bundle.slots[slot].byteCount,
      stagedByteMilliseconds: staged, end: bundle.end)
  }

  func sendManifest(to slot: Int) async throws {
    let bytes = manifest.canonicalBytes()
    let half = bytes.count / 2
    for (offset, part) in [(0, bytes[..<half]), (half, bytes[half...])] {
      let request = StorageRequest.putManifest(
        ManifestPart(
          key: bundle.bundleKey, totalBytes: UInt32(bytes.count), offset: UInt32(offset)))
      if let refusal = try await providers[slot].refusal(request, tail: Array(part)) {
        throw refusal
      }
    }
  }

  /// Has every slot countersigned and puts the bundle on the ledger.
  func commit() async throws {
    for slot in 0..<4 {
      try await sendManifest(to: slot)
      let request = providers[slot].control(.countersign(statement: statement(slot)))
      let (response, _) = try await providers[slot].ask(request)
      guard case .countersigned(let staged, let signature) = response,
        statement(slot, staged: staged).isSigned(by: providers[slot].key.accountID, signature)
      else { throw Missing() }
      ledger.put(
        StorageKeys.obligation(providers[slot].key.accountID, bundle.id), obligation(slot))
    }
    ledger.put(StorageKeys.bundle(bundle.id), bundle)
    ledger.put(
      StorageKeys.bundleKey(bundle.bundleKey),
      BundleKeyRecord(bundle: bundle.id, statementsEnd: bundle.end))
  }

  func obligation(_ slot: Int) -> ObligationRecord {
    ObligationRecord(
      provider: providers[slot].key.accountID, bundle: bundle.id, slot: UInt8(slot),
      lease: bundle.lease, columnRoot: bundle.slots[slot].columnRoot,
      leafCount: bundle.slots[slot].leafCount, byteCount: bundle.slots[slot].byteCount,
      since: .genesis, sinceHeight: 1, end: bundle.end)
  }

  /// Puts a round on the ledger in which slot 0's provider is challenged.
  func challenge(
    phase: RoundRecord.Phase, state: ChallengeRecord.State, transcript: Digest = .zero
  ) throws -> WalkChallenge {
    let provider = providers[0].key.accountID
    var record = StorageProviderRecord(id: provider)
    record.openRound = 3
    ledger.put(StorageKeys.provider(provider), record)
    let id = RoundID(number: 3)
    var round = RoundRecord(id: id, frozenAt: .genesis, frozenHeight: 2, challenges: 1)
    round.phase = phase
    round.seed = Digest.sha256([1])
    round.openingBeacon = Digest.sha256([2])
    ledger.put(StorageKeys.round(id), round)
    let tree = try ObligationRecord.frozenTree([obligation(0)], frozenHeight: 2)
    var challenge = ChallengeRecord(
      round: id, provider: provider, obligationRoot: tree.root, leafCount: tree.total,
      byteCount: bundle.slots[0].byteCount, frozenAt: .genesis, frozenHeight: 2)
    challenge.state = state
    challenge.transcriptRoot = transcript
    ledger.put(StorageKeys.challenge(id, provider), challenge)
    ledger.put(StateKeys.parameter("storage.walk-steps"), ParameterRecord(value: 256))
    ledger.put(StateKeys.parameter("storage.opened-steps"), ParameterRecord(value: 8))
    return WalkChallenge(challenge, round: round, steps: 256)
  }
}
