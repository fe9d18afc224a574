import Primitives

/// An account: its balance and how far each of its lanes has come.
package struct AccountRecord: Hashable, Sendable, CanonicalCodable {
  /// A lane that was used at least once.
  package struct Lane: Hashable, Sendable, CanonicalCodable {
    package let number: UInt8
    /// The sequence that the lane's next transaction must have.
    package let nextSequence: UInt64
    package init(number: UInt8, nextSequence: UInt64) {
      self.number = number
      self.nextSequence = nextSequence
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(number)
      encoder.encode(nextSequence)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      number = try decoder.decodeUInt8()
      nextSequence = try decoder.decodeUInt64()
    }
  }

  /// What the account can spend.
  package var balance: Amount
  /// Ascending by number; a lane that is absent is at sequence 0.
  package private(set) var lanes: [Lane]

  package init(balance: Amount = .zero, lanes: [Lane] = []) {
    self.balance = balance
    self.lanes = lanes
  }

  /// The sequence that the next transaction in `lane` must have.
  package func nextSequence(lane: UInt8) -> UInt64 {
    for known in lanes where known.number == lane { return known.nextSequence }
    return 0
  }

  /// Moves a lane on by one.
  package mutating func useSequence(lane: UInt8) {
    let next = nextSequence(lane: lane).addingSaturated(1)
    let moved = Lane(number: lane, nextSequence: next)
    if let index = lanes.firstIndex(where: { $0.number >= lane }) {
      if lanes[index].number == lane {
        lanes[index] = moved
      } else {
        lanes.insert(moved, at: index)
      }
    } else {
      lanes.append(moved)
    }
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(balance)
    encoder.encode(lanes)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    balance = try decoder.decode()
    lanes = try decoder.decodeArray(limit: Int(Transaction.laneCount))
  }
}
