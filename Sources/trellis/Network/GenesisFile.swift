import Cryptography
import Foundation
import Ledger
import PresetFiles
import Primitives

/// `genesis.json`: a genesis as people read it. Its hash is the chain's identity, and is checked.
struct GenesisFile: Codable {
  struct Account: Codable {
    let account: String
    /// Tokens, as an exact decimal.
    let amount: String
  }

  struct Validator: Codable {
    let account: String
    let name: String
    /// The Ed25519 key with which its node votes, in hexadecimal.
    let consensusPublicKey: String
    let verifiableRandomPublicKey: String
    /// Tokens, as an exact decimal; they come on top of the accounts' amounts.
    let stake: String
    let commissionPerTenThousand: UInt16
    let maximumCommissionPerTenThousand: UInt16
    let maximumDailyCommissionChange: UInt16
  }

  /// The rules of a network that settles by a preset.
  struct Preset: Codable {
    /// The epoch of the preset's calendar that the ledger's epoch 0 stands for.
    let firstEpoch: UInt64
    /// The preset as `trellis network show` prints it.
    let rules: String
  }

  let chain: String
  let chainName: String
  let genesisTimeMilliseconds: UInt64
  let policy: String
  let allowsFaucet: Bool
  let accounts: [Account]
  let validators: [Validator]
  let governors: [String]
  let parameters: [String: String]
  let preset: Preset?

  /// - Throws: ``PresetFileError`` for a preset that cannot be written as text.
  init(_ genesis: Genesis) throws {
    chain = genesis.chain.hex
    chainName = genesis.chainName
    genesisTimeMilliseconds = genesis.genesisTimeMilliseconds
    policy = genesis.policy
    allowsFaucet = genesis.allowsFaucet
    accounts = genesis.accounts.map {
      Account(account: $0.account.didKey, amount: $0.amount.description)
    }
    validators = genesis.validators.map {
      Validator(
        account: $0.account.didKey, name: $0.terms.name,
        consensusPublicKey: $0.terms.consensusPublicKey.hex,
        verifiableRandomPublicKey: $0.terms.verifiableRandomPublicKey.hex,
        stake: $0.terms.stake.description,
        commissionPerTenThousand: $0.terms.commission.perTenThousand,
        maximumCommissionPerTenThousand: $0.terms.commission.maximum,
        maximumDailyCommissionChange: $0.terms.commission.maximumDailyChange)
    }
    governors = genesis.governors.map(\.didKey)
    parameters = Dictionary(
      genesis.parameters.map { ($0.name, String($0.value)) },
      uniquingKeysWith: { first, _ in first })
    preset = try genesis.preset.map {
      Preset(firstEpoch: $0.firstEpoch, rules: try PresetFile.text(of: $0.preset))
    }
  }

  /// Writes a genesis. - Throws: ``UserError``, ``PresetFileError``.
  static func write(_ genesis: Genesis, to directory: NetworkDirectory) throws {
    try AtomicFile.write(json: GenesisFile(genesis), to: directory.genesisPath)
  }

  /// Reads the genesis and checks its hash.
  /// - Throws: ``UserError`` that names the field.
  static func read(from directory: NetworkDirectory) throws -> Genesis {
    let file = try JSON.read(GenesisFile.self, from: directory.genesisPath)
    let genesis = try file.genesis(directory.genesisPath)
    guard genesis.chain.hex == file.chain else {
      throw UserError(
        "\(directory.genesisPath): the chain is \(genesis.chain.hex), the file says \(file.chain)",
        advice: "The file was changed. A network's genesis cannot change; restore it.")
    }
    return genesis
  }

  /// The chain's name and identity. - Throws: ``UserError``.
  static func identity(in directory: NetworkDirectory) throws -> ChainIdentity {
    let file = try JSON.read(GenesisFile.self, from: directory.genesisPath)
    return ChainIdentity(name: file.chainName, id: file.chain)
  }

  private func genesis(_ path: String) throws -> Genesis {
    func account(_ text: String) throws -> AccountID {
      guard let id = AccountID(didKey: text) else {
        throw UserError("\(path): “\(text)” is no did:key of an account")
      }
      return id
    }
    return Genesis(
      chainName: chainName, genesisTimeMilliseconds: genesisTimeMilliseconds,
      accounts: try accounts.map { entry in
        guard let amount = Amount(decimal: entry.amount) else {
          throw UserError("\(path): “\(entry.amount)” is no amount of tokens")
        }
        return .init(account: try account(entry.account), amount: amount)
      },
      validators: try validators.map { entry in
        .init(account: try account(entry.account), terms: try entry.terms(path))
      },
      governors: try governors.map(account),
      parameters: try parameters.map { name, text in
        guard let value = UInt128(text) else {
          throw UserError("\(path): parameter \(name) is “\(text)”, which is no whole number")
        }
        return .init(name: name, value: value)
      },
      policy: policy, allowsFaucet: allowsFaucet,
      preset: try preset.map {
        GenesisPreset(
          preset: try PresetFile.preset(text: $0.rules, file: "\(path), preset.rules"),
          firstEpoch: $0.firstEpoch)
      })
  }
}

extension GenesisFile.Validator {
  /// - Throws: ``UserError`` that names the field.
  fileprivate func terms(_ path: String) throws -> ValidatorTerms {
    func key(_ text: String) throws -> Bytes32 {
      guard let key = Digest(hex: text) else {
        throw UserError("\(path): “\(text)” is no 32-byte key in hexadecimal")
      }
      return key.value
    }
    guard let tokens = Amount(decimal: stake) else {
      throw UserError("\(path): “\(stake)” is no amount of tokens")
    }
    return ValidatorTerms(
      name: name, consensusPublicKey: try key(consensusPublicKey),
      verifiableRandomPublicKey: try key(verifiableRandomPublicKey),
      commission: Commission(
        perTenThousand: commissionPerTenThousand, maximum: maximumCommissionPerTenThousand,
        maximumDailyChange: maximumDailyCommissionChange),
      stake: tokens)
  }
}
