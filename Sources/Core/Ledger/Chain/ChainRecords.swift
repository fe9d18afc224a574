import Primitives
import ServiceKit

/// Where the chain is: height, times, epoch and beacon.
package struct ChainClock: Hashable, Sendable, CanonicalCodable {
  /// The height of the last block; 0 after genesis.
  package var height: UInt64
  /// The wall-clock time of the last block, in milliseconds since 1970; never falls.
  package var unixMilliseconds: UInt64
  /// The ledger's own clock.
  package var time: LedgerTime
  /// The running settlement epoch, from 0.
  package var epoch: UInt64
  package var epochStartedAt: LedgerTime
  /// The epoch ends in the first block whose time is not before this.
  package var epochEndsAt: LedgerTime
  /// The last beacon.
  package var beacon: Digest
  /// What the last beacon was before this block: contributions to it were made over that.
  package var previousBeacon: Digest
  /// The height that the last beacon was made at; a block without contributions makes none.
  package var beaconHeight: UInt64
  /// A hash chain over all blocks.
  package var blockHash: Digest

  package init(
    height: UInt64, unixMilliseconds: UInt64, time: LedgerTime, epoch: UInt64,
    epochStartedAt: LedgerTime, epochEndsAt: LedgerTime, beacon: Digest,
    previousBeacon: Digest? = nil, beaconHeight: UInt64, blockHash: Digest
  ) {
    self.height = height
    self.unixMilliseconds = unixMilliseconds
    self.time = time
    self.epoch = epoch
    self.epochStartedAt = epochStartedAt
    self.epochEndsAt = epochEndsAt
    self.beacon = beacon
    self.previousBeacon = previousBeacon ?? beacon
    self.beaconHeight = beaconHeight
    self.blockHash = blockHash
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(height)
    encoder.encode(unixMilliseconds)
    encoder.encode(time)
    encoder.encode(epoch)
    encoder.encode(epochStartedAt)
    encoder.encode(epochEndsAt)
    encoder.encode(beacon)
    encoder.encode(previousBeacon)
    encoder.encode(beaconHeight)
    encoder.encode(blockHash)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    height = try decoder.decodeUInt64()
    unixMilliseconds = try decoder.decodeUInt64()
    time = try decoder.decode()
    epoch = try decoder.decodeUInt64()
    epochStartedAt = try decoder.decode()
    epochEndsAt = try decoder.decode()
    beacon = try decoder.decode()
    previousBeacon = try decoder.decode()
    beaconHeight = try decoder.decodeUInt64()
    blockHash = try decoder.decode()
  }
}

/// The chain's fixed facts that rules ask for.
package struct GenesisRecord: Hashable, Sendable, CanonicalCodable {
  package let chain: Digest
  package let policy: String
  package let allowsFaucet: Bool
  package let governors: [AccountID]

  package init(chain: Digest, policy: String, allowsFaucet: Bool, governors: [AccountID]) {
    self.chain = chain
    self.policy = policy
    self.allowsFaucet = allowsFaucet
    self.governors = governors
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chain)
    encoder.encode(policy)
    encoder.encode(allowsFaucet)
    encoder.encode(governors)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    chain = try decoder.decode()
    policy = try decoder.decodeString(limit: 64)
    allowsFaucet = try decoder.decodeBool()
    governors = try decoder.decodeArray(limit: 1024)
  }
}

/// The value of a governed parameter.
package struct ParameterRecord: Hashable, Sendable, CanonicalCodable {
  package let value: UInt128
  package init(value: UInt128) { self.value = value }
  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(value) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    value = try decoder.decodeUInt128()
  }
}

/// Something to do when the ledger's clock gets there.
package enum DeadlineRecord: Hashable, Sendable, CanonicalCodable {
  /// A service's wake.
  case wake(service: ServiceID, notBefore: UInt64, token: [UInt8])
  /// A closing lease is refunded.
  case finishLease(LeaseID)
  /// Stake that left a validator is paid out.
  case finishUnbonding(UnbondingID)
  /// Stake that was moved to another validator answers for the first no more.
  case finishRedelegation(UnbondingID)

  /// The longest token, in bytes.
  package static let tokenByteLimit = 4096

  /// The first height at which it may be done.
  package var notBefore: UInt64 {
    switch self {
    case .wake(_, let height, _): height
    case .finishLease, .finishUnbonding, .finishRedelegation: 0
    }
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    switch self {
    case .wake(let service, let height, let token):
      encoder.encode(UInt8(1))
      encoder.encode(service)
      encoder.encode(height)
      encoder.encode(token)
    case .finishLease(let lease):
      encoder.encode(UInt8(2))
      encoder.encode(lease)
    case .finishUnbonding(let id):
      encoder.encode(UInt8(50))
      encoder.encode(id)
    case .finishRedelegation(let id):
      encoder.encode(UInt8(51))
      encoder.encode(id)
    }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let kind = try decoder.decodeUInt8()
    switch kind {
    case 1:
      self = .wake(
        service: try decoder.decode(), notBefore: try decoder.decodeUInt64(),
        token: try decoder.decodeBytes(limit: Self.tokenByteLimit))
    case 2: self = .finishLease(try decoder.decode())
    case 50: self = .finishUnbonding(try decoder.decode())
    case 51: self = .finishRedelegation(try decoder.decode())
    default: throw .unknownCase(type: "DeadlineRecord", byte: kind)
    }
  }
}

/// A service's request for the next beacon.
package struct DrawRecord: Hashable, Sendable, CanonicalCodable {
  package let service: ServiceID
  package let token: [UInt8]
  package init(service: ServiceID, token: [UInt8]) {
    self.service = service
    self.token = token
  }
  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(service)
    encoder.encode(token)
  }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    service = try decoder.decode()
    token = try decoder.decodeBytes(limit: DeadlineRecord.tokenByteLimit)
  }
}
