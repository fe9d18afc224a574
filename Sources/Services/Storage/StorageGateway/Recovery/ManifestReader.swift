import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// Gets bundles' manifests from whoever holds a slot, and knows them by their hash.
struct ManifestReader: Sendable {
  let calls: ShardCalls
  let logger: Logger

  /// The bundle's segments as a catalog keeps them.
  /// - Throws: ``RecoveryError/waitsForProviders(_:)`` when no holder has the manifest.
  func segments(of bundle: BundleRecord) async throws -> [SegmentRecord] {
    for provider in bundle.slots.compactMap(\.provider) {
      do {
        let manifest = try await manifest(bundle.bundleKey, at: provider)
        return records(of: manifest, in: bundle)
      } catch {
        logger.info("provider \(provider) gave no manifest of bundle \(bundle.id): \(error)")
      }
    }
    throw RecoveryError.waitsForProviders(
      "none of the \(bundle.slots.count - bundle.vacantSlots) holders of bundle \(bundle.id) gives "
        + "its manifest")
  }

  private func manifest(_ key: Digest, at provider: ProviderID) async throws -> BundleManifest {
    var bytes: [UInt8] = []
    while true {
      let part = try await calls.manifestPart(key, offset: bytes.count, at: provider)
      bytes += part.bytes
      guard part.total <= Int(ManifestPart.manifestByteLimit) else { break }
      if bytes.count >= part.total { break }
      guard !part.bytes.isEmpty else { break }
    }
    let manifest = try BundleManifest(canonicalBytes: bytes)
    guard manifest.hash == key else {
      throw RecoveryError.inconsistent("provider \(provider) gave another manifest than \(key)")
    }
    return manifest
  }

  private func records(of manifest: BundleManifest, in bundle: BundleRecord) -> [SegmentRecord] {
    manifest.segments.map { entry in
      SegmentRecord(
        number: entry.segment.number, group: manifest.group.number, codeClass: manifest.codeClass,
        // Who holds a slot now is the ledger's to say; a reader asks it.
        slots: bundle.slots.map { $0.provider ?? .zero }, state: .bundled,
        stripeLengths: entry.stripePayloadLengths, shardRoots: entry.shardRoots,
        bundle: bundle.id.number)
    }
  }
}
