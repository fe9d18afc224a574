import Catalogue
import Cryptography
import Foundation
import Ledger
import Primitives
import ServiceKit

/// The genesis of a network on one machine: two customers with money, the providers' bonds, one
/// validator, and times that follow from the epoch's length.
enum DevnetGenesis {
  /// What each customer begins with, in tokens.
  static let customerTokens: UInt128 = 1_000_000
  /// What each provider begins with, in tokens: its bond and something to spare.
  static let providerTokens: UInt128 = 100_000

  /// What the validator stakes, in tokens.
  static let validatorStake: UInt128 = 1_000

  /// Everything that the ledger and its services let people govern, by name.
  static var declarations: [ParameterDeclaration] {
    LedgerParameters.all(ServiceCatalogue.modules).sorted { $0.name < $1.name }
  }

  /// Builds the genesis from the secrets, which are made where they are missing.
  /// - Throws: ``UserError``.
  static func make(
    settings: NetworkSettings, secrets: SecretStore, now: Date = Date()
  ) throws -> Genesis {
    let validator = try secrets.ensure("validator")
    // Its account must exist to send; what it holds does not matter.
    var accounts = [allocation(try secrets.ensure("faucet"), 1), allocation(validator, 1)]
    for name in settings.identities {
      accounts.append(allocation(try secrets.ensure(name), customerTokens))
    }
    for number in settings.providers {
      accounts.append(allocation(try secrets.provider(.provider(number)), providerTokens))
    }
    return Genesis(
      chainName: "trellis-devnet",
      genesisTimeMilliseconds: UInt64(now.timeIntervalSince1970 * 1000),
      accounts: accounts,
      validators: [
        .init(
          account: validator.ledgerKey.accountID,
          verifiableRandomPublicKey: validator.verifiableRandomKey.publicKey,
          stake: .whole(validatorStake))
      ],
      governors: [validator.ledgerKey.accountID],
      parameters: LedgerParameters.devnet(
        epochMilliseconds: UInt128(settings.epochMilliseconds),
        services: ServiceCatalogue.modules),
      policy: "commons/0", allowsFaucet: true)
  }

  private static func allocation(_ seed: IdentitySeed, _ tokens: UInt128) -> Genesis.Allocation {
    .init(account: seed.ledgerKey.accountID, amount: .whole(tokens))
  }
}
