import Catalogue
import Cryptography
import Economics
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
  /// - Parameter policy: the network's economic policy, as its genesis names it.
  static func declarations(policy: String) -> [ParameterDeclaration] {
    LedgerParameters.all(ServiceCatalogue.modules, policy: policy).sorted { $0.name < $1.name }
  }

  /// Builds the genesis from the secrets, which are made where they are missing.
  /// - Parameter preset: the rules by which epochs are settled; nil for `commons/0`.
  /// - Throws: ``UserError``.
  static func make(
    settings: NetworkSettings, secrets: SecretStore, preset: GenesisPreset? = nil,
    now: Date = Date()
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
      parameters: parameters(epochMilliseconds: settings.epochMilliseconds, preset),
      policy: CommonsPolicy.id, allowsFaucet: true, preset: preset)
  }

  /// What a network with short times begins with.
  static func parameters(
    epochMilliseconds: UInt64, _ preset: GenesisPreset?
  ) -> [Genesis.Parameter] {
    let policy = preset.map { PolicyCatalogue.id(of: $0.preset) } ?? CommonsPolicy.id
    let all = LedgerParameters.devnet(
      epochMilliseconds: UInt128(epochMilliseconds), services: ServiceCatalogue.modules,
      policy: policy)
    if preset == nil { return all }
    // What is minted is the preset's to say.
    return all.map {
      $0.name == StakingParameters.reward ? Genesis.Parameter(name: $0.name, value: 0) : $0
    }
  }

  private static func allocation(_ seed: IdentitySeed, _ tokens: UInt128) -> Genesis.Allocation {
    .init(account: seed.ledgerKey.accountID, amount: .whole(tokens))
  }
}
