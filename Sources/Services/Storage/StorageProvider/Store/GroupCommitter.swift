import Foundation
import GRDB

/// Writes that come at the same time share one SQLite transaction, and so one fsync.
///
/// Whoever finds nobody writing becomes the leader and commits everything that has queued up; the
/// others wait for it. A change that fails is undone alone (a savepoint); a commit that fails,
/// fails all of them.
final class GroupCommitter: @unchecked Sendable {
  private final class Entry: @unchecked Sendable {
    let change: @Sendable (Database) throws -> Void
    var outcome: Result<Void, any Error>?
    init(_ change: @escaping @Sendable (Database) throws -> Void) { self.change = change }
  }

  private let database: any DatabaseWriter
  // Guards `waiting`, `isWriting` and each entry's outcome.
  private let condition = NSCondition()
  private var waiting: [Entry] = []
  private var isWriting = false

  init(_ database: any DatabaseWriter) { self.database = database }

  /// Returns when the change is durable. Blocks the calling thread.
  /// - Throws: what the change or the commit threw.
  func commit(_ change: @escaping @Sendable (Database) throws -> Void) throws {
    let entry = Entry(change)
    condition.lock()
    waiting.append(entry)
    while entry.outcome == nil && isWriting { condition.wait() }
    if entry.outcome == nil { lead() }
    let outcome = entry.outcome
    condition.unlock()
    try outcome?.get()
  }

  /// Commits everything that waits. Called and left with the lock held.
  private func lead() {
    isWriting = true
    let batch = waiting
    waiting = []
    condition.unlock()
    let outcomes = write(batch)
    condition.lock()
    for (entry, outcome) in zip(batch, outcomes) { entry.outcome = outcome }
    isWriting = false
    condition.broadcast()
  }

  private func write(_ batch: [Entry]) -> [Result<Void, any Error>] {
    do {
      if batch.count == 1 {
        // The transaction itself undoes it.
        try database.write { try batch[0].change($0) }
        return [.success(())]
      }
      return try database.write { database in
        batch.map { entry in
          Result {
            try database.inSavepoint {
              try entry.change(database)
              return .commit
            }
          }
        }
      }
    } catch {
      return batch.map { _ in .failure(error) }
    }
  }
}
