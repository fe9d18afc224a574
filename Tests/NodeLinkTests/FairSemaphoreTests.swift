import TestSupport
import Testing

@testable import NodeLink

@Suite struct FairSemaphoreTests {
  private struct Closed: Error {}

  private func waitUntil(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
  }

  @Test(.timeLimit(.minutes(1))) func waitersAreServedInOrder() async throws {
    let semaphore = FairSemaphore(capacity: 3)
    try await semaphore.acquire(3)
    let order = Recorded<Int>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, units) in [3, 1, 2].enumerated() {
        group.addTask {
          try await semaphore.acquire(units)
          order.append(index)
          semaphore.release(units)
        }
        await waitUntil { semaphore.waiting == index + 1 }
      }
      // Two units would do for the second in the queue, but the first came earlier.
      semaphore.release(2)
      #expect(semaphore.waiting == 3)
      #expect(!semaphore.tryAcquire())
      semaphore.release(1)
      try await group.waitForAll()
    }
    #expect(order.values.first == 0)
    #expect(semaphore.available == 3)
  }

  @Test(.timeLimit(.minutes(1))) func aCancelledWaiterLetsTheNextPass() async throws {
    let semaphore = FairSemaphore(capacity: 2)
    try await semaphore.acquire(1)
    let large = Task { try await semaphore.acquire(2) }
    await waitUntil { semaphore.waiting == 1 }
    let small = Task { try await semaphore.acquire(1) }
    await waitUntil { semaphore.waiting == 2 }
    large.cancel()
    await #expect(throws: CancellationError.self) { try await large.value }
    try await small.value
    #expect(semaphore.available == 0)
  }

  @Test func aCancelledTaskTakesNothing() async throws {
    let semaphore = FairSemaphore(capacity: 1)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      try await semaphore.acquire()
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(semaphore.available == 1)
  }

  @Test(.timeLimit(.minutes(1))) func closingWakesEveryone() async throws {
    let semaphore = FairSemaphore(capacity: 1)
    try await semaphore.acquire()
    let waiter = Task { try await semaphore.acquire() }
    await waitUntil { semaphore.waiting == 1 }
    semaphore.close(throwing: Closed())
    await #expect(throws: Closed.self) { try await waiter.value }
    await #expect(throws: Closed.self) { try await semaphore.acquire() }
  }

  /// Units are neither lost nor made by any interleaving of waits, cancellations and releases.
  @Test(.timeLimit(.minutes(1))) func unitsAreConserved() async throws {
    let semaphore = FairSemaphore(capacity: 5)
    var generator = SeededGenerator(seed: 0x5E)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<400 {
        let units = Int.random(in: 0...5, using: &generator)
        let isCancelled = Bool.random(using: &generator)
        group.addTask {
          let task = Task {
            try await semaphore.acquire(units)
            await Task.yield()
            semaphore.release(units)
          }
          if isCancelled { task.cancel() }
          _ = await task.result
        }
      }
    }
    #expect(semaphore.available == 5)
    #expect(semaphore.waiting == 0)
  }
}
