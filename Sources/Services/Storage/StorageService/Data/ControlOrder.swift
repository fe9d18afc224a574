import Primitives
import ServiceKit

/// What a customer orders about its staged data; signed by the lease's customer.
package struct ControlOrder: SignableMessage {
  package static let signatureDomain = "storage-control"

  /// What is to be done.
  package enum Action: Hashable, Sendable {
    /// List the shards that no bundle holds yet, from the first segment number after `after`.
    case listStaged(after: UInt64)
    /// Throw a staged shard away.
    case dropStaged(segment: UInt64, slot: UInt8)
    /// Refuse all orders with a lower fencing epoch from now on.
    case raiseFence(epoch: UInt64)
    /// Countersign this slot statement, whose manifest was sent before. Its
    /// `stagedByteMilliseconds` is the most that the customer grants.
    case countersign(statement: SlotStatement)
    /// List all shards held of the lease, in bundles or not, from the first segment number after
    /// `after`: what a gateway that lost its own list asks for.
    case listHeld(after: UInt64)
  }

  package let chain: Digest
  package let lease: LeaseID
  /// Who is to obey.
  package let provider: ProviderID
  /// The writer's epoch, as in ``AppendOrder/fencingEpoch``; 0 for who has none. A provider refuses
  /// to drop or to countersign anything at the word of a gateway that was overtaken.
  package let fencingEpoch: UInt64
  package let action: Action
  /// The ledger's time after which the order is void.
  package let expiry: LedgerTime

  package init(
    chain: Digest, lease: LeaseID, provider: ProviderID, fencingEpoch: UInt64, action: Action,
    expiry: LedgerTime
  ) {
    self.chain = chain
    self.lease = lease
    self.provider = provider
    self.fencingEpoch = fencingEpoch
    self.action = action
    self.expiry = expiry
  }

  /// Stands before the epoch of an order that has one, where others have their action's number.
  private static let underEpoch: UInt8 = 26

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(lease)
    encoder.encode(provider)
    if fencingEpoch > 0 {
      encoder.encode(Self.underEpoch)
      encoder.encode(fencingEpoch)
    }
    encoder.encode(action)
    encoder.encode(expiry)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    lease = try decoder.decode()
    provider = try decoder.decode()
    let first = try decoder.decodeUInt8()
    if first == Self.underEpoch {
      fencingEpoch = try decoder.decodeUInt64()
      guard fencingEpoch > 0 else { throw .invalid("an order without an epoch names none") }
      action = try decoder.decode()
    } else {
      fencingEpoch = 0
      action = try Action(case: first, from: &decoder)
    }
    expiry = try decoder.decode()
  }
}

extension ControlOrder.Action: CanonicalCodable {
  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .listStaged(let after):
      encoder.encode(UInt8(1))
      encoder.encode(after)
    case .dropStaged(let segment, let slot):
      encoder.encode(UInt8(2))
      encoder.encode(segment)
      encoder.encode(slot)
    case .raiseFence(let epoch):
      encoder.encode(UInt8(3))
      encoder.encode(epoch)
    case .countersign(let statement):
      encoder.encode(UInt8(4))
      encoder.encode(statement)
    case .listHeld(let after):
      encoder.encode(UInt8(25))
      encoder.encode(after)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    try self.init(case: try decoder.decodeUInt8(), from: &decoder)
  }

  /// The action whose number was read already.
  fileprivate init(
    case byte: UInt8, from decoder: inout CanonicalDecoder
  ) throws(CodecError) {
    switch byte {
    case 1: self = .listStaged(after: try decoder.decodeUInt64())
    case 2:
      self = .dropStaged(segment: try decoder.decodeUInt64(), slot: try decoder.decodeUInt8())
    case 3: self = .raiseFence(epoch: try decoder.decodeUInt64())
    case 4: self = .countersign(statement: try decoder.decode())
    case 25: self = .listHeld(after: try decoder.decodeUInt64())
    default: throw .unknownCase(type: "ControlOrder.Action", byte: byte)
    }
  }
}
