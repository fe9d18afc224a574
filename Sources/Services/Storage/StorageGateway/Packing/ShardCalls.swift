import Cryptography
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// The requests that a gateway signs and sends to providers, one function each.
struct ShardCalls: Sendable {
  let network: any StorageNetwork
  let transport: any ShardTransport
  let signer: SigningKey
  /// Under which epoch this gateway orders anything; 0 for none.
  let fencingEpoch: UInt64
  let limits: SegmentLimits

  /// How long a signed order stays valid, in milliseconds of the ledger's clock.
  private static let orderMilliseconds: UInt64 = 120_000

  /// Reads a range of a shard and checks it against the shard's root.
  /// - Throws: ``StorageRefusal``, a link error, or ``EngineError/corrupt(reason:)`` when the
  ///   answer does not lead to the root.
  func read(_ range: Range<UInt64>, of shard: ShardReference) async throws -> ByteBuffer {
    let expiry = try await network.ledgerTime().advanced(milliseconds: Self.orderMilliseconds)
    let order = ReadOrder(
      chain: network.chain, lease: network.lease, provider: shard.provider,
      reader: signer.accountID, authority: .payer, segment: shard.segment, slot: shard.slot,
      shardBytes: shard.shardBytes, offset: range.lowerBound,
      length: UInt32(range.upperBound - range.lowerBound), expiry: expiry)
    let answer = try await call(.read(Signed(order, by: signer)), to: shard.provider)
    guard case .range(let proof) = answer.response else {
      throw EngineError.corrupt(reason: "provider \(shard.provider) answered something else")
    }
    let found = answer.tail.withUnsafeReadableBytes { tail in
      proof.open(
        tail, range: range, root: shard.root, shardBytes: shard.shardBytes,
        leafBytes: shard.leafBytes)
    }
    guard let found,
      let bytes = answer.tail.getSlice(
        at: answer.tail.readerIndex + found.lowerBound, length: found.count)
    else {
      throw EngineError.corrupt(
        reason: "provider \(shard.provider) sent bytes that do not belong to segment "
          + "\(shard.segment)'s shard \(shard.slot)")
    }
    return bytes
  }

  /// Sends a manifest in parts and asks for the countersignature of one slot's statement.
  func countersign(
    _ manifest: [UInt8], key: Digest, statement: SlotStatement, provider: ProviderID
  ) async throws -> (stagedByteMilliseconds: UInt64, signature: Signature) {
    var offset = 0
    while offset < manifest.count {
      let end = min(offset + ManifestPart.partByteLimit, manifest.count)
      let part = ManifestPart(
        key: key, totalBytes: UInt32(manifest.count), offset: UInt32(offset))
      _ = try await call(
        .putManifest(part), tail: ByteBuffer(bytes: manifest[offset..<end]), to: provider)
      offset = end
    }
    let answer = try await control(
      .countersign(statement: statement), to: provider)
    guard case .countersigned(let staged, let signature) = answer.response else {
      throw EngineError.corrupt(reason: "provider \(provider) did not countersign")
    }
    let signed = statement.with(stagedByteMilliseconds: staged)
    guard staged <= statement.stagedByteMilliseconds, signed.isSigned(by: provider, signature)
    else {
      throw EngineError.corrupt(reason: "provider \(provider) signed something else")
    }
    return (staged, signature)
  }

  /// The staged shards of this lease that a provider holds.
  func stagedShards(at provider: ProviderID) async throws -> [StagedShard] {
    try await listed(at: provider) { .listStaged(after: $0) }
  }

  /// All shards of this lease that a provider holds, in bundles or not.
  func heldShards(at provider: ProviderID) async throws -> [StagedShard] {
    try await listed(at: provider) { .listHeld(after: $0) }
  }

  private func listed(
    at provider: ProviderID, _ action: (_ after: UInt64) -> ControlOrder.Action
  ) async throws -> [StagedShard] {
    var shards: [StagedShard] = []
    var after: UInt64 = 0
    while true {
      let answer = try await control(action(after), to: provider)
      guard case .staged(let more, let isComplete) = answer.response else {
        throw EngineError.corrupt(reason: "provider \(provider) did not list its shards")
      }
      shards += more
      guard !isComplete, let last = more.last else { return shards }
      after = last.segment
    }
  }

  /// Has a provider refuse all orders of a lower fencing epoch, durably.
  func raiseFence(epoch: UInt64, at provider: ProviderID) async throws {
    _ = try await control(.raiseFence(epoch: epoch), to: provider)
  }

  /// A part of a bundle's manifest, and how many bytes the whole has.
  func manifestPart(
    _ key: Digest, offset: Int, at provider: ProviderID
  ) async throws -> (bytes: [UInt8], total: Int) {
    let answer = try await call(.getManifest(key: key, offset: UInt32(offset)), to: provider)
    guard case .manifest(let part) = answer.response, part.key == key, part.offset == offset else {
      throw EngineError.corrupt(reason: "provider \(provider) did not send its manifest")
    }
    return (Array(answer.tail.readableBytesView), Int(part.totalBytes))
  }

  /// Tells a provider that a staged shard is not needed.
  func dropStaged(segment: UInt64, slot: UInt8, at provider: ProviderID) async throws {
    _ = try await control(.dropStaged(segment: segment, slot: slot), to: provider)
  }

  /// Hands a provider its newest voucher.
  func voucher(_ bytes: [UInt8], to provider: ProviderID) async throws {
    _ = try await call(.voucher(bytes), to: provider)
  }

  private func control(
    _ action: ControlOrder.Action, to provider: ProviderID
  ) async throws -> ShardAnswer {
    let expiry = try await network.ledgerTime().advanced(milliseconds: Self.orderMilliseconds)
    let order = ControlOrder(
      chain: network.chain, lease: network.lease, provider: provider,
      fencingEpoch: fencingEpoch, action: action, expiry: expiry)
    return try await call(.control(Signed(order, by: signer)), to: provider)
  }

  private func call(
    _ request: StorageRequest, tail: ByteBuffer = ByteBuffer(), to provider: ProviderID
  ) async throws -> ShardAnswer {
    try await transport.call(
      request, tail: tail, to: provider, timeoutSeconds: limits.readTimeoutSeconds)
  }
}

/// A shard as its reader knows it.
struct ShardReference: Hashable, Sendable {
  let provider: ProviderID
  let segment: UInt64
  let slot: UInt8
  /// The length at which the root holds.
  let shardBytes: UInt64
  let root: Digest
  let leafBytes: Int
}
