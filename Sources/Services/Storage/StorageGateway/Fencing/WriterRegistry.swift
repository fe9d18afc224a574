import ChainClient
import Cryptography
import Ledger
import Primitives
import ServiceKit
import StorageService

/// What a gateway asks of the ledger about who writes for its customer.
package protocol WriterRegistry: Sendable {
  /// Who writes now, by the ledger's newest state; nil when nobody ever did.
  func record() async throws -> WriterRecord?
  /// Raises the fencing epoch over `epoch` and names this gateway.
  /// - Throws: when the present epoch is another, or the ledger does not answer.
  func claim(overtaking epoch: UInt64, claim: Digest) async throws
  /// Names a checkpoint under this gateway's epoch.
  func name(_ checkpoint: CheckpointName, epoch: UInt64) async throws
}

/// The registry on a real ledger.
package struct LedgerWriterRegistry: WriterRegistry {
  /// The ledger lane of claims and checkpoints.
  private static let lane: UInt8 = 4

  private let client: LedgerClient
  private let signer: SigningKey
  private let lease: LeaseID
  private let gateway: AccountID
  private let endpoint: String

  /// - Parameters:
  ///   - signer: the customer's key.
  ///   - gateway: this gateway's node key.
  ///   - endpoint: where it serves S3, for people.
  package init(
    client: LedgerClient, signer: SigningKey, lease: LeaseID, gateway: AccountID, endpoint: String
  ) {
    self.client = client
    self.signer = signer
    self.lease = lease
    self.gateway = gateway
    self.endpoint = endpoint
  }

  package func record() async throws -> WriterRecord? {
    try await Self.record(of: signer.accountID, client: client)
  }

  /// Who writes for a customer.
  /// - Throws: ``LedgerClientError``.
  package static func record(
    of customer: AccountID, client: LedgerClient
  ) async throws -> WriterRecord? {
    try await client.value(StorageKeys.writer(of: customer), as: WriterRecord.self)
  }

  package func claim(overtaking epoch: UInt64, claim: Digest) async throws {
    try await submit(
      .claimWriter(
        ClaimWriter(
          lease: lease, overtakes: epoch, gateway: gateway, claim: claim, endpoint: endpoint)))
  }

  package func name(_ checkpoint: CheckpointName, epoch: UInt64) async throws {
    try await submit(
      .underEpoch(UnderEpoch(epoch: epoch, .nameCheckpoint(NameCheckpoint(checkpoint)))))
  }

  private func submit(_ payload: StoragePayload) async throws {
    _ = try await client.submit(
      .service(StorageKeys.service, payload: payload.canonicalBytes()), signer: signer,
      lane: Self.lane, timeoutSeconds: 30)
  }
}
