import Locks

/// Which segments must not be released now, although the index may know no live byte of them.
///
/// A body's pieces become durable before the record that names them, and a copy's record names
/// bytes that its source may lose before it is applied. Whoever writes such a record holds the
/// segments until the index has it; whoever releases a segment claims it first, and from then on
/// nobody can hold it.
final class SegmentPins: Sendable {
  /// What a holder gives back.
  struct Hold: Hashable, Sendable { fileprivate let number: UInt64 }

  private struct State {
    var next: UInt64 = 1
    /// The number of the segment opened last.
    var opened: UInt64 = 0
    /// Bodies under way, and the lowest segment that each can have bytes in.
    var floors: [UInt64: UInt64] = [:]
    /// Copies under way, and the segments that they name.
    var named: [UInt64: Set<UInt64>] = [:]
    var claimed: Set<UInt64> = []
  }

  private let state = Locked(State())

  /// The number of the segment opened last; 0 before the first.
  var lastOpened: UInt64 { state.withLock { $0.opened } }

  /// A segment was opened: what comes from now on lies there or in later ones.
  func noteOpened(_ segment: UInt64) {
    state.withLock { $0.opened = max($0.opened, segment) }
  }

  /// Holds everything that is written from now on.
  func holdNew() -> Hold {
    state.withLock { state in
      let number = state.next
      state.next += 1
      state.floors[number] = state.opened
      return Hold(number: number)
    }
  }

  /// Holds some segments; nil when one of them is being released.
  func hold(_ segments: Set<UInt64>) -> Hold? {
    state.withLock { state in
      guard state.claimed.isDisjoint(with: segments) else { return nil }
      let number = state.next
      state.next += 1
      state.named[number] = segments
      return Hold(number: number)
    }
  }

  /// Ends a hold.
  func letGo(_ hold: Hold) {
    state.withLock { state in
      state.floors[hold.number] = nil
      state.named[hold.number] = nil
    }
  }

  /// Whether somebody holds one of these segments.
  func isHeld(_ segments: [UInt64]) -> Bool { state.withLock { Self.isHeld(segments, $0) } }

  private static func isHeld(_ segments: [UInt64], _ state: State) -> Bool {
    let floor = state.floors.values.min() ?? .max
    if segments.contains(where: { $0 >= floor }) { return true }
    return state.named.values.contains { !$0.isDisjoint(with: segments) }
  }

  /// Takes segments out of everybody's reach. False, and nothing is taken, when one is held.
  func claim(_ segments: [UInt64]) -> Bool {
    state.withLock { state in
      if Self.isHeld(segments, state) { return false }
      state.claimed.formUnion(segments)
      return true
    }
  }

  /// Gives claimed segments back: they are not released after all.
  func giveBack(_ segments: [UInt64]) { state.withLock { $0.claimed.subtract(segments) } }
}
