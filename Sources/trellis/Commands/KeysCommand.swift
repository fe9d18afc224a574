import ArgumentParser
import Cryptography
import Foundation
import Primitives

/// Identities: one 32-byte seed each.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "List, make and show identities; make keys for agents.",
    discussion: """
      Everything of an identity follows from one seed in DIR/secrets: its account, its S3 \
      credentials, its encryption keys. Keep a copy; nobody can give it back.

      Examples:
        trellis keys list
        trellis keys new carol
        trellis keys show carol
        trellis keys add agent --budget 5/month --expires 30d --prefix photos/
        trellis keys revoke agent
      """,
    subcommands: [
      ListKeys.self, NewKey.self, ShowKey.self, AddKeyCommand.self, RevokeKeyCommand.self,
    ],
    defaultSubcommand: ListKeys.self)

  struct ListKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "All identities with their accounts.")
    @OptionGroup var data: DataOption

    func run() async throws {
      let network = try data.network()
      let names = network.secrets.names
      let width = names.map(\.count).max() ?? 0
      for name in names {
        let seed = try network.secrets.identity(name)
        let padding = String(repeating: " ", count: width - name.count)
        print("\(name)\(padding)  \(seed.ledgerKey.accountID.didKey)")
      }
    }
  }

  struct NewKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new", abstract: "Make an identity, or bring one with --seed-file.",
      discussion: """
        The gateway serves it after `trellis down` and `trellis up`. Give it tokens first:
          trellis tx faucet --to carol --amount 1000
        """)
    @OptionGroup var data: DataOption
    @Argument(help: "Its name.")
    var name: String
    @Option(help: "A file with a seed of 64 hexadecimal digits; else a fresh one is made.")
    var seedFile: String?

    func run() async throws {
      let network = try data.network()
      let brought = try seedFile.map { try SeedFile.read($0).value }
      let seed = try network.secrets.add(name, seed: brought)
      try NetworkSettings.addIdentity(name, to: network.directory)
      print("\(name)  \(seed.ledgerKey.accountID.didKey)")
    }
  }

  struct ShowKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "What follows from an identity's seed; no secrets.")
    @OptionGroup var data: DataOption
    @Argument(help: "Its name.")
    var name: String

    func run() async throws {
      let seed = try data.network().secrets.identity(name)
      print("account           \(seed.ledgerKey.accountID.didKey)")
      print("account (hex)     \(seed.ledgerKey.accountID.hex)")
      print("S3 access key id  \(seed.s3AccessKeyID)")
      print("recovery locator  \(seed.recoveryLocator.hex)")
    }
  }
}
