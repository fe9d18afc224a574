import Cryptography
import Primitives
import ServiceKit

/// Forced retrieval: a provider's acknowledgement is enough to demand its bytes in public.
///
/// An acknowledgement counts for the lock-up's length after its group was drawn: until then
/// whatever was bundled from it is still owed, so nobody is asked for what it threw away in good
/// faith; what was staged and never bundled is answered with the customer's order to drop it.
extension ServiceContext {
  private func demandMark(_ provider: ProviderID) -> StateKey {
    StorageKeys.key(.flag) {
      $0.encode(UInt8(2))
      $0.encode(provider)
    }
  }

  mutating func forceRetrieval(
    _ payload: ForceRetrieval, from sender: AccountID
  ) throws(Rejection) {
    let word = payload.acknowledgement.message
    let codeClass = try checkAcknowledgement(payload.acknowledgement)
    let leaves = codeClass.leafCount(shardBytes: word.order.end)
    let (end, overflow) = payload.firstLeaf.addingReportingOverflow(UInt64(payload.leafCount))
    guard payload.leafCount > 0, !overflow, end <= leaves,
      UInt64(payload.leafCount) <= ForceRetrieval.byteLimit / UInt64(codeClass.leafBytes)
    else {
      throw Rejection(
        .wrongRetrievalRange,
        "the shard has \(leaves) leaves of \(codeClass.leafBytes) bytes; at most "
          + "\(ForceRetrieval.byteLimit) bytes are demanded at once")
    }
    guard value(at: demandMark(word.provider)) == nil else {
      throw Rejection(.retrievalKnown, "\(word.provider) is answering a demand already")
    }
    let id = RetrievalID(number: try nextSerial(of: .retrieval))
    setValue([], at: demandMark(word.provider))
    save(
      RetrievalRecord(
        id: id, requester: sender, provider: word.provider, demand: payload, askedAt: time),
      at: StorageKeys.retrieval(id))
    wake(
      .retrievalDue(id, extended: false),
      at: time.advanced(milliseconds: storage(.retrievalTime)),
      notBefore: height.addingSaturated(storage(.responseHeights)))
    tell(
      "retrieval-forced", ("retrieval", id), ("provider", word.provider.hex),
      ("first-leaf", payload.firstLeaf), ("leaves", payload.leafCount))
  }

  /// The class of the shard that an acknowledgement is about.
  private func checkAcknowledgement(
    _ signed: Signed<Acknowledgement>
  ) throws(Rejection) -> CodeClass {
    let order = signed.message.order
    let key = StorageKeys.group(order.group)
    guard order.chain == chain, let group = try load(key, as: PlacementGroupRecord.self),
      group.state == .drawn, group.lease == order.lease,
      group.providers.indices.contains(Int(order.slot)),
      group.providers[Int(order.slot)] == signed.message.provider
    else {
      throw Rejection(.wrongAcknowledgement, "no group of this chain has that provider there")
    }
    guard time.milliseconds(since: group.drawnAt) < storage(.lockUp) else {
      throw Rejection(
        .wrongAcknowledgement, "the acknowledgement's group is older than the lock-up")
    }
    guard signed.isSigned(by: signed.message.provider) else {
      throw Rejection(.wrongAcknowledgement, "the signature is not the provider's")
    }
    return group.codeClass
  }

  mutating func answerRetrieval(
    _ payload: AnswerRetrieval, from sender: AccountID
  ) throws(Rejection) {
    let key = StorageKeys.retrieval(payload.retrieval)
    guard let record = try load(key, as: RetrievalRecord.self), record.provider == sender else {
      throw Rejection(
        .noSuchRetrieval, "retrieval \(payload.retrieval) waits for nothing of \(sender)'s")
    }
    switch payload.answer {
    case .leaves(let bytes, let proof): try checkLeaves(bytes, proof, record)
    case .dropped(let order): try checkDropped(order, record)
    }
    setValue(nil, at: key)
    setValue(nil, at: demandMark(sender))
    var provider = try storageProvider(sender)
    provider.retrievalsMissed = 0
    save(provider)
    tell("retrieval-answered", ("retrieval", record.id), ("provider", sender.hex))
  }

  private func checkLeaves(
    _ bytes: [UInt8], _ proof: [Digest], _ record: RetrievalRecord
  ) throws(Rejection) {
    let order = record.demand.acknowledgement.message.order
    let key = StorageKeys.group(order.group)
    guard let group = try load(key, as: PlacementGroupRecord.self) else { return }
    let size = Int(group.codeClass.leafBytes)
    let hashes = stride(from: 0, to: bytes.count, by: size).map { start in
      bytes.withUnsafeBytes {
        MerkleTree.leafHash(
          UnsafeRawBufferPointer(rebasing: $0[start..<min(bytes.count, start + size)]))
      }
    }
    let root = MerkleTree.root(
      rangeLeafHashes: hashes, start: record.demand.firstLeaf,
      count: group.codeClass.leafCount(shardBytes: order.end), proof: proof)
    guard hashes.count == Int(record.demand.leafCount), root == order.runningRoot else {
      throw Rejection(.wrongAnswer, "the leaves do not lead to the acknowledged running root")
    }
  }

  private func checkDropped(
    _ signed: Signed<ControlOrder>, _ record: RetrievalRecord
  ) throws(Rejection) {
    let order = record.demand.acknowledgement.message.order
    let control = signed.message
    guard control.chain == chain, control.lease == order.lease,
      control.provider == record.provider,
      control.action == .dropStaged(segment: order.segment, slot: order.slot),
      let customer = lease(order.lease)?.customer, signed.isSigned(by: customer)
    else { throw Rejection(.wrongAnswer, "that is no order of the customer's to drop the shard") }
  }

  /// An answer is due. A ledger that stood still may have taken the time away, so there are always
  /// some more blocks before silence counts as a miss.
  mutating func retrievalDue(_ id: RetrievalID, extended: Bool) throws(Rejection) {
    let key = StorageKeys.retrieval(id)
    guard let record = try load(key, as: RetrievalRecord.self) else { return }
    if !extended {
      wake(
        .retrievalDue(id, extended: true), at: time.advanced(milliseconds: storage(.response)),
        notBefore: height.addingSaturated(storage(.responseHeights)).addingSaturated(1))
      return
    }
    setValue(nil, at: key)
    setValue(nil, at: demandMark(record.provider))
    tell("retrieval-missed", ("retrieval", id), ("provider", record.provider.hex))
    try missRetrieval(record)
  }
}
