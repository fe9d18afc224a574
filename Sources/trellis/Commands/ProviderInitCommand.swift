import ArgumentParser
import Foundation
import ProviderAgent

/// Says what a provider gives, asks and costs; makes a new one unless --id names one.
struct ProviderInitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Say what a provider gives, asks and costs to run.",
    discussion: """
      Makes a new provider, or changes the one that --id names (from its next start on). In a \
      terminal it asks for what was not given; Enter keeps what stands in brackets. Money is in US \
      dollars. Limits are kept whatever customers ask for, and every refusal names its limit; what \
      a provider costs is only used to show its net income (`trellis earnings`). An interface that \
      looks metered (a modem, a tethered phone) is not used unless --metered-interface names it.

      Examples:
        trellis provider init --disk 500GiB --watts 6 --tariff 0.30
        trellis provider init --id provider-3 --hours 22:00-06:30 --data-cap 1TB
        trellis provider init --hardware-price 180 --hardware-life 5y --data-included 100GB \\
          --data-cost 0.60 --price 2.50 --no-questions
      """)

  @OptionGroup var data: DataOption
  @Option(help: "A provider that exists: provider-3 or 3.")
  var id: String?
  @Option(help: "The most that lies on its disk, such as 500GiB (64GiB unless said).")
  var disk: String?
  @Option(help: "What it asks for a TiB kept for a month of 30 days.")
  var price: String?
  @Option(help: "What it asks for a TiB sent to customers.")
  var egressPrice: String?
  @Option(help: "What the machine draws because of it, in watts.")
  var watts: String?
  @Option(help: "What a kWh costs.")
  var tariff: String?
  @Option(help: "What the hardware cost.")
  var hardwarePrice: String?
  @Option(help: "How long the hardware will serve, such as 5y.")
  var hardwareLife: String?
  @Option(help: "The most that is transferred in a month, such as 1TB; nothing flows beyond it.")
  var dataCap: String?
  @Option(help: "What the data plan includes in a month.")
  var dataIncluded: String?
  @Option(help: "What a GiB beyond the plan costs.")
  var dataCost: String?
  @Option(help: "When customers are served, such as 22:00-06:30, UTC. Proofs are always given.")
  var hours: String?
  @Option(help: "The most bytes a second, such as 20MB/s.")
  var rate: String?
  @Option(help: "A metered-looking interface that may be used; repeat it for more.")
  var meteredInterface: [String] = []
  @Option(help: "The address to listen on (127.0.0.1 unless said).")
  var listen: String?
  @Flag(help: "Ask nothing.")
  var noQuestions = false

  /// What cannot be read is said before anything is done.
  func validate() throws {
    var (limits, profile) = (ProviderLimits(), OperatorProfile())
    try apply(to: &limits, &profile)
  }

  func run() async throws {
    let network = try data.network()
    let known = try id.map { try ProviderChoice.one($0, in: network) }
    var (limits, profile) = (ProviderLimits(), OperatorProfile())
    if let known {
      let files = OperatorFiles(directory: network.directory.dataDirectory(of: known))
      (limits, profile) = (try files.limits(), try files.profile())
    }
    try apply(to: &limits, &profile)
    if !noQuestions, isatty(0) == 1, isatty(1) == 1 {
      try ProviderQuestions.ask(&limits, &profile)
    }
    // A profile that makes no sense must not leave a half-made provider behind.
    try Self.check(profile)
    let name: ProcessName
    if let known { name = known } else { name = try await Self.make(in: network) }
    try OperatorFiles(directory: network.directory.dataDirectory(of: name))
      .save(limits, profile)
    print("\(name.id) is \(known == nil ? "made" : "changed").")
    let isRunning = ProcessLock.holder(of: network.directory.lockPath(of: name)) != nil
    print(
      isRunning
        ? "It runs with its old settings until it is started again: trellis provider restart "
          + "--id \(name.id)"
        : "Start it: trellis provider start --id \(name.id)")
  }

  /// The options that set the fields that a profile's errors name.
  private static let options = [
    "pricePerTiBMonth": "--price", "egressPricePerTiB": "--egress-price", "milliwatts": "--watts",
    "tariffPerKWh": "--tariff", "hardwarePrice": "--hardware-price",
    "hardwareLifeDays": "--hardware-life", "overagePerGiB": "--data-cost",
  ]

  /// - Throws: ``UserError`` in the words of the options.
  private static func check(_ profile: OperatorProfile) throws {
    do throws(OperatorProfileError) {
      _ = try profile.costs()
      _ = try profile.prices()
    } catch {
      let option = options[error.field] ?? error.field
      let reason = options.reduce(error.reason) { text, entry in
        text.replacingOccurrences(of: entry.key, with: entry.value)
      }
      throw UserError("\(option) \(reason)")
    }
  }

  private static func make(in network: OpenNetwork) async throws -> ProcessName {
    let numbers = try NetworkSettings.addProviders(1, to: network.directory)
    let names = numbers.map { ProcessName.provider($0) }
    try await DevnetFaucet.fund(names, in: network)
    return names[0]
  }

  private func apply(to limits: inout ProviderLimits, _ profile: inout OperatorProfile) throws {
    if let disk { limits.diskBytes = try PersonalUnits.bytes(disk, option: "--disk") }
    if let dataCap {
      limits.monthlyTransferBytes = try PersonalUnits.bytes(dataCap, option: "--data-cap")
    }
    if let hours { limits.hours = try PersonalUnits.hours(hours, option: "--hours") }
    if let rate {
      limits.bytesPerSecond = try PersonalUnits.bytesPerSecond(rate, option: "--rate")
    }
    if let price { profile.pricePerTiBMonth = price }
    if let egressPrice { profile.egressPricePerTiB = egressPrice }
    if let watts { profile.milliwatts = try PersonalUnits.milliwatts(watts, option: "--watts") }
    if let tariff { profile.tariffPerKWh = tariff }
    if let hardwarePrice { profile.hardwarePrice = hardwarePrice }
    if let hardwareLife {
      profile.hardwareLifeDays = try PersonalUnits.days(hardwareLife, option: "--hardware-life")
    }
    if let dataIncluded {
      profile.includedTransferBytes = try PersonalUnits.bytes(
        dataIncluded, option: "--data-included")
    }
    if let dataCost { profile.overagePerGiB = dataCost }
    if !meteredInterface.isEmpty { profile.meteredInterfaces = meteredInterface }
    if let listen { profile.listenHost = listen }
  }
}

/// Which providers a person means.
enum ProviderChoice {
  /// The provider named `text`. - Throws: ``UserError``.
  static func one(_ text: String, in network: OpenNetwork) throws -> ProcessName {
    let known = network.settings.providers
    guard let name = ProcessName(text), name.role == .provider, known.contains(name.number) else {
      throw UserError(
        "there is no provider “\(text)”",
        advice: "There are \(known.map { "provider-\($0)" }.joined(separator: ", ")); "
          + "`trellis provider init` makes a new one.")
    }
    return name
  }
}
