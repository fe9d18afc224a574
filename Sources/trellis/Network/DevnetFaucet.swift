import ChainClient
import Ledger
import Primitives

/// Money for those who have none yet, on chains whose genesis has a faucet.
enum DevnetFaucet {
  /// Gives an account tokens. - Throws: `TransactionRejected`, `LedgerClientError`, ``UserError``.
  @discardableResult
  static func give(
    _ amount: Amount, to account: AccountID, in network: OpenNetwork
  ) async throws -> CommittedTransaction {
    let key = try network.secrets.identity("faucet").ledgerKey
    return try await network.ledger.submit(.faucet(to: account, amount: amount), signer: key)
  }

  /// Gives new providers what those of the genesis began with.
  /// - Throws: `TransactionRejected`, `LedgerClientError`, ``UserError``.
  static func fund(_ names: [ProcessName], in network: OpenNetwork) async throws {
    for name in names {
      let account = try network.secrets.provider(name).ledgerKey.accountID
      try await give(.whole(DevnetGenesis.providerTokens), to: account, in: network)
    }
  }
}
