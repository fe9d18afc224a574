import Logging
import Primitives
import StorageService

/// Applies the log of many segments to an index, in order and without a gap.
struct LogReplay: Sendable {
  let log: SegmentLog
  let index: ObjectIndex
  let logger: Logger

  /// How many headers are read at once.
  private static let parallelReads = 16

  /// One stripe that has records.
  private struct Place: Sendable {
    let segment: Int
    let stripe: Int
    let header: StripeHeader
  }

  /// Applies what the index lacks of these segments' records.
  ///
  /// When a stripe was lost, its segment ended and its records' numbers were used again in a later
  /// one. So records are void whose number a later segment begins with or lies above.
  /// - Parameter segments: ascending by number, each once.
  /// - Returns: how many records were applied.
  /// - Throws: ``RecoveryError/gap(after:next:)``, or what reading throws.
  func run(
    over segments: [SegmentRecord], report: @Sendable (_ done: Int, _ total: Int) -> Void
  ) async throws -> Int {
    let headers = try await self.headers(of: segments)
    var limits: [UInt64] = Array(repeating: .max, count: segments.count)
    var limit = UInt64.max
    for position in segments.indices.reversed() {
      limits[position] = limit
      if let first = headers[position].first { limit = min(limit, first.firstLogSequence) }
    }
    let places = segments.indices.flatMap { position in
      headers[position].enumerated().filter { $0.element.logLength > 0 }
        .map { Place(segment: position, stripe: $0.offset, header: $0.element) }
    }
    var applied = try await index.appliedSequence()
    let before = applied
    for (done, place) in places.enumerated() {
      report(done, places.count)
      let records = try await log.records(
        of: segments[place.segment], stripe: place.stripe, header: place.header
      ).filter { $0.sequence > applied && $0.sequence < limits[place.segment] }
      guard let first = records.first, let last = records.last else { continue }
      guard first.sequence == applied + 1 else {
        throw RecoveryError.gap(after: applied, next: first.sequence)
      }
      _ = try await index.apply(records)
      applied = last.sequence
    }
    report(places.count, places.count)
    return Int(applied - before)
  }

  /// Each segment's headers, in order.
  private func headers(of segments: [SegmentRecord]) async throws -> [[StripeHeader]] {
    try await withThrowingTaskGroup(of: (Int, [StripeHeader]).self) { group in
      var found = [[StripeHeader]](repeating: [], count: segments.count)
      for (position, segment) in segments.enumerated() {
        if position >= Self.parallelReads, let (done, headers) = try await group.next() {
          found[done] = headers
        }
        group.addTask {
          var headers: [StripeHeader] = []
          for stripe in segment.stripeLengths.indices {
            headers.append(try await log.header(of: segment, stripe: stripe))
          }
          return (position, headers)
        }
      }
      for try await (done, headers) in group { found[done] = headers }
      return found
    }
  }
}
