import Cryptography
import Foundation
import Locks
import NIOCore
import Primitives
import ServiceKit
import StorageService

@testable import StorageGateway

/// Providers in memory: they check what a real one checks of an append, keep the bytes, and can be
/// told to be dead, to corrupt or to refuse.
final class MemoryProviders: ShardTransport {
  struct Shard {
    var group: PlacementGroupID
    var bytes: [UInt8] = []
    var ends: [UInt64] = []
    var root = Digest.zero
    var leafBytes: Int
  }

  struct ShardName: Hashable {
    let provider: ProviderID
    let group: UInt64
    let segment: UInt64
    let slot: UInt8
  }

  struct State {
    var shards: [ShardName: Shard] = [:]
    var dead: Set<ProviderID> = []
    var corrupt: Set<ProviderID> = []
    /// These take requests and do not answer.
    var stuck: Set<ProviderID> = []
    var refuseAfterAppends: [ProviderID: Int] = [:]
    var appends = 0
    var reads = 0
    var vouchers: [ProviderID: [UInt8]] = [:]
    var manifests: [Digest: [UInt8]] = [:]
    /// What was countersigned: it is not dropped.
    var sealed: Set<ShardName> = []
    /// The highest fencing epoch that each has seen.
    var fences: [ProviderID: UInt64] = [:]
    /// Off: as if providers knew of no fencing, to show what that would lead to.
    var checksFences = true
  }

  let keys: [ProviderID: SigningKey]
  let ids: [ProviderID]
  let state = Locked(State())
  let leafBytes = Int(CodeClass.standardLeafBytes)

  init(count: Int) {
    let made = (0..<count).map { index in
      SigningKey(seed: Digest.sha256(domain: "test-provider", [UInt8(index)]).value)
    }
    keys = Dictionary(uniqueKeysWithValues: made.map { ($0.accountID, $0) })
    ids = made.map(\.accountID)
  }

  struct Dead: Error {}

  func call(
    _ request: StorageRequest, tail: ByteBuffer, to provider: ProviderID, timeoutSeconds: Double
  ) async throws -> ShardAnswer {
    if state.withLock({ $0.stuck.contains(provider) }) {
      try await Task.sleep(for: .seconds(60))
    }
    return try state.withLock { state in
      if state.dead.contains(provider) { throw Dead() }
      switch request {
      case .append(let signed):
        return try append(signed.message, Array(tail.readableBytesView), provider, &state)
      case .read(let signed): return try read(signed.message, provider, &state)
      case .putManifest(let part):
        // All send the same one; the first part begins it anew.
        if part.offset == 0 { state.manifests[part.key] = [] }
        state.manifests[part.key, default: []] += tail.readableBytesView
        return ShardAnswer(response: .manifestReceived(bytes: part.totalBytes))
      case .control(let signed): return try control(signed.message, provider, &state)
      case .voucher(let bytes):
        state.vouchers[provider] = bytes
        return ShardAnswer(response: .voucherAccepted(cumulative: .zero, readableBytes: .max))
      case .getManifest(let key, let offset):
        guard let bytes = state.manifests[key], Int(offset) <= bytes.count else {
          throw StorageRefusal(.unknownManifest, "no manifest")
        }
        let part = ManifestPart(key: key, totalBytes: UInt32(bytes.count), offset: offset)
        return ShardAnswer(
          response: .manifest(part), tail: ByteBuffer(bytes: bytes[Int(offset)...]))
      case .status: throw StorageRefusal(.malformed, "not in this fake")
      }
    }
  }

  private func append(
    _ order: AppendOrder, _ chunk: [UInt8], _ provider: ProviderID, _ state: inout State
  ) throws -> ShardAnswer {
    if let left = state.refuseAfterAppends[provider] {
      if left == 0 { throw StorageRefusal(.diskFull, "full") }
      state.refuseAfterAppends[provider] = left - 1
    }
    if state.checksFences {
      let highest = state.fences[provider] ?? 0
      guard order.fencingEpoch >= highest else {
        throw StorageRefusal(.fenced, "fenced", number: highest)
      }
      state.fences[provider] = order.fencingEpoch
    }
    let name = ShardName(
      provider: provider, group: order.group.number, segment: order.segment, slot: order.slot)
    var shard = state.shards[name] ?? Shard(group: order.group, leafBytes: leafBytes)
    guard UInt64(shard.bytes.count) == order.offset else {
      throw StorageRefusal(.wrongOffset, "offset", number: UInt64(shard.bytes.count))
    }
    shard.bytes += chunk
    var tree = ShardTree(leafBytes: leafBytes)
    shard.bytes.withUnsafeBytes { tree.append($0) }
    guard tree.root == order.runningRoot else { throw StorageRefusal(.wrongRoot, "root") }
    shard.root = tree.root
    shard.ends.append(UInt64(shard.bytes.count))
    state.shards[name] = shard
    state.appends += 1
    guard let key = keys[provider] else { throw Dead() }
    return ShardAnswer(
      response: .appended(Signed(Acknowledgement(order: order, provider: provider), by: key)))
  }

  private func read(
    _ order: ReadOrder, _ provider: ProviderID, _ state: inout State
  ) throws -> ShardAnswer {
    state.reads += 1
    let found = state.shards.first {
      $0.key.provider == provider && $0.key.segment == order.segment && $0.key.slot == order.slot
        && UInt64($0.value.bytes.count) >= order.shardBytes
    }
    guard let shard = found?.value,
      let aligned = ShardRangeProof.leafAligned(
        order.range, leafBytes: UInt64(leafBytes), shardBytes: order.shardBytes)
    else { throw StorageRefusal(.unknownShard, "no shard") }
    let bytes = Array(shard.bytes.prefix(Int(order.shardBytes)))
    let hashes = stride(from: 0, to: bytes.count, by: leafBytes).map { start in
      Array(bytes[start..<min(start + leafBytes, bytes.count)]).withUnsafeBytes {
        MerkleTree.leafHash($0)
      }
    }
    let leaf = UInt64(leafBytes)
    let range = aligned.lowerBound / leaf..<(aligned.upperBound + leaf - 1) / leaf
    let proof = ShardRangeProof(
      shardBytes: order.shardBytes, start: aligned.lowerBound,
      path: MerkleTree.rangeProof(range, leafHashes: hashes))
    var wanted = Array(bytes[Int(aligned.lowerBound)..<Int(aligned.upperBound)])
    if state.corrupt.contains(provider) { wanted[wanted.count / 2] ^= 1 }
    return ShardAnswer(response: .range(proof), tail: ByteBuffer(bytes: wanted))
  }

  private func control(
    _ order: ControlOrder, _ provider: ProviderID, _ state: inout State
  ) throws -> ShardAnswer {
    switch order.action {
    case .dropStaged, .countersign:
      let highest = state.fences[provider] ?? 0
      if state.checksFences, order.fencingEpoch < highest {
        throw StorageRefusal(.fenced, "fenced", number: highest)
      }
    case .listStaged, .listHeld, .raiseFence: break
    }
    switch order.action {
    case .listStaged(let after), .listHeld(let after):
      let staged = state.shards.filter { $0.key.provider == provider && $0.key.segment > after }
        .sorted { $0.key.segment < $1.key.segment }
        .map { name, shard in
          StagedShard(
            group: shard.group, segment: name.segment, slot: name.slot, fencingEpoch: 0,
            length: UInt64(shard.bytes.count), runningRoot: shard.root, chunkEnds: shard.ends)
        }
      return ShardAnswer(response: .staged(staged, isComplete: true))
    case .countersign(let draft):
      guard let key = keys[provider] else { throw Dead() }
      let statement = draft.with(stagedByteMilliseconds: 7)
      for entry in try manifest(draft.bundleKey, state).segments {
        state.sealed.insert(
          ShardName(
            provider: provider, group: draft.group.number, segment: entry.segment.number,
            slot: draft.slot))
      }
      return ShardAnswer(
        response: .countersigned(
          stagedByteMilliseconds: 7, signature: statement.signed(by: key)))
    case .raiseFence(let epoch):
      state.fences[provider] = max(state.fences[provider] ?? 0, epoch)
      return ShardAnswer(response: .done)
    case .dropStaged(let segment, let slot):
      let named = state.shards.keys.filter {
        $0.provider == provider && $0.segment == segment && $0.slot == slot
      }
      guard state.sealed.isDisjoint(with: named) else {
        throw StorageRefusal(.sealed, "countersigned")
      }
      for name in named { state.shards[name] = nil }
      return ShardAnswer(response: .done)
    }
  }

  private func manifest(_ key: Digest, _ state: State) throws -> BundleManifest {
    guard let bytes = state.manifests[key] else {
      throw StorageRefusal(.unknownManifest, "no manifest")
    }
    return try BundleManifest(canonicalBytes: bytes)
  }
}

/// A ledger in a table: groups are drawn at once from the providers that are not excluded.
final class TableNetwork: StorageNetwork {
  struct State {
    var groups: UInt64 = 0
    var bundles: [UInt64: BundleRecord] = [:]
    var commits: [CommitBundle] = []
    var isDown = false
    var eligible: [ProviderID] = []
    var released: [BundleID] = []
    /// Bundles with a column whose holder leaves and that nobody can take.
    var stranded: Set<BundleID> = []
    /// How often the gateway let the ledger know that it is there.
    var presences = 0
    var groupProviders: [UInt64: PlacementGroupRecord] = [:]
    var lockUpMilliseconds: UInt64 = 0
    var now: UInt64 = 1_000
    /// How many bundles the lease's money reaches for; nil for all.
    var fundedCommitments: Int?
    /// How many calls still get through; nil for all.
    var callsUntilDeath: Int?
    /// Whether the last call has its effect although its answer is never heard.
    var diesAfterEffect = false
  }

  let chain = Digest.sha256(domain: "test-chain", [])
  let lease = LeaseID(number: 1)
  let state: Locked<State>

  init(eligible: [ProviderID]) { state = Locked(State(eligible: eligible)) }

  private func checkUp(_ state: State) throws {
    if state.isDown { throw EngineError.unavailable(reason: "the ledger is down") }
  }

  struct Died: Error {}

  /// Has an effect, unless the gateway is dead; the call at which it dies may have it unheard.
  private func change<T>(_ body: (inout State) throws -> T) throws -> T {
    try state.withLock { state in
      guard let left = state.callsUntilDeath else { return try body(&state) }
      if left < 0 { throw Died() }
      state.callsUntilDeath = left - 1
      if left == 0 && !state.diesAfterEffect { throw Died() }
      let result = try body(&state)
      if left == 0 { throw Died() }
      return result
    }
  }

  func eligibleOperators() async throws -> [ProviderID] {
    try state.withLock { state in
      try checkUp(state)
      return state.eligible
    }
  }

  func openGroup(
    _ codeClass: CodeClass, excluding: [ProviderID]
  ) async throws -> PlacementGroupRecord {
    try state.withLock { state in
      try checkUp(state)
      let left = state.eligible.filter { !excluding.contains($0) }
      guard left.count >= Int(codeClass.totalShards) else {
        throw EngineError.unavailable(reason: "\(left.count) operators")
      }
      state.groups += 1
      let group = PlacementGroupRecord(
        id: PlacementGroupID(number: state.groups), lease: lease, codeClass: codeClass,
        exclude: excluding, state: .drawn,
        providers: Array(left.prefix(Int(codeClass.totalShards))),
        openedAt: .genesis)
      state.groupProviders[state.groups] = group
      return group
    }
  }

  func commitBundle(_ commit: CommitBundle) async throws -> BundleID {
    try change { state in
      try checkUp(state)
      if let known = state.bundles.values.first(where: { $0.bundleKey == commit.bundleKey }) {
        return known.id
      }
      guard let group = state.groupProviders[commit.group.number] else {
        throw EngineError.unavailable(reason: "no group")
      }
      state.commits.append(commit)
      let id = BundleID(number: UInt64(state.commits.count))
      state.bundles[id.number] = BundleRecord(
        id: id, lease: lease, group: commit.group, codeClass: group.codeClass,
        bundleKey: commit.bundleKey, root: .zero, segmentCount: commit.segmentCount,
        committedAt: .genesis, end: commit.end,
        slots: zip(commit.slots, group.providers).map { slot, provider in
          SlotRecord(
            provider: slot.signature == nil ? nil : provider, columnRoot: slot.columnRoot,
            leafCount: slot.leafCount, byteCount: slot.byteCount)
        })
      return id
    }
  }

  func releaseBundle(_ bundle: BundleID) async throws {
    try change { state in
      state.released.append(bundle)
      state.bundles[bundle.number]?.isReleased = true
    }
  }

  func renewBundle(_ bundle: BundleID, end: LedgerTime) async throws {
    state.withLock { $0.bundles[bundle.number]?.end = end }
  }

  func bundle(_ bundle: BundleID) async throws -> BundleRecord? {
    state.withLock { $0.bundles[bundle.number] }
  }

  func bundle(withKey key: Digest) async throws -> BundleID? {
    state.withLock { $0.bundles.values.first { $0.bundleKey == key }?.id }
  }

  func lockUpMilliseconds() async throws -> UInt64 { state.withLock { $0.lockUpMilliseconds } }

  func egressCost(ofBytes bytes: UInt64) async throws -> Credits {
    Credits(baseUnits: UInt128(bytes))
  }

  func leaseState() async throws -> LeaseState {
    try state.withLock { state in
      try checkUp(state)
      return LeaseState(
        isOpen: true, stagingCapBytes: .max,
        needed: state.fundedCommitments.map { state.commits.count >= $0 ? .whole(7) : .zero }
          ?? .zero)
    }
  }

  func ledgerTime() async throws -> LedgerTime {
    LedgerTime(milliseconds: state.withLock { $0.now })
  }
  func bundleTermMilliseconds() async throws -> UInt64 { 600_000 }
  func isStranded(_ bundle: BundleRecord) async throws -> Bool {
    state.withLock { $0.stranded.contains(bundle.id) }
  }
  func showPresence() async throws { state.withLock { $0.presences += 1 } }
}

/// An index that remembers what it was given; it can be told to fail.
final class RememberingIndex: MutationIndex, SegmentUseIndex {
  struct State {
    var records: [LogRecord] = []
    var fails = false
  }
  struct DiskFailure: Error {}
  let state = Locked(State())

  func apply(_ records: [LogRecord]) async throws -> [UInt64: any Error] {
    try state.withLock { state in
      if state.fails { throw DiskFailure() }
      for record in records where record.sequence > state.records.last?.sequence ?? 0 {
        state.records.append(record)
      }
      return [:]
    }
  }

  func appliedSequence() async throws -> UInt64 {
    state.withLock { $0.records.last?.sequence ?? 0 }
  }

  func segmentUse() async throws -> [(segment: UInt64, written: UInt64, live: UInt64)] { [] }
  func blobCount(inSegment segment: UInt64) async throws -> UInt64 { 0 }
  func blobs(inSegments segments: [UInt64], limit: Int) async throws -> [StoredBlob] { [] }

  var sequences: [UInt64] { state.withLock { $0.records.map(\.sequence) } }
}

extension TableNetwork: RecoveryLedger {
  func liveBundles() async throws -> [BundleRecord] {
    state.withLock { state in
      state.bundles.values.filter { !state.released.contains($0.id) }
        .sorted { $0.id.number < $1.id.number }
    }
  }

  func drawnGroups() async throws -> [PlacementGroupRecord] {
    state.withLock { $0.groupProviders.values.sorted { $0.id.number < $1.id.number } }
  }
}

/// The ledger's record of who writes, in a variable.
final class TableRegistry: WriterRegistry {
  struct State {
    var record: WriterRecord?
    var isDown = false
    /// Claims get through, and their answers are lost.
    var losesAnswers = false
  }
  struct Down: Error {}
  struct Refused: Error {}

  let state = Locked(State())

  func record() async throws -> WriterRecord? {
    try state.withLock { state in
      if state.isDown { throw Down() }
      return state.record
    }
  }

  func claim(overtaking epoch: UInt64, claim: Digest) async throws {
    try state.withLock { state in
      if state.isDown { throw Down() }
      guard state.record?.epoch ?? 0 == epoch else { throw Refused() }
      state.record = WriterRecord(
        customer: .zero, lease: LeaseID(number: 1), epoch: epoch + 1, gateway: .zero, claim: claim,
        endpoint: "http://here", raisedAt: .genesis, checkpoints: state.record?.checkpoints ?? [])
      if state.losesAnswers { throw Down() }
    }
  }

  func name(_ checkpoint: CheckpointName, epoch: UInt64) async throws {
    try state.withLock { state in
      if state.isDown { throw Down() }
      guard var record = state.record, record.epoch == epoch else { throw Refused() }
      record.checkpoints = Array(([checkpoint] + record.checkpoints).prefix(2))
      state.record = record
    }
  }
}
