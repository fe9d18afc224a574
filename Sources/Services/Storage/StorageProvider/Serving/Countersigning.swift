import Cryptography
import Ledger
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Manifests, and the signature that obliges this provider.
extension StorageLinkHandler {
  /// Takes a part of a manifest; keeps the whole once its hash is right and it is for a group that
  /// this provider is in.
  func receiveManifest(_ part: ManifestPart, _ tail: ByteBuffer) async throws -> StorageResponse {
    if let held = try await onDisk({ [store] in try store.index.manifest(part.key) }) {
      return .manifestReceived(bytes: UInt32(clamping: held.total))
    }
    let added = try manifests.add(part, Array(tail.readableBytesView))
    if let whole = added.whole { try await keepManifest(part.key, whole) }
    return .manifestReceived(bytes: UInt32(clamping: added.received))
  }

  private func keepManifest(_ key: Digest, _ bytes: [UInt8]) async throws {
    let manifest = try BundleManifest(canonicalBytes: bytes)
    guard manifest.hash == key else {
      throw StorageRefusal(.malformed, "the manifest does not have the hash that it came under")
    }
    guard let group = try await ledger.group(manifest.group), group.lease == manifest.lease,
      group.codeClass == manifest.codeClass, group.providers.contains(provider)
    else {
      throw StorageRefusal(.notThisSlot, "the manifest is for a group without this provider")
    }
    let time = await ledger.time
    try await onDisk { [store] in
      try store.index.saveManifest(
        key, of: manifest.lease, bytes: bytes, total: bytes.count, at: time)
      try store.index.dropUnsignedManifests(
        UnsignedManifests.surplus(try store.index.unsignedManifests()))
    }
  }

  /// A part of a manifest, for repairers and auditors: it has hashes only.
  func sendManifest(
    _ key: Digest, _ offset: UInt32
  ) async throws -> (response: StorageResponse, tail: ByteBuffer) {
    guard let held = try await onDisk({ [store] in try store.index.manifest(key) }),
      Int(offset) <= held.bytes.count
    else { throw StorageRefusal(.unknownManifest, "there is no manifest \(key) here") }
    try limits.admit(outbound: ManifestPart.partByteLimit)
    let part = ManifestPart(key: key, totalBytes: UInt32(held.bytes.count), offset: offset)
    return (
      .manifest(part),
      ByteBuffer(bytes: held.bytes[Int(offset)...].prefix(ManifestPart.partByteLimit))
    )
  }

  /// Compares a statement with what this provider hashed itself, byte by byte as it came, and signs
  /// it; refuses everything that it does not hold.
  func countersign(
    _ draft: SlotStatement, lease: LeaseID, key: SigningKey
  ) async throws -> StorageResponse {
    let manifest = try await checked(draft, lease: lease)
    let stale = try await staleBundles(manifest, draft)
    let time = await ledger.time
    let signed = try await onDisk { [store] in
      let previous = try store.index.statement(draft.bundleKey)
      let measured = try store.prepareColumn(manifest, slot: Int(draft.slot), time: time)
      let staged = previous?.stagedByteMilliseconds ?? measured
      // The customer grants at least half of what was measured, or the provider does not sign.
      guard draft.stagedByteMilliseconds >= staged / 2 else {
        throw StorageRefusal(
          .disagreement, "staging came to \(staged) byte milliseconds here", number: staged)
      }
      let statement = draft.granting(min(staged, draft.stagedByteMilliseconds))
      try store.seal(manifest, statement: statement, stale: stale, time: time)
      return (statement.stagedByteMilliseconds, statement.signed(by: key))
    }
    return .countersigned(stagedByteMilliseconds: signed.0, signature: signed.1)
  }

  private func checked(
    _ draft: SlotStatement, lease: LeaseID
  ) async throws -> BundleManifest {
    try await check(chain: draft.chain)
    let group = try await group(draft.group, lease: draft.lease, slot: draft.slot)
    guard let held = try await onDisk({ [store] in try store.index.manifest(draft.bundleKey) })
    else { throw StorageRefusal(.unknownManifest, "send manifest \(draft.bundleKey) first") }
    let manifest = try BundleManifest(canonicalBytes: held.bytes)
    guard draft.lease == lease, manifest.lease == lease, manifest.group == draft.group,
      manifest.codeClass == group.codeClass, await ledger.time < draft.end
    else { throw StorageRefusal(.disagreement, "statement, manifest and ledger do not agree") }
    let column = manifest.columnTree(slot: Int(draft.slot))
    guard column.root == draft.columnRoot, column.total == draft.leafCount,
      manifest.columnByteCount == draft.byteCount
    else {
      throw StorageRefusal(.disagreement, "the column is not the manifest's slot \(draft.slot)")
    }
    return manifest
  }

  /// Other bundles that shards of this one were sealed in and that never came to the ledger.
  private func staleBundles(
    _ manifest: BundleManifest, _ draft: SlotStatement
  ) async throws -> [Digest] {
    var others: Set<Digest> = []
    for segment in manifest.segments {
      let key = ShardKey(segment: segment.segment, slot: draft.slot)
      if let other = store.row(key)?.bundleKey, other != draft.bundleKey { others.insert(other) }
    }
    for other in others.sorted() where try await ledger.isCommitted(other) {
      throw StorageRefusal(.sealed, "a shard is already in the committed bundle \(other)")
    }
    return others.sorted()
  }
}

extension SlotStatement {
  /// The same statement with this provider's figure for staging.
  fileprivate func granting(_ stagedByteMilliseconds: UInt64) -> SlotStatement {
    SlotStatement(
      chain: chain, lease: lease, group: group, bundleKey: bundleKey, slot: slot,
      columnRoot: columnRoot, leafCount: leafCount, byteCount: byteCount,
      stagedByteMilliseconds: stagedByteMilliseconds, end: end)
  }
}
