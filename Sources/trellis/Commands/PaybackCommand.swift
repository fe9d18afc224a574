import ArgumentParser
import Simulator

/// What one operator may expect.
struct PaybackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "payback",
    abstract: "What your hardware would net in a network, and when it pays.",
    discussion: """
      Plays the preset's scenario with you in it. What you leave out is taken from the kind of \
      operator that you are --like. With --earned-tokens it reckons with what your device really \
      brought you instead.

      Examples:
        trellis payback commons --hardware 90 --watts 8 --region germany --currency EUR --rate 0.9
        trellis payback helium --like 'outdoor Wi-Fi hotspot' --tariff 0.32
        trellis payback grass --data-cap-gb 100 --overage 0.5 --bandwidth-mbps 50
        trellis payback helium --earned-tokens 11.5 --price 2 --months 14 --hardware 180
      """)

  @Argument(help: "The preset: commons, helium, filecoin, …")
  var preset: String
  @OptionGroup var options: SimulationOptions
  @Option(help: "What the hardware costs, in the currency.")
  var hardware: DecimalOption?
  @Option(help: "Its power in watts.")
  var watts: DecimalOption?
  @Option(help: "What a kilowatt hour costs, in the currency.")
  var tariff: DecimalOption?
  @Option(help: "Where you live, for a tariff: us, uk, germany, india, … (an error names all).")
  var region: String?
  @Option(name: .long, help: "Gigabytes a month that your line's price covers.")
  var dataCapGb: DecimalOption?
  @Option(help: "What a gigabyte above that costs, in the currency.")
  var overage: DecimalOption?
  @Option(name: .long, help: "Your line's speed in megabits a second.")
  var bandwidthMbps: DecimalOption?
  @Option(help: "Other costs a month, in the currency.")
  var other: DecimalOption?
  @Option(help: "The share of time that it is up, such as 0.95.")
  var uptime: DecimalOption?
  @Option(help: "Units of service a day that it can render.")
  var capacity: DecimalOption?
  @Option(help: "The kind of operator that you are like, by its name in the scenario.")
  var like: String?
  @Option(help: "A currency's code; needs --rate unless USD.")
  var currency = "USD"
  @Option(help: "How much of the currency a US dollar buys.")
  var rate: DecimalOption?
  @Option(help: "How many months are looked ahead, or were observed.")
  var months: DecimalOption?
  @Option(help: "How many futures.")
  var runs: UInt64 = 90
  @Option(name: .long, help: "Tokens that it really earned: reckons with these.")
  var earnedTokens: DecimalOption?
  @Option(help: "What such a token is worth, in US dollars (with --earned-tokens).")
  var price: DecimalOption?
  @Option(help: "What was paid for power and data, in the currency (with --earned-tokens).")
  var costs: DecimalOption?

  func validate() throws {
    if currency != "USD" && rate == nil {
      throw ValidationError("--currency \(currency) needs --rate: how much of it a dollar buys.")
    }
    if let rate, rate.value.raw == 0 { throw ValidationError("--rate 0 is no rate.") }
    if let region, PaybackRegion(rawValue: region) == nil {
      let all = PaybackRegion.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--region \(region) is none of: \(all). Give --tariff instead.")
    }
    if let uptime, uptime.value > .one { throw ValidationError("--uptime is at most 1.") }
    guard (3...1_000_000).contains(runs) else {
      throw ValidationError("--runs \(runs) is not within 3 to 1000000.")
    }
    if let months, !(Fixed.one...Fixed(600)).contains(months.value) {
      throw ValidationError("--months is not within 1 to 600.")
    }
    if earnedTokens != nil && (price == nil || months == nil) {
      throw ValidationError("--earned-tokens needs --price and --months.")
    }
    if earnedTokens == nil && (price != nil || costs != nil) {
      throw ValidationError("--price and --costs go with --earned-tokens.")
    }
  }

  func run() async throws {
    let money = PaybackCurrency(code: currency, perDollar: rate?.value ?? .one)
    if let tokens = earnedTokens, let price, let months {
      let observed = ObservedIncome(
        tokens: tokens.value, price: price.value, months: months.value,
        hardware: dollars(hardware) ?? .zero, costs: dollars(costs) ?? .zero)
      return print(observed.sentence)
    }
    let request = try options.request(preset)
    let days = Int(((months?.value ?? Fixed(36)) * Fixed(365) / Fixed(12)).whole)
    let scenario = try question.applied(to: request.scenario, days: days)
    let session = SimulationSession(threads: options.threadCount)
    let played = try await session.play(request, scenario: scenario, seed: options.seed, runs: runs)
    print(text(PaybackAnswer(played), money, request))
  }

  private var question: PaybackQuestion {
    var question = PaybackQuestion()
    question.hardware = dollars(hardware)
    question.watts = watts?.value
    question.tariff = dollars(tariff) ?? region.flatMap { PaybackRegion(rawValue: $0)?.tariff }
    question.dataCap = dataCapGb?.value
    question.overage = dollars(overage)
    question.otherCosts = dollars(other)
    question.uptime = uptime?.value
    question.capacityPerDay = capacity?.value
    question.bandwidth = bandwidthMbps?.value
    question.like = like
    return question
  }

  /// An amount in the currency, in US dollars.
  private func dollars(_ option: DecimalOption?) -> Fixed? {
    option.map { $0.value / (rate?.value ?? .one) }
  }

  private func text(
    _ answer: PaybackAnswer, _ money: PaybackCurrency, _ request: SimulationRequest
  ) -> String {
    var rows = [["", "p10", "p50", "p90"]]
    rows.append(["net income a month"] + answer.netPerMonth.map { money.text($0) })
    rows.append(["payback, months"] + answer.paybackMonths.map { $0?.shortText ?? "never" })
    rows.append(
      ["break-even token price"]
        + (answer.breakEvenPrice?.map { money.text($0) } ?? ["–", "–", "–"]))
    var lines = ["\(request.preset.title) · \(request.scenario.name), \(answer.months) months"]
    lines += request.uncertainties.map { "note: \($0)" }
    lines += [""] + TextTable.lines(rows)
    lines += ["", "The token begins at \(money.text(answer.price)).", answer.sentence(money)]
    return lines.joined(separator: "\n")
  }
}
