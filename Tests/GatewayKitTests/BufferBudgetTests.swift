import Synchronization
import TestSupport
import Testing

@testable import GatewayKit

@Suite(.timeLimit(.minutes(1))) struct BufferBudgetTests {
  @Test func theStandardBudgetIs192Mebibytes() { #expect(BufferBudget().capacity == 201_326_592) }

  @Test func moreThanTheWholeIsRefusedAtOnce() async throws {
    let budget = BufferBudget(bytes: 100)
    await #expect(throws: BufferBudget.Failure.tooLarge(bytes: 101, budget: 100)) {
      try await budget.reserve(101)
    }
    await #expect(throws: BufferBudget.Failure.self) { try await budget.reserve(-1) }
    try await budget.reserve(100)
    #expect(!budget.tryReserve(1))
    await budget.release(100)
    #expect(budget.tryReserve(1))
  }

  @Test func aLargeRequestIsNotStarvedBySmallOnes() async throws {
    let budget = BufferBudget(bytes: 100)
    try await budget.reserve(60)
    let large = Task { try await budget.reserve(80) }
    try await eventually("the large one waits") { budget.waiting == 1 }
    let small = Task { try await budget.reserve(10) }
    try await eventually("the small one waits behind it") { budget.waiting == 2 }
    budget.giveBack(60)
    try await large.value
    try await small.value
    #expect(budget.available == 10)
  }

  @Test func aThrowAndACancellationGiveEverythingBack() async throws {
    struct Failed: Error {}
    let budget = BufferBudget(bytes: 10)
    await #expect(throws: Failed.self) { try await budget.withReserved(10) { throw Failed() } }
    try await budget.reserve(10)
    let waiting = Task { try await budget.withReserved(5) {} }
    try await eventually("it waits") { budget.waiting == 1 }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    await budget.release(10)
    #expect(budget.available == 10 && budget.waiting == 0)
  }
}
