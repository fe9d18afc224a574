import Primitives
import ServiceKit

/// Which gateway writes for a customer. The rules in one place: an epoch is only ever raised, by
/// whoever names the one that it overtakes, and what is said under a lower one has no effect.
extension ServiceContext {
  mutating func claimWriter(_ payload: ClaimWriter, from sender: AccountID) throws(Rejection) {
    let lease = try openLease(payload.lease, of: sender)
    let key = StorageKeys.writer(of: sender)
    let before = try load(key, as: WriterRecord.self)
    let epoch = before?.epoch ?? 0
    guard payload.overtakes == epoch, epoch < .max else {
      throw Rejection(
        .writerFenced, "the fencing epoch is \(epoch), not \(payload.overtakes); look again")
    }
    save(
      WriterRecord(
        customer: sender, lease: lease.id, epoch: epoch + 1, gateway: payload.gateway,
        claim: payload.claim, endpoint: payload.endpoint, raisedAt: time,
        checkpoints: before?.lease == lease.id ? before?.checkpoints ?? [] : []),
      at: key)
    noteCustomer(of: lease.id)
    tell(
      "writer-claimed", ("customer", sender), ("lease", lease.id), ("epoch", epoch + 1),
      ("gateway", payload.gateway))
  }

  mutating func nameCheckpoint(
    _ payload: NameCheckpoint, from sender: AccountID
  ) throws(Rejection) {
    let key = StorageKeys.writer(of: sender)
    guard var record = try load(key, as: WriterRecord.self) else {
      throw Rejection(.noWriter, "no gateway writes for \(sender) yet; claim it first")
    }
    let newest = record.checkpoints.first?.coveredSequence ?? 0
    guard payload.checkpoint.coveredSequence >= newest else {
      throw Rejection(
        .checkpointBehind,
        "the checkpoint ends at record \(payload.checkpoint.coveredSequence), the newest at "
          + "\(newest)")
    }
    record.checkpoints = Array(
      ([payload.checkpoint] + record.checkpoints).prefix(WriterRecord.checkpointLimit))
    save(record, at: key)
    noteCustomer(of: record.lease)
    tell(
      "checkpoint-named", ("customer", sender),
      ("sequence", payload.checkpoint.coveredSequence), ("segment", payload.checkpoint.segment))
  }

  /// Refuses what is said under an epoch that is not the present one.
  func checkWriter(_ sender: AccountID, epoch: UInt64) throws(Rejection) {
    let present = try load(StorageKeys.writer(of: sender), as: WriterRecord.self)?.epoch ?? 0
    guard epoch == present else {
      throw Rejection(
        .writerFenced,
        "the sender writes under fencing epoch \(epoch), the present one is \(present)")
    }
  }
}
