import Cryptography
import Logging
import NIOCore
import Primitives
import ServiceKit
import StorageService

/// A stripe's chunks on their way: what was ordered, and the answers to come.
struct SentStripe: Sendable {
  let slots: [ProviderID]
  let orders: [AppendOrder]
  let answers: [Task<ShardAnswer, any Error>]
}

/// Signs and sends the chunks of a stripe, and judges the acknowledgements.
struct StripeSender: Sendable {
  let chain: Digest
  let lease: LeaseID
  let signer: SigningKey
  /// Raised when a gateway takes over from another.
  let fencingEpoch: UInt64
  let timeoutSeconds: Double
  /// Asked when a provider says that another gateway has taken over.
  var writer: WriterGuard?
  let logger: Logger

  /// Queues each chunk behind those sent before to the same slot.
  /// - Parameters:
  ///   - chunks: one a slot, already part of the segment's trees.
  ///   - offset: where the chunks begin in their shards, in bytes.
  func send(_ chunks: [ByteBuffer], of segment: OpenSegment, at offset: UInt64) async -> SentStripe
  {
    let roots = segment.record.runningRoots.last ?? []
    var orders: [AppendOrder] = []
    var answers: [Task<ShardAnswer, any Error>] = []
    for (slot, chunk) in chunks.enumerated() {
      let order = AppendOrder(
        chain: chain, lease: lease, group: PlacementGroupID(number: segment.record.group),
        segment: segment.record.number, slot: UInt8(slot), fencingEpoch: fencingEpoch,
        offset: offset, length: UInt32(chunk.readableBytes), runningRoot: roots[slot])
      orders.append(order)
      answers.append(
        await segment.senders[slot].enqueue(
          .append(Signed(order, by: signer)), tail: chunk, timeoutSeconds: timeoutSeconds))
    }
    return SentStripe(slots: segment.record.slots, orders: orders, answers: answers)
  }

  /// Waits for all answers. Returns the providers that did not acknowledge what was ordered.
  func failures(of sent: SentStripe) async -> [ProviderID] {
    var failed: [ProviderID] = []
    for (slot, task) in sent.answers.enumerated() {
      let provider = sent.slots[slot]
      do {
        guard case .appended(let signed) = try await task.value.response,
          signed.message.order == sent.orders[slot], signed.message.provider == provider,
          signed.isSigned(by: provider)
        else { throw EngineError.unavailable(reason: "the acknowledgement is not valid") }
      } catch {
        logger.warning(
          "provider \(provider) did not acknowledge segment \(sent.orders[slot].segment): \(error)")
        failed.append(provider)
        // A provider's word alone fences nobody: the ledger decides.
        if (error as? StorageRefusal)?.code == .fenced { try? await writer?.confirm() }
      }
    }
    return failed
  }
}
