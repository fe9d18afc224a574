import ArgumentParser
import ChainClient
import Ledger
import Primitives
import StorageService

/// Reads the ledger.
struct QueryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Read the ledger: accounts, leases, bundles, stake, parameters, blocks.",
    subcommands: [
      AccountQuery.self, LeasesQuery.self, BundlesQuery.self, ParametersQuery.self,
      RemoteQuery.self, TransactionQuery.self, ValidatorsQuery.self, StakesQuery.self,
      PriceQuery.self,
    ])

  struct AccountQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "account", abstract: "An account's balance, and its bond if it is a provider.",
      discussion: "Example:\n  trellis query account main")
    @OptionGroup var data: DataOption
    @Argument(help: "An identity's name, a provider, or a did:key.")
    var name: String

    func run() async throws {
      let network = try data.network()
      let id = try NameBook(network).account(name)
      let client = network.ledger
      guard let account = try await client.value(StateKeys.account(id), as: AccountRecord.self)
      else { throw UserError("\(name) has no account on the ledger yet: it never held tokens") }
      print("account   \(id.didKey)")
      print("balance   \(account.balance) tokens")
      if let provider = try await client.value(StateKeys.provider(id), as: ProviderRecord.self) {
        print("bond      \(provider.bond) tokens, \(provider.slashed) slashed")
        print("standing  \(provider.standing), at \(provider.endpoint)")
      }
    }
  }

  struct LeasesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "leases", abstract: "All leases with what their escrows hold.",
      discussion: "Example:\n  trellis query leases")
    @OptionGroup var data: DataOption

    func run() async throws {
      let network = try data.network()
      let names = try NameBook(network)
      let reader = LedgerReader(client: network.ledger)
      for (key, lease) in try await reader.keyedRows(StateKeys.all(.lease), as: LeaseRecord.self) {
        let number = key.bytes.dropFirst().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let escrow = lease.escrow
        print(
          "lease \(number) of \(names.name(of: lease.customer)): \(lease.state); escrow stream "
            + "\(escrow.stream), staging \(escrow.staging), repair \(escrow.repair), "
            + "usage \(escrow.usage) credits")
      }
    }
  }

  struct BundlesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "bundles", abstract: "All bundles with who keeps their columns.",
      discussion: "Example:\n  trellis query bundles")
    @OptionGroup var data: DataOption

    func run() async throws {
      let network = try data.network()
      let names = try NameBook(network)
      let reader = LedgerReader(client: network.ledger)
      for bundle in try await reader.rows(StorageReader.bundles, as: BundleRecord.self) {
        let holders = bundle.slots.map { $0.provider.map(names.name) ?? "vacant" }
        let bytes = bundle.slots.reduce(UInt64(0)) { $0.addingSaturated($1.byteCount) }
        print(
          "bundle \(bundle.id) of lease \(bundle.lease): \(bundle.codeClass), "
            + "\(bundle.segmentCount) segments, \(bytes) bytes"
            + "\(bundle.isReleased ? ", released" : "")\n  \(holders.joined(separator: ", "))")
      }
    }
  }

  struct ParametersQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "parameters", abstract: "All governed parameters, with bounds and meaning.",
      discussion: "Example:\n  trellis query parameters")
    @OptionGroup var data: DataOption

    func run() async throws {
      let network = try data.network()
      let client = network.ledger
      let policy = try GenesisFile.read(from: network.directory).policy
      for declaration in DevnetGenesis.declarations(policy: policy) {
        let record = try await client.value(
          StateKeys.parameter(declaration.name), as: ParameterRecord.self)
        let value = record?.value ?? declaration.production
        print(
          "\(declaration.name) = \(value)\n  \(declaration.meaning); "
            + "\(declaration.minimum) to \(declaration.maximum), "
            + "in production \(declaration.production)")
      }
    }
  }

  struct RemoteQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rpc", abstract: "Any of the node's methods, its answer as it is.",
      discussion: """
        The methods are CometBFT's: status, block, block_results, tx, abci_info, validators, …

        Examples:
          trellis query rpc status
          trellis query rpc block height=5
        """)
    @OptionGroup var data: DataOption
    @Argument(help: "The method.")
    var method: String
    @Argument(help: "Its parameters as name=value.")
    var parameters: [String] = []

    func run() async throws {
      print(try await NodeRequest.text(try data.network(), method, parameters))
    }
  }

  struct TransactionQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "tx", abstract: "What became of a transaction.",
      discussion: "Example:\n  trellis query tx 7A0F…")
    @OptionGroup var data: DataOption
    @Argument(help: "The transaction's hash, 64 hexadecimal digits.")
    var hash: String

    func run() async throws {
      guard let digest = Digest(hex: hash) else {
        throw UserError("“\(hash)” is no hash: 64 hexadecimal digits")
      }
      print(try await NodeRequest.text(try data.network(), "tx", ["hash=0x\(digest.hex)"]))
    }
  }
}
