import Cryptography
import Locks
import Primitives
import StorageService

/// Manifests that arrive in parts. Only whole ones, whose hash is right, go to the index; the parts
/// of the others share a bounded memory.
package final class ManifestInbox: Sendable {
  /// The most bytes of unfinished manifests.
  static let byteLimit = 48 << 20
  /// The most unfinished manifests: anybody may begin one, and an empty part costs no bytes.
  static let draftLimit = 256

  private struct Draft {
    var bytes: [UInt8]
    let total: Int
    var touched: UInt64
  }

  private struct State {
    var drafts: [Digest: Draft] = [:]
    var counter: UInt64 = 0
  }

  private let state = Locked(State())

  package init() {}

  /// Adds a part. Returns how many bytes are here, and the whole manifest with the last part.
  /// - Throws: ``StorageRefusal``.
  func add(
    _ part: ManifestPart, _ tail: [UInt8]
  ) throws(StorageRefusal) -> (received: Int, whole: [UInt8]?) {
    let outcome: Result<(Int, [UInt8]?), StorageRefusal> = state.withLock { state in
      state.counter += 1
      var draft =
        state.drafts[part.key] ?? Draft(bytes: [], total: Int(part.totalBytes), touched: 0)
      draft.touched = state.counter
      guard draft.total == Int(part.totalBytes), tail.count <= ManifestPart.partByteLimit,
        Int(part.offset) + tail.count <= draft.total
      else { return .failure(StorageRefusal(.malformed, "a manifest part that does not fit")) }
      // Parts come in order; one that is here already, or too early, changes nothing.
      if Int(part.offset) == draft.bytes.count { draft.bytes += tail }
      if draft.bytes.count == draft.total {
        state.drafts[part.key] = nil
        return .success((draft.total, draft.bytes))
      }
      state.drafts[part.key] = draft
      Self.evict(&state)
      return .success((draft.bytes.count, nil))
    }
    return try outcome.get()
  }

  private static func evict(_ state: inout State) {
    while state.drafts.count > draftLimit
      || state.drafts.values.reduce(0, { $0 + $1.bytes.count }) > byteLimit,
      let oldest = state.drafts.min(by: { $0.value.touched < $1.value.touched })
    {
      state.drafts[oldest.key] = nil
    }
  }
}
