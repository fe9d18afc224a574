import Cryptography
import Foundation
import Ledger
import Logging
import Primitives
import ServiceKit

extension LedgerClient {
  /// For how many blocks a transaction can be included.
  package static let expiryBlocks: UInt64 = 600

  /// Signs and submits an operation and waits until it is durably in a block.
  ///
  /// Sending again is safe: a transaction is sent with the same bytes until its fate is known, and
  /// the ledger gives identical bytes one effect. Calls for the same signer and lane wait for each
  /// other; lanes (0…63) are independent.
  /// - Throws: ``TransactionRejected``, ``LedgerClientError``.
  package func submit(
    _ operation: Ledger.Operation, signer: SigningKey, lane: UInt8 = 0,
    timeoutSeconds: Double = LedgerClient.submitSeconds
  ) async throws -> CommittedTransaction {
    let key = LaneKey(sender: signer.accountID, lane: lane)
    await lanes.acquire(key)
    do {
      try Task.checkCancellation()
      let result = try await submitInLane(
        operation, signer: signer, key: key, timeoutSeconds: timeoutSeconds)
      await lanes.release(key)
      return result
    } catch {
      await lanes.note(nil, for: key)
      await lanes.release(key)
      throw error
    }
  }

  private func submitInLane(
    _ operation: Ledger.Operation, signer: SigningKey, key: LaneKey, timeoutSeconds: Double
  ) async throws -> CommittedTransaction {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: .milliseconds(Int64(timeoutSeconds * 1000)))
    let chain = try await retried(until: deadline) { try await self.chain() }
    var last = Digest.zero
    for _ in 0..<8 {
      let sequence = try await retried(until: deadline) { try await self.nextSequence(of: key) }
      let height = try await retried(until: deadline) { try await self.knownHeight() }
      let transaction = Transaction(
        chain: chain, sender: key.sender, lane: key.lane, sequence: sequence,
        expiryHeight: height + Self.expiryBlocks, operation: operation)
      let signed = SignedTransaction.sign(transaction, with: signer)
      let bytes = BlockItem.signed(signed).canonicalBytes()
      last = Digest.sha256(bytes)
      switch try await deliver(bytes, hash: last, until: deadline, seconds: timeoutSeconds) {
      case .committed(let committed):
        await lanes.note(sequence + 1, for: key)
        return committed
      case .refused(let rejection):
        await lanes.note(nil, for: key)
        guard rejection.height == nil, Self.isAboutSequence(rejection) else { throw rejection }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    throw LedgerClientError.neverIncluded(transaction: last)
  }

  /// Refusals that only say that the transaction was built on stale knowledge.
  static func isAboutSequence(_ rejection: TransactionRejected) -> Bool {
    rejection.name.contains("sequence") || rejection.name.contains("expired")
  }

  /// The sequence that comes next in a lane, from memory or from the ledger.
  private func nextSequence(of key: LaneKey) async throws -> UInt64 {
    if let known = await lanes.known(key) { return known }
    let account = try await value(StateKeys.account(key.sender), as: AccountRecord.self)
    return account?.nextSequence(lane: key.lane) ?? 0
  }

  /// What became of a transaction.
  enum Delivery: Sendable {
    case committed(CommittedTransaction)
    case refused(TransactionRejected)
  }

  /// Sends the same bytes until their fate is known.
  func deliver(
    _ bytes: [UInt8], hash: Digest, until deadline: ContinuousClock.Instant, seconds: Double
  ) async throws -> Delivery {
    let text = Data(bytes).base64EncodedString()
    var pause = 50
    var reason: (any Error)?
    while ContinuousClock.now < deadline {
      do {
        if let delivery = try await sendOnce(text, hash: hash) { return delivery }
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        reason = error
        // A node that is cut off from the others takes a transaction and never commits it.
        if case LedgerClientError.remote = error { await transport.useNext() }
        logger.debug(
          "transaction is sent again",
          metadata: [
            "transaction": "\(hash)", "reason": "\(error)",
          ])
      }
      try await Task.sleep(for: .milliseconds(pause))
      pause = min(pause * 2, 2000)
      if let found = try? await transaction(hash) { return Self.delivery(found, hash: hash) }
    }
    if case LedgerClientError.unreachable? = reason { throw reason ?? CancellationError() }
    throw LedgerClientError.outcomeUnknown(transaction: hash, seconds: seconds)
  }

  /// One `broadcast_tx_commit`; nil when its answer decides nothing yet.
  private func sendOnce(_ text: String, hash: Digest) async throws -> Delivery? {
    let answer = try await transport.call(
      "broadcast_tx_commit", ["tx": .text(text)], as: CommitAnswer.self, timeoutSeconds: 30)
    if answer.checkTx.code != 0 {
      // The same bytes may have been committed earlier, when an answer was lost.
      if let found = try await transaction(hash) { return Self.delivery(found, hash: hash) }
      return .refused(
        TransactionRejected(
          code: answer.checkTx.code, log: answer.checkTx.log, hash: hash, height: nil))
    }
    guard answer.height.value > 0 else { return nil }
    noteHeight(answer.height.value)
    return Self.delivery(
      answer.txResult, hash: hash, height: answer.height.value, index: nil)
  }

  /// A committed transaction's result, or nil when no block holds it.
  func transaction(_ hash: Digest) async throws -> TransactionAnswer? {
    let text = Data(hash.bytes).base64EncodedString()
    do {
      return try await transport.call(
        "tx", ["hash": .text(text), "prove": .flag(false)], as: TransactionAnswer.self)
    } catch LedgerClientError.remote(_, let message) where message.contains("not found") {
      return nil
    }
  }

  private static func delivery(_ answer: TransactionAnswer, hash: Digest) -> Delivery {
    delivery(answer.txResult, hash: hash, height: answer.height.value, index: answer.index)
  }

  private static func delivery(
    _ result: ItemAnswer, hash: Digest, height: UInt64, index: UInt32?
  ) -> Delivery {
    guard result.code == 0 else {
      return .refused(
        TransactionRejected(code: result.code, log: result.log, hash: hash, height: height))
    }
    return .committed(
      CommittedTransaction(
        hash: hash, height: height, index: index,
        events: (result.events ?? []).map(\.serviceEvent)))
  }

  /// Repeats a read until it succeeds or the time is over.
  private func retried<T: Sendable>(
    until deadline: ContinuousClock.Instant, _ body: () async throws -> T
  ) async throws -> T {
    var pause = 50
    while true {
      do {
        return try await body()
      } catch let error as LedgerClientError {
        guard case .unreachable = error, ContinuousClock.now < deadline else { throw error }
        try await Task.sleep(for: .milliseconds(pause))
        pause = min(pause * 2, 2000)
      }
    }
  }
}
