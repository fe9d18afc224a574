import Cryptography
import Primitives
import ServiceKit

/// Draws operators for columns: weighted by free capacity, at most one a provider, a network
/// prefix and an autonomous system. Loopback and unknown systems do not count as the same.
package struct Placement: Sendable {
  /// A provider that may be drawn.
  package struct Candidate: Hashable, Sendable {
    package let provider: ProviderID
    package let location: NetworkLocation
    package let freeBytes: UInt64
    package init(provider: ProviderID, location: NetworkLocation, freeBytes: UInt64) {
      self.provider = provider
      self.location = location
      self.freeBytes = freeBytes
    }

    /// Free capacity in MiB, at least one: small enough that a sum of many fits.
    var weight: UInt64 { 1 + freeBytes >> 20 }

    /// Whether this and `other` must not hold columns of one bundle.
    package func conflicts(with other: Candidate) -> Bool {
      if provider == other.provider { return true }
      let (mine, theirs) = (location, other.location)
      if !mine.isLoopback && !mine.prefix.isEmpty && mine.prefix == theirs.prefix { return true }
      return mine.autonomousSystem != 0 && mine.autonomousSystem == theirs.autonomousSystem
    }
  }

  /// How often a draw that came out short is tried again: with prefixes and systems that overlap,
  /// an unlucky order can block a set that exists.
  private static let tries = 8

  /// Who may be drawn, strictly ascending by provider.
  package let candidates: [Candidate]

  /// - Parameter candidates: who may be drawn, strictly ascending by provider.
  package init(candidates: [Candidate]) { self.candidates = candidates }

  /// Draws `count` candidates in random order; fewer only if no more could be found.
  package func draw(_ count: Int, from stream: inout BeaconStream) -> [Candidate] {
    var best: [Candidate] = []
    for _ in 0..<Self.tries where best.count < count {
      let drawn = drawOnce(count, from: &stream)
      if drawn.count > best.count { best = drawn }
    }
    return best
  }

  private func drawOnce(_ count: Int, from stream: inout BeaconStream) -> [Candidate] {
    var left = candidates
    var drawn: [Candidate] = []
    while drawn.count < count && !left.isEmpty {
      let chosen = left[Self.pick(from: left, &stream)]
      drawn.append(chosen)
      left.removeAll { $0.conflicts(with: chosen) }
    }
    return drawn
  }

  private static func pick(from left: [Candidate], _ stream: inout BeaconStream) -> Int {
    let total = left.reduce(UInt64(0)) { $0.addingSaturated($1.weight) }
    var point = stream.next(below: total)
    for (index, candidate) in left.enumerated() {
      if point < candidate.weight { return index }
      point -= candidate.weight
    }
    return left.count - 1
  }
}

extension ServiceContext {
  /// Who may be given `bytes` of work for a lease, ascending by provider: active, available, with a
  /// standing offer within the lease's prices and room.
  func eligibleProviders(
    for lease: LeaseView, room bytes: UInt64
  ) throws(Rejection) -> [Placement.Candidate] {
    var candidates: [Placement.Candidate] = []
    for offer in offers() where offer.prices.isWithin(lease.prices) {
      guard let view = provider(offer.provider), view.standing == .active else { continue }
      let record = try storageProvider(offer.provider)
      let room = min(offer.capacity, record.capacityBytes)
        .subtractingSaturated(record.committedBytes)
      guard record.takesWork, room >= max(1, bytes) else { continue }
      candidates.append(
        Placement.Candidate(
          provider: offer.provider, location: view.location, freeBytes: room))
    }
    return candidates
  }
}
