import Consensus
import Cryptography
import Foundation
import Locks
import Logging
import NIOCore
import Primitives
import ServiceKit

/// Answers ABCI's requests from the application behind the driver boundary.
///
/// A fault of a Query or a CheckTx is a code; one of the calls that make blocks is an exception,
/// upon which the engine stops: better than going on with another state than its peers.
struct RequestAnswerer: Sendable {
  /// The protocol version spoken; another last number is the same protocol.
  static let protocolPrefix = "2.0."
  /// CheckTx's and Query's code for a fault of this server itself.
  static let faultCode: UInt32 = 1

  let application: any LedgerApplication
  let version: String
  let peer: PeerVersion
  let logger: Logger

  /// What is answered: a message, or the transactions of a proposal, which make no detour over one.
  enum Answer: Sendable {
    case message(ABCIResponse)
    case proposal([[UInt8]])

    /// The response with its length in front.
    var frame: ByteBuffer {
      switch self {
      case .message(let response): FramedResponse.encode(response)
      case .proposal(let items): FramedResponse.proposal(items)
      }
    }
  }

  /// The response to a request, of its type or an exception.
  func answer(_ request: ParsedRequest) async -> Answer {
    guard let value = request.message.value else {
      return .message(
        exception("a request of a kind that ABCI 2.0 does not have; is this CometBFT v0.38?"))
    }
    if let refusal = peer.refusal, !Self.isAnsweredToAnyone(value) {
      return .message(exception(refusal))
    }
    do {
      return try await answer(value, request.bulk)
    } catch {
      logger.error(
        "ABCI request failed", metadata: ["method": "\(Self.name(value))", "reason": "\(error)"])
      return .message(Self.fault("\(error)", of: value))
    }
  }

  private static func isAnsweredToAnyone(_ value: ABCIRequest.OneOf_Value) -> Bool {
    switch value {
    case .echo, .flush, .info: true
    default: false
    }
  }

  private static func name(_ value: ABCIRequest.OneOf_Value) -> Substring {
    "\(value)".prefix { $0 != "(" }
  }

  /// What is answered when the application failed.
  static func fault(_ reason: String, of value: ABCIRequest.OneOf_Value) -> ABCIResponse {
    switch value {
    case .checkTx:
      return ABCIResponse.with {
        $0.checkTx.code = faultCode
        $0.checkTx.log = reason
        $0.checkTx.codespace = "trellis"
      }
    case .query:
      return ABCIResponse.with {
        $0.query.code = faultCode
        $0.query.log = reason
        $0.query.codespace = "trellis"
      }
    default:
      return ABCIResponse.with { $0.exception.error = reason }
    }
  }

  private func exception(_ reason: String) -> ABCIResponse {
    logger.error("ABCI exception", metadata: ["reason": "\(reason)"])
    return ABCIResponse.with { $0.exception.error = reason }
  }

  private func answer(
    _ value: ABCIRequest.OneOf_Value, _ bulk: [[UInt8]]
  ) async throws -> Answer {
    var response = ABCIResponse()
    switch value {
    case .echo(let request): response.echo.message = request.message
    case .flush: response.flush = ABCIResponseFlush()
    case .info(let request): response = await info(request)
    case .initChain(let request): response.initChain = try await initChain(request)
    case .query(let request): response.query = await query(request)
    case .checkTx(let request): response.checkTx = await check(request, bulk.last ?? [])
    case .commit:
      let outcome = try await application.commit()
      response.commit = ABCIResponseCommit()
      response.commit.retainHeight = Int64(clamping: outcome.retainHeight)
    case .listSnapshots:
      response.listSnapshots.snapshots =
        await application.listSnapshots().map(MessageTranslation.message)
    case .offerSnapshot(let request):
      response.offerSnapshot.result = try await offer(request)
    case .loadSnapshotChunk(let request):
      response.loadSnapshotChunk.chunk = Data(
        await application.loadSnapshotChunk(
          height: request.height, format: request.format, index: request.chunk))
    case .applySnapshotChunk(let request):
      response.applySnapshotChunk = await apply(request, bulk.last ?? [])
    case .prepareProposal(let request): return .proposal(try await prepare(request, bulk))
    case .processProposal(let request):
      response.processProposal.status = try await judge(request, bulk)
    case .extendVote(let request):
      response.extendVote.voteExtension = Data(
        await application.extendVote(height: try MessageTranslation.height(request.height)))
    case .verifyVoteExtension(let request):
      let isValid = await application.verifyVoteExtension(
        [UInt8](request.voteExtension), height: try MessageTranslation.height(request.height),
        validator: try MessageTranslation.address(request.validatorAddress))
      response.verifyVoteExtension.status = isValid ? .accept : .reject
    case .finalizeBlock(let request):
      response.finalizeBlock = try await finalize(request, bulk)
    }
    return .message(response)
  }

  // MARK: Each method

  private func info(_ request: ABCIRequestInfo) async -> ABCIResponse {
    // The node's own RPC calls with the same version as its start does.
    guard request.abciVersion.hasPrefix(Self.protocolPrefix) else {
      let refusal =
        "CometBFT \(request.version) speaks ABCI \(request.abciVersion); this is Trellis, which "
        + "speaks ABCI 2.0: run CometBFT v0.38"
      peer.note(refusal)
      return exception(refusal)
    }
    peer.note(nil)
    let info = await application.info()
    return ABCIResponse.with {
      $0.info.data = "trellis \(info.chainName) \(info.chain)"
      $0.info.version = version
      $0.info.appVersion = ApplicationInfo.protocolVersion
      $0.info.lastBlockHeight = Int64(clamping: info.height)
      $0.info.lastBlockAppHash = info.height == 0 ? Data() : Data(info.stateRoot.bytes)
    }
  }

  private func initChain(_ request: ABCIRequestInitChain) async throws -> ABCIResponseInitChain {
    let start = ChainStart(
      chainName: request.chainID,
      timeMilliseconds: try MessageTranslation.milliseconds(request.time),
      initialHeight: try MessageTranslation.height(request.initialHeight),
      validators: try MessageTranslation.validators(request.validators),
      applicationState: [UInt8](request.appStateBytes))
    let started = try await application.initChain(start)
    var response = ABCIResponseInitChain()
    response.validators = MessageTranslation.validators(started.validators)
    response.appHash = Data(started.info.stateRoot.bytes)
    return response
  }

  private func query(_ request: ABCIRequestQuery) async -> ABCIResponseQuery {
    let outcome = await application.query(
      ApplicationQuery(
        path: request.path, data: [UInt8](request.data), wantsProof: request.prove,
        height: UInt64(clamping: request.height)))
    var response = ABCIResponseQuery()
    response.code = outcome.code
    response.log = outcome.log
    response.key = request.data
    response.height = Int64(clamping: outcome.height)
    if outcome.code != 0 { response.codespace = "trellis" }
    if let value = outcome.value { response.value = Data(value) }
    if let proof = outcome.proof {
      var operation = ABCIProofOp()
      operation.type = ApplicationQuery.proofType
      operation.key = request.data
      operation.data = Data(proof)
      response.proofOps.ops = [operation]
    }
    return response
  }

  private func check(
    _ request: ABCIRequestCheckTx, _ item: [UInt8]
  ) async -> ABCIResponseCheckTx {
    let kind: CheckKind
    switch request.type {
    case .new: kind = .new
    case .recheck: kind = .recheck
    case .UNRECOGNIZED(let number):
      var response = ABCIResponseCheckTx()
      response.code = Self.faultCode
      response.log = "ABCI 2.0 has no type \(number) of CheckTx; run CometBFT v0.38"
      response.codespace = "trellis"
      return response
    }
    var response = ABCIResponseCheckTx()
    if case .rejected(let rejection) = await application.checkTransaction(item, kind: kind) {
      response.code = rejection.code.number
      response.log = "\(rejection.code.name): \(rejection.detail)"
      response.codespace = "trellis"
    }
    return response
  }

  private func prepare(
    _ request: ABCIRequestPrepareProposal, _ candidates: [[UInt8]]
  ) async throws -> [[UInt8]] {
    try await application.prepareProposal(
      ProposalRequest(
        height: try MessageTranslation.height(request.height),
        timeMilliseconds: try MessageTranslation.milliseconds(request.time),
        candidates: candidates,
        byteLimit: Int(clamping: max(0, request.maxTxBytes)),
        votes: try MessageTranslation.extendedVotes(request.localLastCommit),
        misbehaviour: try MessageTranslation.misbehaviour(request.misbehavior)))
  }

  private func judge(
    _ request: ABCIRequestProcessProposal, _ items: [[UInt8]]
  ) async throws -> ABCIResponseProcessProposal.ProposalStatus {
    let verdict = await application.processProposal(
      ProposedBlock(
        height: try MessageTranslation.height(request.height),
        timeMilliseconds: try MessageTranslation.milliseconds(request.time),
        items: items,
        proposer: try MessageTranslation.address(request.proposerAddress),
        lastCommit: try MessageTranslation.lastCommit(request.proposedLastCommit),
        misbehaviour: try MessageTranslation.misbehaviour(request.misbehavior)))
    guard case .reject(let reason) = verdict else { return .accept }
    logger.warning(
      "proposal rejected", metadata: ["height": "\(request.height)", "reason": "\(reason)"])
    return .reject
  }

  private func finalize(
    _ request: ABCIRequestFinalizeBlock, _ items: [[UInt8]]
  ) async throws -> ABCIResponseFinalizeBlock {
    let block = try await application.finalizeBlock(
      DecidedBlock(
        height: try MessageTranslation.height(request.height),
        timeMilliseconds: try MessageTranslation.milliseconds(request.time),
        items: items,
        proposer: try MessageTranslation.address(request.proposerAddress),
        lastCommit: try MessageTranslation.lastCommit(request.decidedLastCommit),
        misbehaviour: try MessageTranslation.misbehaviour(request.misbehavior),
        hash: Digest(bytes: request.hash) ?? .zero, record: nil))
    guard block.results.results.count == items.count else {
      throw RequestFault(
        description: "the ledger made \(block.results.results.count) results of "
          + "\(items.count) items")
    }
    return MessageTranslation.finalized(block)
  }

  private func offer(
    _ request: ABCIRequestOfferSnapshot
  ) async throws -> ABCIResponseOfferSnapshot.Result {
    guard let root = Digest(bytes: request.appHash) else { return .reject }
    let verdict = await application.offerSnapshot(
      MessageTranslation.snapshot(request.snapshot), stateRoot: root)
    return ABCIResponseOfferSnapshot.Result(rawValue: verdict.rawValue) ?? .abort
  }

  private func apply(
    _ request: ABCIRequestApplySnapshotChunk, _ chunk: [UInt8]
  ) async -> ABCIResponseApplySnapshotChunk {
    var response = ABCIResponseApplySnapshotChunk()
    switch await application.applySnapshotChunk(
      chunk, index: request.index, sender: request.sender)
    {
    case .accept: response.result = .accept
    case .abort: response.result = .abort
    case .rejectSnapshot: response.result = .rejectSnapshot
    case .refetch(let chunk, let sender):
      response.result = .retry
      response.refetchChunks = [chunk]
      if !sender.isEmpty { response.rejectSenders = [sender] }
    }
    return response
  }
}

/// What is known of the node behind the connections: nothing on the wire ties the four together,
/// so a version that one of them names counts for all.
final class PeerVersion: Sendable {
  private let state = Locked<String?>(nil)

  /// Why the node is not served; nil while it is.
  var refusal: String? { state.withLock { $0 } }

  func note(_ refusal: String?) { state.withLock { $0 = refusal } }
}
