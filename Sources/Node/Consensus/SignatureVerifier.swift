import Cryptography
import Dispatch
import Foundation
import Ledger
import Locks
import Primitives
import Synchronization

/// Checks the signatures of many transactions on all cores, and remembers which it found valid.
///
/// The memory is keyed by the SHA-256 of the item's bytes and has two generations of
/// bounded size, so a transaction that was checked when it came in is not checked again in its
/// block.
package final class SignatureVerifier: Sendable {
  private struct Memory {
    var young: Set<Digest> = []
    var old: Set<Digest> = []
  }

  private let generationLimit: Int
  private let memory = Locked(Memory())

  /// A verifier that remembers between `generationLimit` and twice as many transactions.
  package init(generationLimit: Int = 100_000) { self.generationLimit = generationLimit }

  /// Whether the signature of the transaction with this hash was found valid before.
  package func knows(_ hash: Digest) -> Bool {
    memory.withLock { $0.young.contains(hash) || $0.old.contains(hash) }
  }

  /// Notes a valid signature.
  package func remember(_ hash: Digest) {
    memory.withLock { memory in
      if memory.young.count >= generationLimit {
        memory.old = memory.young
        memory.young = []
      }
      memory.young.insert(hash)
    }
  }

  /// Forgets transactions that were in a block. Nobody asks again about one whose sequence is used;
  /// one that was refused before that may come again, and is checked again.
  package func forget(_ hashes: some Sequence<Digest>) {
    memory.withLock { memory in
      for hash in hashes where memory.young.remove(hash) == nil { memory.old.remove(hash) }
    }
  }

  /// How many transactions are remembered.
  package var count: Int { memory.withLock { $0.young.count + $0.old.count } }

  /// Checks every transaction among `items` that is not known yet; returns, by item, whether its
  /// signature is valid; what is no transaction has none.
  package func verify(_ items: [[UInt8]]) -> [Bool] {
    let verdicts = Locked(Array(repeating: true, count: items.count))
    let workers = min(items.count, max(1, ProcessInfo.processInfo.activeProcessorCount))
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      while true {
        let start = next.add(Self.stride, ordering: .relaxed).oldValue
        if start >= items.count { return }
        let range = start..<min(start + Self.stride, items.count)
        let found = range.map { isValid(items[$0]) }
        verdicts.withLock { $0.replaceSubrange(range, with: found) }
      }
    }
    return verdicts.withLock { $0 }
  }

  /// How many items a core takes at once.
  private static let stride = 16

  private func isValid(_ item: [UInt8]) -> Bool {
    let hash = Digest.sha256(item)
    if knows(hash) { return true }
    guard LedgerMachine.signatureIsValid(item: item) else { return false }
    remember(hash)
    return true
  }
}
