import ArgumentParser
import ChainClient
import Ledger
import Primitives

// Reads validators, stake and the oracle.
extension QueryCommand {
  struct ValidatorsQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "validators", abstract: "All validators with stake, power and standing.",
      discussion: "Examples:\n  trellis query validators\n  trellis query validators --json")
    @OptionGroup var data: DataOption
    @Flag(help: "As JSON.")
    var json = false

    func run() async throws {
      let network = try data.network()
      let report = try await StakeReader(network).validators()
      print(json ? try JSON.text(report) : report.map(\.text).joined(separator: "\n"))
    }
  }

  struct StakesQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "stakes",
      abstract: "What an account has staked, what of it has earned, what is on its way out.",
      discussion: "Example:\n  trellis query stakes main")
    @OptionGroup var data: DataOption
    @Argument(help: "An identity's name, a provider, or a did:key.")
    var name: String
    @Flag(help: "As JSON.")
    var json = false

    func run() async throws {
      let network = try data.network()
      let account = try NameBook(network).account(name)
      let report = try await StakeReader(network).stakes(of: account)
      if json { return print(try JSON.text(report)) }
      if report.isEmpty { return print("\(name) has staked nothing") }
      print(report.map(\.text).joined(separator: "\n"))
    }
  }

  struct PriceQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "price", abstract: "What the validators' oracle says that a token costs.",
      discussion: "Example:\n  trellis query price")
    @OptionGroup var data: DataOption

    func run() async throws {
      let network = try data.network()
      guard
        let price = try await network.ledger.value(
          StateKeys.oraclePrice, as: OraclePriceRecord.self)
      else { throw UserError("no price has been reported by enough validators yet") }
      print(
        "\(price.price) credits (US dollars) a token at block \(price.height), from "
          + "\(price.reports) validators with \(price.power) of \(price.totalPower) power")
    }
  }
}
