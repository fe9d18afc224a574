import Yams

/// Reads scenario files (YAML) and `--set` changes; `docs/scenarios.md` has the schema.
package enum ScenarioReader {
  /// The longest file that is read, in bytes.
  package static let byteLimit = 1_000_000

  /// Reads a scenario and checks it whole.
  /// - Parameter changes: fields to put other values in, each a path such as
  ///   `supply[0].tariff-usd-per-kwh` and a value.
  /// - Throws: ``ScenarioError`` that names file, line and field.
  package static func read(
    _ text: String, file: String, changes: [(path: String, value: String)] = []
  ) throws(ScenarioError) -> Scenario {
    guard text.utf8.count <= byteLimit else {
      throw ScenarioError(file: file, problem: "is longer than \(byteLimit) bytes")
    }
    var node = try composed(text, file)
    for change in changes { try ScenarioChange.apply(change.path, change.value, to: &node, file) }
    var top = try ScenarioMapping(node, file: file, path: "")
    return try scenario(&top)
  }

  private static func composed(_ text: String, _ file: String) throws(ScenarioError) -> Node {
    do {
      guard let node = try Yams.compose(yaml: text) else {
        throw ScenarioError(file: file, problem: "is empty")
      }
      return node
    } catch let error as ScenarioError {
      throw error
    } catch let error as YamlError {
      throw ScenarioError(file: file, line: line(of: error), problem: "is no YAML: \(cause(error))")
    } catch {
      throw ScenarioError(file: file, problem: "is no YAML: \(error)")
    }
  }

  private static func line(of error: YamlError) -> Int? {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: nil
    }
  }

  private static func cause(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _),
      .composer(_, let problem, _, _):
      problem
    case .duplicatedKeysInMapping(let names, _): "\(names.joined(separator: ", ")) stands twice"
    default: "\(error)".split(separator: "\n").first.map(String.init) ?? "it cannot be read"
    }
  }

  private static func scenario(_ top: inout ScenarioMapping) throws(ScenarioError) -> Scenario {
    let name = try top.text("scenario")
    let note = try top.text("note", standard: "")
    let firstDay = try day(&top, "from")
    let days = try length(&top, firstDay)
    let unit = try top.text("unit")
    let unitPrice = try top.number("unit-price-usd", .epsilon, Fixed(1_000_000_000))
    let response = try top.number("unit-price-response-per-year", .zero, Fixed(20), standard: .zero)
    let presetUnits = try top.number(
      "preset-units-per-unit", .epsilon, Fixed(1_000_000_000_000_000), standard: .one)
    let start = try top.optionalMapping("start")
    var market = try top.mapping("market")
    var demand: [DemandSegment] = []
    for var segment in try top.list("demand", isRequired: true) {
      demand.append(try self.segment(&segment))
    }
    var supply: [SupplyCohort] = []
    for var cohort in try top.list("supply", isRequired: true) {
      supply.append(try CohortReader.cohort(&cohort))
    }
    var shocks: [Shock] = []
    for var shock in try top.list("shocks", isRequired: false) {
      shocks.append(try self.shock(&shock, days: days))
    }
    try top.finish()
    try unique(demand.map(\.name), top, "demand")
    try unique(supply.map(\.name), top, "supply")
    if !supply.contains(where: { $0.behaviour == .honest }) {
      throw top.error("supply", "needs at least one honest cohort")
    }
    return Scenario(
      name: name, note: note, firstDay: firstDay, days: days, unit: unit, unitPrice: unitPrice,
      unitPriceResponse: response, presetUnits: presetUnits, start: try startingState(start),
      market: try marketSettings(&market), demand: demand,
      supply: supply, shocks: shocks)
  }

  private static func unique(
    _ names: [String], _ top: ScenarioMapping, _ field: String
  ) throws(ScenarioError) {
    var seen: [String] = []
    for name in names {
      if seen.contains(name) { throw top.error(field, "two are called \(name)") }
      seen.append(name)
    }
  }

  private static func day(
    _ top: inout ScenarioMapping, _ field: String
  ) throws(ScenarioError) -> Int? {
    guard top.node(field) != nil else { return nil }
    let text = try top.text(field)
    guard let day = CalendarDay(text)?.daysSince1970 else {
      throw top.error(field, "\(text) is no date such as 2026-08-05")
    }
    return day
  }

  /// `days`, or the distance to `to`.
  private static func length(
    _ top: inout ScenarioMapping, _ first: Int?
  ) throws(ScenarioError) -> Int {
    let last = try day(&top, "to")
    if let last {
      guard top.node("days") == nil else { throw top.error("to", "`days` says it already") }
      guard let first else { throw top.error("to", "needs `from`") }
      guard last > first else { throw top.error("to", "is not after `from`") }
      guard last - first <= Scenario.longest else {
        throw top.error("to", "\(last - first) days; \(Scenario.longest) are the most")
      }
      return last - first
    }
    return try top.whole("days", 1...Scenario.longest, standard: 3650)
  }

  private static func startingState(
    _ mapping: ScenarioMapping?
  ) throws(ScenarioError) -> StartingState? {
    guard var start = mapping else { return nil }
    let most = Fixed(1_000_000_000_000_000)
    let supply = try start.number("supply-tokens", .zero, most)
    let circulating = try start.number("circulating-tokens", .zero, most)
    let staked = try start.number("staked-tokens", .zero, most, standard: .zero)
    let endowment = try start.number("endowment-tokens", .zero, most, standard: .zero)
    let realized = try start.number("realized-capacity-days", .zero, most, standard: .zero)
    if circulating + staked + endowment > supply {
      throw start.error(
        "circulating-tokens",
        "with staked-tokens and endowment-tokens it is more than supply-tokens \(supply.exactText)")
    }
    if circulating == .zero { throw start.error("circulating-tokens", "must be above 0") }
    try start.finish()
    return StartingState(
      supplyTokens: supply, circulatingTokens: circulating, stakedTokens: staked,
      endowmentTokens: endowment, realizedCapacityDays: realized)
  }

  private static func marketSettings(
    _ market: inout ScenarioMapping
  ) throws(ScenarioError) -> MarketSettings {
    let price = try market.number("price-usd", Fixed(raw: 1 << 14), Fixed(100_000_000))
    let depth = try market.number(
      "depth", Fixed(1, over: 1000), Fixed(100), standard: Fixed(1, over: 4))
    let slippage = try market.number("slippage", .zero, .one, standard: Fixed(1, over: 100))
    let insiders = try market.number(
      "insider-sell-share", .zero, .one, standard: Fixed(1, over: 2))
    var regimes: [PriceRegime] = []
    for var regime in try market.list("regimes", isRequired: false) {
      regimes.append(
        PriceRegime(
          name: try regime.text("name"),
          drift: try regime.number("drift-per-year", Fixed(-5), Fixed(5)),
          volatility: try regime.number("volatility-per-year", .zero, Fixed(5))))
      try regime.finish()
    }
    if regimes.isEmpty { regimes = PriceRegime.standard }
    if regimes.count < 3 {
      throw market.error("regimes", "has \(regimes.count); a report needs at least three")
    }
    try unique(regimes.map(\.name), market, "regimes")
    try market.finish()
    return MarketSettings(
      price: price, depth: depth, slippage: slippage, insiderSellShare: insiders,
      regimes: regimes)
  }

  private static func segment(
    _ segment: inout ScenarioMapping
  ) throws(ScenarioError) -> DemandSegment {
    let most = Fixed(1_000_000_000_000_000)
    let name = try segment.text("segment")
    let units = try segment.number("units-per-day", .zero, most)
    let result = DemandSegment(
      name: name, unitsPerDay: units,
      growthPerYear: try segment.number(
        "growth-per-year", Fixed(-99, over: 100), Fixed(20), standard: .zero),
      ceiling: try segment.number("ceiling-units-per-day", .zero, most, standard: most),
      volatility: try segment.number(
        "volatility-per-year", .zero, Fixed(5), standard: Fixed(3, over: 10)),
      elasticity: try segment.number("elasticity", .zero, Fixed(10), standard: .one),
      qualityThreshold: try segment.number(
        "quality-threshold", .zero, .one, standard: Fixed(9, over: 10)),
      outsidePrice: try segment.number("outside-price-usd", .epsilon, Fixed(1_000_000_000)),
      prepaidDays: try segment.whole("prepaid-days", 1...3650, standard: 30))
    if result.ceiling < units {
      throw segment.error("ceiling-units-per-day", "is below units-per-day")
    }
    try segment.finish()
    return result
  }

  private static func shock(
    _ shock: inout ScenarioMapping, days: Int
  ) throws(ScenarioError) -> Shock {
    let kind: Shock.Kind = try shock.choice("kind")
    let day = try shock.whole("day", 0...(days - 1))
    let most = kind == .exit || kind == .dump ? Fixed.one : Fixed(1000)
    let size = try shock.number("size", .zero, most)
    try shock.finish()
    return Shock(kind: kind, day: day, size: size)
  }
}

extension Scenario {
  /// The most days a scenario lasts: fifty years.
  package static let longest = 18_262
}

extension PriceRegime {
  /// Three that bracket what tokens of such networks did: falling, sideways and rising.
  package static let standard = [
    PriceRegime(name: "falling", drift: Fixed(-7, over: 10), volatility: Fixed(9, over: 10)),
    PriceRegime(name: "sideways", drift: Fixed(0), volatility: Fixed(8, over: 10)),
    PriceRegime(name: "rising", drift: Fixed(3, over: 10), volatility: Fixed(9, over: 10)),
  ]
}
