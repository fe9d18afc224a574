import Primitives
import ServiceKit

/// The storage service's half that runs inside the ledger: bundles, proofs, repair.
package struct StorageModule: ServiceModule {
  package init() {}

  package var id: ServiceID { StorageKeys.service }
  package var name: String { "storage" }
  package var parameters: [ParameterDeclaration] {
    StorageParameter.allCases.map(\.declaration)
  }

  package func apply(
    _ payload: [UInt8], from sender: AccountID, in context: inout some ServiceContext
  ) throws(Rejection) {
    try perform(try decode(payload, as: StoragePayload.self), from: sender, in: &context)
  }

  private func perform(
    _ payload: StoragePayload, from sender: AccountID, in context: inout some ServiceContext
  ) throws(Rejection) {
    switch payload {
    case .openGroup(let payload): try context.openGroup(payload, from: sender)
    case .commitBundle(let payload): try context.commitBundle(payload, from: sender)
    case .releaseBundle(let payload): try context.releaseBundle(payload, from: sender)
    case .renewBundle(let payload): try context.renewBundle(payload, from: sender)
    case .postTranscript(let payload): try context.postTranscript(payload, from: sender)
    case .openSteps(let payload): try context.openSteps(payload, from: sender)
    case .declareCorruption(let payload): try context.declareCorruption(payload, from: sender)
    case .completeRepair(let payload): try context.completeRepair(payload, from: sender)
    case .setAvailability(let payload): try context.setAvailability(payload, from: sender)
    case .forceRetrieval(let payload): try context.forceRetrieval(payload, from: sender)
    case .answerRetrieval(let payload): try context.answerRetrieval(payload, from: sender)
    case .accuseCodeword(let payload): try context.accuseCodeword(payload, from: sender)
    case .declineRepair(let payload): try context.declineRepair(payload, from: sender)
    case .demandSteps(let payload): try context.demandSteps(payload, from: sender)
    case .claimWriter(let payload): try context.claimWriter(payload, from: sender)
    case .nameCheckpoint(let payload): try context.nameCheckpoint(payload, from: sender)
    case .underEpoch(let bound):
      try context.checkWriter(sender, epoch: bound.epoch)
      let inner = try decode(bound.payload, as: StoragePayload.self)
      if case .underEpoch = inner {
        throw Rejection(.wrongEpochPayload, "an epoch within an epoch")
      }
      try perform(inner, from: sender, in: &context)
    case .claimStaging(let payload): try context.claimStaging(payload, from: sender)
    case .showPresence(let payload): try context.showPresence(payload, from: sender)
    case .drain: try context.drain(from: sender)
    }
  }

  package func wake(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection) {
    switch try decode(token, as: StorageToken.self) {
    case .window: try context.openWindow()
    case .tick(let round, let attempt, let phase):
      try context.tick(round, attempt: attempt, phase: phase)
    case .vacate(let provider): try context.vacateSome(provider)
    case .repairDue(let bundle, let slot, let attempt):
      try context.repairDue(bundle, slot: slot, attempt: attempt)
    case .forgetKey(let key): try context.forgetKey(key)
    case .retrievalDue(let id, let extended):
      try context.retrievalDue(id, extended: extended)
    case .demandDue(let provider, let number, let extended):
      try context.demandDue(provider, number, extended: extended)
    case .group, .seed, .open, .repairs:
      throw Rejection(.wrongToken, "a draw's token came as a deadline")
    }
  }

  package func drawn(_ token: [UInt8], in context: inout some ServiceContext) throws(Rejection) {
    switch try decode(token, as: StorageToken.self) {
    case .group(let id): try context.groupDrawn(id)
    case .seed(let round, let attempt): try context.seedDrawn(round, attempt: attempt)
    case .open(let round, let attempt): try context.openingDrawn(round, attempt: attempt)
    case .repairs: try context.repairsDrawn()
    case .window, .tick, .vacate, .repairDue, .forgetKey, .retrievalDue, .demandDue:
      throw Rejection(.wrongToken, "a deadline's token came as a draw")
    }
  }

  /// Nothing is due before the first obligation: an idle network makes no blocks for windows.
  package func genesis(in context: inout some ServiceContext) throws(Rejection) {}

  package func epochEnds(in context: inout some ServiceContext) throws(Rejection) {
    try context.noteZeros()
  }

  package func providerChanged(
    _ provider: ProviderID, in context: inout some ServiceContext
  ) throws(Rejection) {
    try context.standingChanged(provider)
  }

  package func isObliged(_ provider: ProviderID, in context: some ServiceContext) -> Bool {
    do throws(Rejection) {
      return try context.storageProvider(provider).isObliged
    } catch {
      // A record that cannot be read must not set a bond free.
      return true
    }
  }

  package func leaseCloses(
    _ lease: LeaseID, in context: inout some ServiceContext
  ) throws(Rejection) {
    try context.checkLeaseCloses(lease)
  }

  private func decode<T: CanonicalCodable>(
    _ bytes: [UInt8], as type: T.Type
  ) throws(Rejection) -> T {
    do throws(CodecError) {
      return try T(canonicalBytes: bytes)
    } catch {
      throw Rejection(error)
    }
  }
}
