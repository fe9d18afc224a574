import ArgumentParser
import ChainClient
import Cryptography
import Ledger
import Primitives

/// Transactions of a person's own.
struct TransactionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tx",
    abstract: "Send a transaction: faucet, transfer, top-up, parameter, usage, all about stake.",
    subcommands: [
      Faucet.self, Transfer.self, TopUp.self, Parameter.self, UsageTransaction.self,
      CreateValidator.self, EditValidator.self, Delegate.self, Undelegate.self, Redelegate.self,
      Unjail.self, ClaimRewards.self,
    ])

  /// Reads an amount of tokens or credits.
  static func quantity<T: Quantity>(_ text: String, as type: T.Type) throws -> T {
    guard let value = T(decimal: text) else {
      throw ValidationError("“\(text)” is no amount: give a decimal such as 12 or 0.5.")
    }
    return value
  }

  static func report(_ committed: CommittedTransaction) {
    print("committed in block \(committed.height): \(committed.hash)")
  }

  struct Faucet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Mint tokens for an account; on devnets only.",
      discussion: "Example:\n  trellis tx faucet --to alt --amount 1000")
    @OptionGroup var data: DataOption
    @Option(help: "An identity's name, a provider, or a did:key.")
    var to = "main"
    @Option(help: "How many tokens.")
    var amount = "1000"

    func run() async throws {
      let network = try data.network()
      let account = try NameBook(network).account(to)
      let tokens = try TransactionCommand.quantity(amount, as: Amount.self)
      TransactionCommand.report(try await DevnetFaucet.give(tokens, to: account, in: network))
    }
  }

  struct Transfer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Send tokens to another account.",
      discussion: "Example:\n  trellis tx transfer --from main --to alt --amount 12.5")
    @OptionGroup var data: DataOption
    @Option(help: "The identity that pays.")
    var from = "main"
    @Option(help: "An identity's name, a provider, or a did:key.")
    var to: String
    @Option(help: "How many tokens.")
    var amount: String

    func run() async throws {
      let network = try data.network()
      let account = try NameBook(network).account(to)
      let tokens = try TransactionCommand.quantity(amount, as: Amount.self)
      let key = try network.secrets.identity(from).ledgerKey
      TransactionCommand.report(
        try await network.ledger.submit(.transfer(to: account, amount: tokens), signer: key))
    }
  }

  struct TopUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "top-up", abstract: "Add credits to a bucket of a lease's escrow.",
      discussion: """
        The buckets are disjoint: stream pays for proven time, staging for data before its bundle, \
        repair for repairs, usage for downloads.

        Example:
          trellis tx top-up --lease 1 --bucket stream --credits 10
        """)
    @OptionGroup var data: DataOption
    @Option(help: "The identity that pays.")
    var from = "main"
    @Option(help: "The lease's number.")
    var lease: UInt64
    @Option(help: "stream, staging, repair or usage.")
    var bucket: BucketName
    @Option(help: "How many credits (US dollars).")
    var credits: String

    func run() async throws {
      let network = try data.network()
      let sum = try TransactionCommand.quantity(credits, as: Credits.self)
      let key = try network.secrets.identity(from).ledgerKey
      TransactionCommand.report(
        try await network.ledger.submit(
          .topUpLease(lease: .init(number: lease), bucket: bucket.bucket, credits: sum),
          signer: key))
    }
  }

  struct Parameter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a governed parameter, within its bounds, as a governor.",
      discussion: """
        `trellis query parameters` lists names, values and bounds.

        Example:
          trellis tx parameter --name storage.grace-milliseconds --value 60000
        """)
    @OptionGroup var data: DataOption
    @Option(help: "The governor's identity.")
    var from = "validator"
    @Option(help: "The parameter's name.")
    var name: String
    @Option(help: "Its new value, a whole number.")
    var value: String

    func run() async throws {
      let network = try data.network()
      guard let number = UInt128(value) else {
        throw ValidationError("“\(value)” is no whole number.")
      }
      let key = try network.secrets.identity(from).ledgerKey
      TransactionCommand.report(
        try await network.ledger.submit(
          .changeParameter(name: name, value: number), signer: key))
    }
  }
}
