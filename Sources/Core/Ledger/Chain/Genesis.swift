import Cryptography
import Economics
import Primitives
import ServiceKit

/// What a network begins with. Its hash is the chain's identity and part of everything signed.
package struct Genesis: Hashable, Sendable, CanonicalCodable {
  /// An account's first balance.
  package struct Allocation: Hashable, Sendable, CanonicalCodable {
    package let account: AccountID
    package let amount: Amount
    package init(account: AccountID, amount: Amount) {
      self.account = account
      self.amount = amount
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(account)
      encoder.encode(amount)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      account = try decoder.decode()
      amount = try decoder.decode()
    }
  }

  /// A validator of the first set, with its own stake.
  package struct Validator: Hashable, Sendable, CanonicalCodable {
    package let account: AccountID
    /// Its name, keys, commission, and stake: tokens that come on top of ``accounts``.
    package let terms: ValidatorTerms

    package init(account: AccountID, terms: ValidatorTerms) {
      self.account = account
      self.terms = terms
    }

    /// A validator with the standard commission.
    /// - Parameter consensusPublicKey: nil for one that votes with its account's key.
    package init(
      account: AccountID, verifiableRandomPublicKey: Bytes32, name: String = "validator",
      consensusPublicKey: Bytes32? = nil, stake: Amount = .whole(1_000)
    ) {
      self.init(
        account: account,
        terms: ValidatorTerms(
          name: name, consensusPublicKey: consensusPublicKey ?? account.value,
          verifiableRandomPublicKey: verifiableRandomPublicKey, commission: .standard,
          stake: stake))
    }

    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(account)
      encoder.encode(terms)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      account = try decoder.decode()
      terms = try decoder.decode()
    }
  }

  /// The value of one governed parameter.
  package struct Parameter: Hashable, Sendable, CanonicalCodable {
    package let name: String
    package let value: UInt128
    package init(name: String, value: UInt128) {
      self.name = name
      self.value = value
    }
    package func encode(into encoder: inout CanonicalEncoder) {
      encoder.encode(name)
      encoder.encode(value)
    }
    package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
      name = try decoder.decodeString(limit: 64)
      value = try decoder.decodeUInt128()
    }
  }

  /// What people call the chain, such as `trellis-devnet`.
  package let chainName: String
  /// When it began, in milliseconds since 1970.
  package let genesisTimeMilliseconds: UInt64
  /// First balances, strictly ascending by account.
  package let accounts: [Allocation]
  /// The first validators, strictly ascending by account.
  package let validators: [Validator]
  /// Who may change parameters, strictly ascending.
  package let governors: [AccountID]
  /// Values of governed parameters, strictly ascending by name; one that is absent has its
  /// production value.
  package let parameters: [Parameter]
  /// The economic policy and its version, such as `commons/0`; `preset/NAME` with ``preset``.
  package let policy: String
  /// Whether anyone may mint tokens: devnets only.
  package let allowsFaucet: Bool
  /// The rules by which epochs are settled where ``policy`` is a preset's; they are part of the
  /// genesis, so that all validators run the same.
  package let preset: GenesisPreset?

  /// Sorts the lists, so that equal networks have equal bytes.
  package init(
    chainName: String, genesisTimeMilliseconds: UInt64, accounts: [Allocation],
    validators: [Validator], governors: [AccountID] = [], parameters: [Parameter] = [],
    policy: String = "commons/0", allowsFaucet: Bool = false, preset: GenesisPreset? = nil
  ) {
    self.chainName = chainName
    self.genesisTimeMilliseconds = genesisTimeMilliseconds
    self.accounts = accounts.sorted { $0.account < $1.account }
    self.validators = validators.sorted { $0.account < $1.account }
    self.governors = governors.sorted()
    self.parameters = parameters.sorted {
      Array($0.name.utf8).lexicographicallyPrecedes($1.name.utf8)
    }
    self.policy = preset.map { PolicyCatalogue.id(of: $0.preset) } ?? policy
    self.preset = preset
    self.allowsFaucet = allowsFaucet
  }

  /// The chain's identity.
  package var chain: Digest { Digest.sha256(domain: "genesis", canonicalBytes()) }

  package func encode(into encoder: inout CanonicalEncoder) {
    encoder.encode(chainName)
    encoder.encode(genesisTimeMilliseconds)
    encoder.encode(accounts)
    encoder.encode(validators)
    encoder.encode(governors)
    encoder.encode(parameters)
    encoder.encode(policy)
    encoder.encode(allowsFaucet)
    // Only a preset's genesis has them, so every other encoding is what it always was.
    if let preset { encoder.encode(preset) }
  }

  package init(from decoder: inout CanonicalDecoder) throws(CodecError) {
    let chainName = try decoder.decodeString(limit: 64)
    let time = try decoder.decodeUInt64()
    let accounts: [Allocation] = try decoder.decodeArray(limit: 1 << 24)
    let validators: [Validator] = try decoder.decodeArray(limit: 1024)
    let governors: [AccountID] = try decoder.decodeArray(limit: 1024)
    let parameters: [Parameter] = try decoder.decodeArray(limit: 1024)
    let policy = try decoder.decodeString(limit: 64)
    let allowsFaucet = try decoder.decodeBool()
    let preset: GenesisPreset? =
      PolicyCatalogue.isPreset(policy) ? try decoder.decode() : nil
    self.init(
      chainName: chainName, genesisTimeMilliseconds: time, accounts: accounts,
      validators: validators, governors: governors, parameters: parameters, policy: policy,
      allowsFaucet: allowsFaucet, preset: preset)
    if self.policy != policy { throw .invalid("the policy is not called as its preset") }
  }
}
