import Cryptography
import Primitives
import TestSupport
import Testing

@testable import Consensus

@Suite struct MempoolTests {
  private static func account(_ number: UInt64) -> AccountID {
    AccountID(Bytes32(words: (0, 0, 0, number)))
  }

  private static func transaction(
    _ sender: UInt64, _ sequence: UInt64, lane: UInt8 = 0, size: Int = 10, expiry: UInt64 = 100,
    salt: UInt8 = 0
  ) -> WaitingTransaction {
    var bytes = [UInt8](repeating: salt, count: size)
    bytes.append(contentsOf: sender.canonicalBytes() + sequence.canonicalBytes() + [lane])
    return WaitingTransaction(
      hash: Digest.sha256(bytes), bytes: bytes,
      place: LanePlace(
        lane: LaneAddress(sender: account(sender), lane: lane), sequence: sequence,
        expiryHeight: expiry))
  }

  private func chosen(
    _ mempool: Mempool, count: Int = 100, bytes: Int = 1_000_000,
    next: @escaping (LaneAddress) -> UInt64 = { _ in 0 }
  ) -> [[UInt64]] {
    mempool.selection(countLimit: count, byteLimit: bytes, next: next).map {
      [$0.place.lane.sender.value.words.3, $0.place.sequence]
    }
  }

  @Test func lanesTakeTurnsInTheOrderOfTheirSequences() throws {
    var mempool = Mempool()
    for (sender, sequence) in [(1, 1), (1, 0), (1, 2), (2, 0), (3, 0), (2, 1)] {
      try mempool.insert(Self.transaction(UInt64(sender), UInt64(sequence)))
    }
    #expect(chosen(mempool) == [[1, 0], [2, 0], [3, 0], [1, 1], [2, 1], [1, 2]])
    #expect(chosen(mempool, count: 2) == [[1, 0], [2, 0]])
  }

  @Test func waitsForAMissingSequence() throws {
    var mempool = Mempool()
    try mempool.insert(Self.transaction(1, 1))
    try mempool.insert(Self.transaction(1, 3))
    #expect(chosen(mempool).isEmpty)
    #expect(!mempool.hasReady { _ in 0 })
    try mempool.insert(Self.transaction(1, 0))
    #expect(chosen(mempool) == [[1, 0], [1, 1]])
    #expect(mempool.hasReady { _ in 0 })
    #expect(chosen(mempool, next: { _ in 3 }) == [[1, 3]])
  }

  @Test func keepsToTheByteLimit() throws {
    var mempool = Mempool()
    try mempool.insert(Self.transaction(1, 0, size: 500))
    try mempool.insert(Self.transaction(1, 1))
    try mempool.insert(Self.transaction(2, 0))
    #expect(chosen(mempool, bytes: 200) == [[2, 0]])
  }

  @Test func knowsDuplicatesAndConflicts() throws {
    var mempool = Mempool()
    let first = Self.transaction(1, 0)
    try mempool.insert(first)
    try mempool.insert(first)
    #expect(mempool.count == 1)
    #expect(throws: MempoolRefusal.placeTaken(by: first.hash)) {
      try mempool.insert(Self.transaction(1, 0, salt: 1))
    }
    try mempool.insert(Self.transaction(1, 0, lane: 1))
    #expect(mempool.count == 2)
  }

  @Test func isBounded() throws {
    var limits = Mempool.Limits()
    limits.count = 2
    var mempool = Mempool(limits: limits)
    try mempool.insert(Self.transaction(1, 0))
    try mempool.insert(Self.transaction(2, 0))
    #expect(throws: MempoolRefusal.full(count: 2, bytes: mempool.byteCount)) {
      try mempool.insert(Self.transaction(3, 0))
    }
    limits.count = 100
    limits.perLane = 1
    mempool = Mempool(limits: limits)
    try mempool.insert(Self.transaction(1, 0))
    #expect(throws: MempoolRefusal.laneFull(limit: 1)) {
      try mempool.insert(Self.transaction(1, 1))
    }
  }

  @Test func removesWhatABlockUsedUpOrOutlived() throws {
    var mempool = Mempool()
    try mempool.insert(Self.transaction(1, 0))
    try mempool.insert(Self.transaction(1, 1))
    try mempool.insert(Self.transaction(2, 5, expiry: 7))
    let removed = mempool.removeStale(height: 7) { lane in
      lane.sender == Self.account(1) ? 1 : 0
    }
    #expect(Set(removed.map(\.place.sequence)) == [0, 5])
    #expect(mempool.count == 1)
    #expect(chosen(mempool, next: { _ in 1 }) == [[1, 1]])
    _ = mempool.removeStale(height: 100) { _ in 0 }
    #expect(mempool.count == 0)
    #expect(mempool.byteCount == 0)
  }
}
