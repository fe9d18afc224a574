import Cryptography
import Locks
import Primitives

/// Where the items of the newest blocks are, in memory until a store's index has them.
final class RecentItems: Sendable {
  private struct State {
    var places: [Digest: ItemLocation] = [:]
    var blocks: [(height: UInt64, hashes: [Digest])] = []
  }

  private let state = Locked(State())

  /// Notes a block's items. Of equal items the first one counts.
  func add(_ hashes: [Digest], height: UInt64) {
    state.withLock { state in
      state.blocks.append((height, hashes))
      for (index, hash) in hashes.enumerated() where state.places[hash] == nil {
        state.places[hash] = ItemLocation(height: height, index: index)
      }
    }
  }

  func location(of hash: Digest) -> ItemLocation? { state.withLock { $0.places[hash] } }

  /// The places of all items up to a height, ascending by hash.
  func places(upTo height: UInt64) -> [(hash: Digest, place: ItemLocation)] {
    let places = state.withLock { $0.places }
    return places.filter { $0.value.height <= height }.sorted { $0.key < $1.key }
      .map { ($0.key, $0.value) }
  }

  /// Forgets blocks up to a height: the index has them.
  func forget(upTo height: UInt64) {
    state.withLock { state in
      for block in state.blocks where block.height <= height {
        for hash in block.hashes where state.places[hash].map({ $0.height <= height }) == true {
          state.places[hash] = nil
        }
      }
      state.blocks.removeAll { $0.height <= height }
    }
  }
}
