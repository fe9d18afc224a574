import Cryptography
import Primitives
import ServiceKit

/// A checkpoint of a customer's index, as the ledger names it: from where on to look for the log
/// record that says where its bytes are.
package struct CheckpointName: Hashable, Sendable, CanonicalCodable {
  /// The last log record whose effect the checkpoint holds.
  package let coveredSequence: UInt64
  /// The lowest segment that may hold later log records.
  package let logStart: UInt64
  /// The segment and stripe of the checkpoint's last bytes: its record is in the log section of
  /// that stripe or of one soon behind.
  package let segment: UInt64
  package let stripe: UInt32

  package init(coveredSequence: UInt64, logStart: UInt64, segment: UInt64, stripe: UInt32) {
    self.coveredSequence = coveredSequence
    self.logStart = logStart
    self.segment = segment
    self.stripe = stripe
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(coveredSequence)
    encoder.encode(logStart)
    encoder.encode(segment)
    encoder.encode(stripe)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    coveredSequence = try decoder.decodeUInt64()
    logStart = try decoder.decodeUInt64()
    segment = try decoder.decodeUInt64()
    stripe = try decoder.decodeUInt32()
  }
}

/// Which gateway writes a customer's buckets, and where a lost one's successor begins.
///
/// There is one for each account, so each of its buckets has exactly one writing gateway. Whoever
/// writes raises the fencing epoch first; orders of a lower epoch are void from then on.
package struct WriterRecord: Hashable, Sendable, CanonicalCodable {
  /// How many checkpoints are named: the newest, and the one before it in case that cannot be read.
  package static let checkpointLimit = 2

  package let customer: AccountID
  /// The lease that holds the customer's log.
  package var lease: LeaseID
  /// From 1; raised by each gateway that begins to write.
  package var epoch: UInt64
  /// The writing gateway's node key.
  package var gateway: AccountID
  /// 32 random bytes of the gateway's, by which it knows its own claim again after a crash.
  package var claim: Digest
  /// Where it serves, for people; empty when it does not say.
  package var endpoint: String
  package var raisedAt: LedgerTime
  /// Newest first.
  package var checkpoints: [CheckpointName]

  package init(
    customer: AccountID, lease: LeaseID, epoch: UInt64, gateway: AccountID, claim: Digest,
    endpoint: String, raisedAt: LedgerTime, checkpoints: [CheckpointName] = []
  ) {
    self.customer = customer
    self.lease = lease
    self.epoch = epoch
    self.gateway = gateway
    self.claim = claim
    self.endpoint = endpoint
    self.raisedAt = raisedAt
    self.checkpoints = checkpoints
  }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(customer)
    encoder.encode(lease)
    encoder.encode(epoch)
    encoder.encode(gateway)
    encoder.encode(claim)
    encoder.encode(endpoint)
    encoder.encode(raisedAt)
    encoder.encode(checkpoints)
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    customer = try decoder.decode()
    lease = try decoder.decode()
    epoch = try decoder.decodeUInt64()
    gateway = try decoder.decode()
    claim = try decoder.decode()
    endpoint = try decoder.decodeString(limit: ClaimWriter.endpointByteLimit)
    raisedAt = try decoder.decode()
    checkpoints = try decoder.decodeArray(limit: Self.checkpointLimit)
  }
}
