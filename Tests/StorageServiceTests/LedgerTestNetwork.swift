import Cryptography
import ErasureCoding
import Primitives
import ServiceKit
import TestSupport

@testable import StorageService

/// Providers, one customer and blocks: the module under test with everything around it played.
struct LedgerTestNetwork {
  static let lease = LeaseID(number: 1)
  static let prices = PriceVector([
    .init(.storedByteMilliseconds, creditsPerUnit: .whole(1)),
    .init(.stagedByteMilliseconds, creditsPerUnit: .whole(1)),
    .init(.repairBytes, creditsPerUnit: .whole(1)),
  ])!

  let module = StorageModule()
  let customer = SigningKey(seed: Digest.sha256(domain: "test-customer", []).value)
  var context = LedgerMemoryContext()
  var providers: [LedgerTestProvider] = []
  var random: SeededGenerator
  var rejections: [Rejection] = []
  /// Everything that was applied, for tests that send it to a real ledger.
  var sent: [(sender: AccountID, payload: StoragePayload)] = []
  private var nextSegment: UInt64 = 1

  init(providers count: Int, seed: UInt64 = 1, epochMilliseconds: UInt128 = 30_000) {
    random = SeededGenerator(seed: seed)
    for declaration in module.parameters {
      context.values[declaration.name] = declaration.devnet(epochMilliseconds)
    }
    // One epoch, as most of these tests were written for; a devnet's is longer.
    context.values[StorageParameter.lockUp.rawValue] = epochMilliseconds
    context.leases[Self.lease] = LeaseView(
      id: Self.lease, customer: customer.accountID, service: module.id, provider: nil,
      prices: Self.prices, isOpen: true)
    context.escrow[Self.lease] = [
      .stream: .whole(1_000), .staging: .whole(1_000), .repair: .whole(1_000),
    ]
    for _ in 0..<count { addProvider() }
    block()
  }

  /// Registers a provider; its availability is part of the next block.
  mutating func addProvider(
    location: NetworkLocation = NetworkLocation(prefix: [127, 0, 0], autonomousSystem: 0),
    capacity: UInt64 = 1 << 40
  ) {
    let provider = LedgerTestProvider(number: providers.count)
    providers.append(provider)
    context.providers[provider.id] = LedgerMemoryContext.Provider(
      view: ProviderView(
        id: provider.id, endpoint: "127.0.0.1:1", location: location, bond: .whole(100),
        standing: .active),
      offer: OfferView(provider: provider.id, prices: Self.prices, capacity: capacity))
    apply(
      .setAvailability(SetAvailability(isAvailable: true, capacityBytes: capacity)),
      from: provider.id)
  }

  func provider(_ id: ProviderID) -> LedgerTestProvider { providers.first { $0.id == id }! }
  func record(_ id: ProviderID) -> StorageProviderRecord {
    context.record(StorageKeys.provider(id))!
  }

  /// Executes a payload as a transaction: undone when it throws.
  @discardableResult
  mutating func apply(_ payload: StoragePayload, from sender: AccountID) -> Rejection? {
    let before = context
    sent.append((sender, payload))
    do throws(Rejection) {
      try module.apply(payload.canonicalBytes(), from: sender, in: &context)
      return nil
    } catch {
      context = before
      rejections.append(error)
      return error
    }
  }

  /// Makes a block: beacon, draws asked for before, deadlines; transactions follow by ``apply``.
  mutating func block(after milliseconds: UInt64 = 1_000, hasBeacon: Bool = true) {
    context.height += 1
    context.time = context.time.advanced(milliseconds: min(5_000, milliseconds))
    if hasBeacon {
      context.beacon = Digest.sha256(domain: "test-beacon", random.bytes(32))
      let due = context.draws.filter { $0.height < context.height }
      context.draws.removeAll { $0.height < context.height }
      for draw in due { run { (module, context) in try module.drawn(draw.token, in: &context) } }
    }
    let now = (context.time, context.height)
    let due = context.wakes.enumerated()
      .filter { $0.element.time <= now.0 && $0.element.height <= now.1 }
      .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
    context.wakes = context.wakes.filter { !($0.time <= now.0 && $0.height <= now.1) }
    for wake in due {
      run { (module, context) in try module.wake(wake.element.token, in: &context) }
    }
  }

  private mutating func run(
    _ body: (StorageModule, inout LedgerMemoryContext) throws -> Void
  ) {
    do { try body(module, &context) } catch { fatalError("a deadline or a draw threw: \(error)") }
  }

  /// Makes a block in which every living provider answers what it is asked.
  mutating func liveBlock(after milliseconds: UInt64 = 1_000, hasBeacon: Bool = true) {
    block(after: milliseconds, hasBeacon: hasBeacon)
    for provider in providers where provider.isAlive { answer(provider) }
  }

  mutating func liveBlocks(_ count: Int) { for _ in 0..<count { liveBlock() } }

  /// What the provider is asked now, if anything.
  func challenge(_ id: ProviderID) -> (RoundRecord, ChallengeRecord, WalkChallenge)? {
    guard let record: StorageProviderRecord = context.record(StorageKeys.provider(id)),
      record.openRound > 0,
      let round: RoundRecord = context.record(
        StorageKeys.round(RoundID(number: record.openRound))),
      let challenge: ChallengeRecord = context.record(StorageKeys.challenge(round.id, id))
    else { return nil }
    return (round, challenge, WalkChallenge(challenge, round: round, steps: 256))
  }

  mutating func answer(_ provider: LedgerTestProvider) {
    repair(provider)
    if provider.answersDemands { openDemanded(provider) }
    guard let (round, challenge, demand) = challenge(provider.id) else { return }
    let rows: [ObligationRecord] = context.records(StorageKeys.obligations(of: provider.id))
    if round.phase == .walking, challenge.state == .walking {
      guard
        let walk = try? PossessionWalk(
          challenge: demand, obligations: rows, frozenHeight: challenge.frozenHeight,
          source: provider)
      else { return }
      provider.walk = walk
      apply(
        .postTranscript(
          PostTranscript(
            round: round.id, attempt: round.attempt, transcriptRoot: walk.transcriptRoot)),
        from: provider.id)
    } else if round.phase == .opening, challenge.state == .opening, let walk = provider.walk {
      let named = demand.namedSteps(
        beacon: round.openingBeacon, transcriptRoot: challenge.transcriptRoot, count: 8)
      guard let openings = try? walk.openings(of: named, source: provider) else { return }
      apply(
        .openSteps(OpenSteps(round: round.id, attempt: round.attempt, openings: openings)),
        from: provider.id)
    }
  }

  /// Opens what somebody demanded, over the walk made again.
  mutating func openDemanded(_ provider: LedgerTestProvider) {
    let waiting: [DemandRecord] = context.records(StorageKeys.demands(of: provider.id))
    for demand in waiting { open(demand, by: provider) }
  }

  private mutating func open(_ demand: DemandRecord, by provider: LedgerTestProvider) {
    guard
      let challenge: ChallengeRecord = context.record(
        StorageKeys.challenge(demand.round, provider.id)),
      let walk = try? PossessionWalk(
        challenge: WalkChallenge(posted: challenge, steps: 256),
        obligations: context.records(StorageKeys.obligations(of: provider.id)),
        frozenHeight: challenge.frozenHeight, source: provider),
      let openings = try? walk.openings(of: demand.steps, source: provider)
    else { return }
    apply(
      .openSteps(
        OpenSteps(round: demand.round, attempt: challenge.attempt, openings: openings)),
      from: provider.id)
  }

  /// Rebuilds what the provider is assigned, if k columns are held by the living.
  private mutating func repair(_ provider: LedgerTestProvider) {
    let range = StorageKeys.assignments(of: provider.id)
    for row in context.rows(from: range.from, to: range.to, limit: .max) {
      let number = row.key.bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let slot = row.value[0]
      guard let bundle: BundleRecord = context.record(StorageKeys.bundle(BundleID(number: number)))
      else { continue }
      let helpers = bundle.slots.indices.filter { index in
        bundle.slots[index].provider.map { self.provider($0).isAlive } ?? false
      }
      let k = Int(bundle.codeClass.dataShards)
      guard helpers.count >= k, let column = stored[bundle.id]?[Int(slot)] else { continue }
      let signature = bundle.repairStatement(slot: Int(slot), chain: context.chain)
        .signed(by: provider.key)
      provider.columns[bundle.id] = column
      apply(
        .completeRepair(
          CompleteRepair(
            bundle: bundle.id, slot: slot, helpers: helpers.prefix(k).map { UInt8($0) },
            countersignature: signature)),
        from: provider.id)
    }
  }

  /// Every column ever committed, for repairs.
  var stored: [BundleID: [LedgerTestColumn]] = [:]
}

extension LedgerTestNetwork {
  /// Opens a group and has it drawn.
  mutating func group(_ codeClass: CodeClass, exclude: [ProviderID] = []) -> PlacementGroupRecord {
    apply(
      .openGroup(OpenGroup(lease: Self.lease, codeClass: codeClass, exclude: exclude)),
      from: customer.accountID)
    let id = UInt64(context.events.last!.attributes[0].value)!
    block()
    return context.record(StorageKeys.group(PlacementGroupID(number: id)))!
  }

  /// A commitment over coded shards, or over random ones, which are no codeword; the slots named in
  /// `unsigned` do not sign.
  mutating func draft(
    _ group: PlacementGroupRecord, shardBytes: [Int], end: LedgerTime? = nil,
    unsigned: Set<Int> = [], stagedByteMilliseconds: UInt64 = 0, isCoded: Bool = true
  ) -> (CommitBundle, [LedgerTestColumn]) {
    let n = Int(group.codeClass.totalShards)
    let k = Int(group.codeClass.dataShards)
    var shards: [[[UInt8]]] = Array(repeating: [], count: n)
    var entries: [SegmentEntry] = []
    for bytes in shardBytes {
      var roots: [Digest] = []
      let coded = try! ReedSolomon(dataShards: k, totalShards: n).encode(random.bytes(bytes * k))
      for slot in 0..<n {
        let shard = isCoded ? coded[slot] : random.bytes(bytes)
        var tree = ShardTree(leafBytes: Int(group.codeClass.leafBytes))
        tree.append(shard)
        roots.append(tree.root)
        shards[slot].append(shard)
      }
      entries.append(
        SegmentEntry(
          segment: SegmentID(lease: Self.lease, number: takeSegment()),
          stripePayloadLengths: [UInt32(bytes * k)], shardBytes: UInt64(bytes),
          shardRoots: roots))
    }
    let manifest = BundleManifest(
      lease: Self.lease, group: group.id, codeClass: group.codeClass, segments: entries)!
    let columns = (0..<n).map {
      LedgerTestColumn(manifest: manifest, slot: $0, shards: shards[$0])
    }
    let until = end ?? context.time.advanced(milliseconds: 3_600_000)
    let draft = signed(
      manifest, group, end: until, unsigned: unsigned, staged: stagedByteMilliseconds)
    return (draft, columns)
  }

  private mutating func takeSegment() -> UInt64 {
    defer { nextSegment += 1 }
    return nextSegment
  }

  private func signed(
    _ manifest: BundleManifest, _ group: PlacementGroupRecord, end: LedgerTime,
    unsigned: Set<Int>, staged: UInt64
  ) -> CommitBundle {
    func commit(_ signatures: [Signature?]) -> CommitBundle {
      CommitBundle(
        lease: Self.lease, group: group.id, bundleKey: manifest.hash,
        segmentCount: UInt32(manifest.segments.count), end: end,
        slots: signatures.enumerated().map { slot, signature in
          SlotCommitment(
            columnRoot: manifest.columnTree(slot: slot).root,
            leafCount: manifest.columnLeafCount, byteCount: manifest.columnByteCount,
            stagedByteMilliseconds: unsigned.contains(slot) ? 0 : staged, signature: signature)
        })
    }
    let bare = commit(Array(repeating: nil, count: group.providers.count))
    return commit(
      group.providers.enumerated().map { slot, id in
        unsigned.contains(slot)
          ? nil : bare.statement(slot: slot, chain: context.chain).signed(by: provider(id).key)
      })
  }

  /// Commits a bundle and hands each holder its column. Returns its number.
  @discardableResult
  mutating func store(
    _ codeClass: CodeClass, shardBytes: [Int] = [5_000, 3_333], end: LedgerTime? = nil,
    unsigned: Set<Int> = [], isCoded: Bool = true
  ) -> BundleID {
    let group = group(codeClass)
    let (commit, columns) = draft(
      group, shardBytes: shardBytes, end: end, unsigned: unsigned, isCoded: isCoded)
    let rejection = apply(.commitBundle(commit), from: customer.accountID)
    precondition(rejection == nil, "\(rejection!)")
    let key: BundleKeyRecord = context.record(StorageKeys.bundleKey(commit.bundleKey))!
    for (slot, id) in group.providers.enumerated() where !unsigned.contains(slot) {
      provider(id).columns[key.bundle] = columns[slot]
    }
    stored[key.bundle] = columns
    return key.bundle
  }
}
