import ArgumentParser
import ChainClient
import Cryptography
import Ledger
import Primitives

// Transactions about validators and stake.
extension TransactionCommand {
  /// Whose transaction it is.
  struct SenderOptions: ParsableArguments {
    @OptionGroup var data: DataOption
    @Option(help: "The identity that signs.")
    var from = "main"

    /// Signs and sends. - Throws: `TransactionRejected`, `LedgerClientError`, ``UserError``.
    func send(_ operation: (NameBook, IdentitySeed) throws -> Ledger.Operation) async throws {
      let network = try data.network()
      let seed = try network.secrets.identity(from)
      let operation = try operation(NameBook(network), seed)
      TransactionCommand.report(
        try await network.ledger.submit(operation, signer: seed.ledgerKey))
    }
  }

  struct CreateValidator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "create-validator", abstract: "Become a validator with stake of one's own.",
      discussion: """
        The consensus key is the Ed25519 public key with which the validator's node votes: \
        pub_key.value of CometBFT's priv_validator_key.json, in hexadecimal. It is used once and \
        for ever.

        Example:
          trellis tx create-validator --from carol --name carol --consensus-key 3f… --stake 1000
        """)
    @OptionGroup var sender: SenderOptions
    @Option(help: "What people call the validator.")
    var name: String
    @Option(help: "The node's public key, 64 hexadecimal digits.")
    var consensusKey: String
    @Option(help: "Tokens to stake.")
    var stake: String
    @Option(help: "What is kept of stakers' rewards, in parts of 10,000.")
    var commission: UInt16 = Commission.standard.perTenThousand
    @Option(help: "What the commission never exceeds; fixed for ever.")
    var maximumCommission: UInt16 = Commission.standard.maximum
    @Option(help: "By how much the commission may change in a day; fixed for ever.")
    var maximumDailyChange: UInt16 = Commission.standard.maximumDailyChange

    func run() async throws {
      guard let key = Digest(hex: consensusKey) else {
        throw ValidationError("“\(consensusKey)” is no key: give 64 hexadecimal digits.")
      }
      let tokens = try TransactionCommand.quantity(stake, as: Amount.self)
      try await sender.send { _, seed in
        .createValidator(
          ValidatorTerms(
            name: name, consensusPublicKey: key.value,
            verifiableRandomPublicKey: seed.verifiableRandomKey.publicKey,
            commission: Commission(
              perTenThousand: commission, maximum: maximumCommission,
              maximumDailyChange: maximumDailyChange),
            stake: tokens))
      }
    }
  }

  struct EditValidator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "edit-validator", abstract: "Change a validator's name or commission.",
      discussion: "Example:\n  trellis tx edit-validator --from carol --commission 600")
    @OptionGroup var sender: SenderOptions
    @Option(help: "The new name.")
    var name: String?
    @Option(help: "The new commission, in parts of 10,000.")
    var commission: UInt16?

    func validate() throws {
      if name == nil, commission == nil {
        throw ValidationError("Give --name, --commission or both.")
      }
    }

    func run() async throws {
      try await sender.send { _, _ in .editValidator(name: name, commission: commission) }
    }
  }

  struct Delegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stake tokens with a validator.",
      discussion: "Example:\n  trellis tx delegate --from main --to validator --amount 100")
    @OptionGroup var sender: SenderOptions
    @Option(help: "The validator: an identity's name or a did:key.")
    var to: String
    @Option(help: "How many tokens.")
    var amount: String

    func run() async throws {
      let tokens = try TransactionCommand.quantity(amount, as: Amount.self)
      try await sender.send { names, _ in
        .delegate(validator: try names.account(to), amount: tokens)
      }
    }
  }

  struct Undelegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take stake away from a validator.",
      discussion: """
        It is paid out after the unbonding time; until then a fault of the validator from before \
        still takes its part, and it earns nothing.

        Example:
          trellis tx undelegate --from main --validator validator --amount 100
        """)
    @OptionGroup var sender: SenderOptions
    @Option(help: "The validator: an identity's name or a did:key.")
    var validator: String
    @Option(help: "How many tokens.")
    var amount: String

    func run() async throws {
      let tokens = try TransactionCommand.quantity(amount, as: Amount.self)
      try await sender.send { names, _ in
        .undelegate(validator: try names.account(validator), amount: tokens)
      }
    }
  }

  struct Redelegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Move stake from one validator to another.",
      discussion: """
        It counts for the other at once. For the unbonding time it still answers for faults of the \
        first from before, and cannot move on.

        Example:
          trellis tx redelegate --from main --validator validator --to carol --amount 100
        """)
    @OptionGroup var sender: SenderOptions
    @Option(help: "The validator that it is with: an identity's name or a did:key.")
    var validator: String
    @Option(help: "The validator that it goes to.")
    var to: String
    @Option(help: "How many tokens.")
    var amount: String

    func run() async throws {
      let tokens = try TransactionCommand.quantity(amount, as: Amount.self)
      try await sender.send { names, _ in
        .redelegate(
          from: try names.account(validator), to: try names.account(to), amount: tokens)
      }
    }
  }

  struct Unjail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Release one's validator from jail, when its time is over.",
      discussion: "Example:\n  trellis tx unjail --from carol")
    @OptionGroup var sender: SenderOptions

    func run() async throws { try await sender.send { _, _ in .unjail } }
  }

  struct ClaimRewards: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "claim-rewards", abstract: "Have the rewards of one's stake paid.",
      discussion: "Example:\n  trellis tx claim-rewards --from main --validator validator")
    @OptionGroup var sender: SenderOptions
    @Option(help: "The validator: an identity's name or a did:key.")
    var validator: String

    func run() async throws {
      try await sender.send { names, _ in .claimRewards(validator: try names.account(validator)) }
    }
  }
}
