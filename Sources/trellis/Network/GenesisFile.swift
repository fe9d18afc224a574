import Cryptography
import Foundation
import Ledger
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
    let verifiableRandomPublicKey: String
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

  init(_ genesis: Genesis) {
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
        account: $0.account.didKey,
        verifiableRandomPublicKey: $0.verifiableRandomPublicKey.hex)
    }
    governors = genesis.governors.map(\.didKey)
    parameters = Dictionary(
      genesis.parameters.map { ($0.name, String($0.value)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Writes a genesis. - Throws: ``UserError``.
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
        guard let key = Digest(hex: entry.verifiableRandomPublicKey) else {
          throw UserError("\(path): “\(entry.verifiableRandomPublicKey)” is no 32-byte key")
        }
        return .init(
          account: try account(entry.account), verifiableRandomPublicKey: key.value)
      },
      governors: try governors.map(account),
      parameters: try parameters.map { name, text in
        guard let value = UInt128(text) else {
          throw UserError("\(path): parameter \(name) is “\(text)”, which is no whole number")
        }
        return .init(name: name, value: value)
      },
      policy: policy, allowsFaucet: allowsFaucet)
  }
}
