import Cryptography
import Primitives
import ServiceKit

/// A gateway takes over the writing of all buckets of the sender: the fencing epoch grows by one.
package struct ClaimWriter: Hashable, Sendable, CanonicalCodable {
  /// Bytes of an endpoint.
  package static let endpointByteLimit = 256

  /// The customer's lease.
  package let lease: LeaseID
  /// The epoch that the claim overtakes, 0 for none: of several that claim at once one succeeds.
  package let overtakes: UInt64
  package let gateway: AccountID
  /// See ``WriterRecord/claim``.
  package let claim: Digest
  package let endpoint: String

  package init(
    lease: LeaseID, overtakes: UInt64, gateway: AccountID, claim: Digest, endpoint: String
  ) {
    self.lease = lease
    self.overtakes = overtakes
    self.gateway = gateway
    self.claim = claim
    self.endpoint = endpoint
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(lease)
    encoder.encode(overtakes)
    encoder.encode(gateway)
    encoder.encode(claim)
    encoder.encode(endpoint)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    lease = try decoder.decode()
    overtakes = try decoder.decodeUInt64()
    gateway = try decoder.decode()
    claim = try decoder.decode()
    endpoint = try decoder.decodeString(limit: Self.endpointByteLimit)
  }
}

/// The writing gateway names its newest checkpoint.
package struct NameCheckpoint: Hashable, Sendable, CanonicalCodable {
  package let checkpoint: CheckpointName
  package init(_ checkpoint: CheckpointName) { self.checkpoint = checkpoint }
  package func encode(into encoder: inout CanonicalEncoder) { encoder.encode(checkpoint) }
  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    checkpoint = try decoder.decode()
  }
}

/// What a gateway says as the writer of its epoch; void once another has overtaken it.
package struct UnderEpoch: Hashable, Sendable, CanonicalCodable {
  package let epoch: UInt64
  /// Canonical bytes of a ``StoragePayload`` that is no ``UnderEpoch`` itself.
  package let payload: [UInt8]

  package init(epoch: UInt64, _ payload: StoragePayload) {
    self.epoch = epoch
    self.payload = payload.canonicalBytes()
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(epoch)
    encoder.encode(payload)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    epoch = try decoder.decodeUInt64()
    payload = try decoder.decodeBytes(limit: 1 << 20)
  }
}
