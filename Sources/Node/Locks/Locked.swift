import Synchronization

/// A value that one thread at a time reads or changes: the house's only mutex.
///
/// Taking the lock and giving it back lie in one function that is never inlined. Swift 6.3.1's
/// optimiser, when it inlines `Mutex.withLock` twice into an async function, keeps the thread's
/// number from one side of a suspension to the other, and the process ends with "Call to unlock
/// Mutex on a thread which hasn't acquired the lock".
package struct Locked<Value: ~Copyable>: ~Copyable, Sendable {
  @usableFromInline let mutex: Mutex<Value>

  /// A lock that nobody holds, around its first value.
  @inlinable package init(_ value: consuming sending Value) { mutex = Mutex(value) }

  /// Runs `body` on the value while nobody else has it. Must not be called again from within.
  /// - Throws: what `body` throws.
  @inlinable @inline(never)
  package borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try mutex.withLock(body)
  }

  /// Runs `body` on the value unless somebody has it: nil then.
  /// - Throws: what `body` throws.
  @inlinable @inline(never)
  package borrowing func withLockIfAvailable<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result? {
    try mutex.withLockIfAvailable(body)
  }
}
