/// The fields of one supply cohort of a scenario file.
enum CohortReader {
  static func cohort(_ entry: inout ScenarioMapping) throws(ScenarioError) -> SupplyCohort {
    let many = Fixed(1_000_000_000_000)
    let dollars = Fixed(1_000_000_000)
    let name = try entry.text("cohort")
    let behaviour: SupplyCohort.Behaviour = try entry.choice("behaviour", standard: .honest)
    let members = try entry.number("members", .zero, many)
    let isPretence = behaviour == .farmer || behaviour == .spoofer
    let cohort = SupplyCohort(
      name: name, behaviour: behaviour, role: try entry.optionalText("role"), members: members,
      potential: try entry.number("potential", .zero, many, standard: members),
      capacityPerDay: try entry.number("capacity-per-day", .zero, many),
      multiplier: try entry.number("multiplier", .zero, Fixed(1000), standard: .one),
      uptime: try entry.number("uptime", .zero, .one, standard: Fixed(97, over: 100)),
      hardware: try entry.number("hardware-usd", .zero, dollars),
      lifeMonths: try entry.number("life-months", .one, Fixed(600), standard: Fixed(48)),
      watts: try entry.number("watts", .zero, Fixed(100_000_000), standard: .zero),
      tariff: try entry.number(
        "tariff-usd-per-kwh", .zero, Fixed(100), standard: Fixed(15, over: 100)),
      gigabytesPerUnit: try entry.number("gb-per-unit", .zero, many, standard: .zero),
      dataCap: try entry.number("data-cap-gb-per-month", .zero, many, standard: many),
      overage: try entry.number("overage-usd-per-gb", .zero, dollars, standard: .zero),
      otherCosts: try entry.number("other-usd-per-month", .zero, dollars, standard: .zero),
      costOfCapital: try entry.number(
        "cost-of-capital-per-year", .zero, Fixed(10), standard: Fixed(1, over: 10)),
      hurdleMonths: try entry.number("hurdle-months", .one, Fixed(600), standard: Fixed(18)),
      attention: try entry.number(
        "attention-per-day", .zero, .one, standard: Fixed(1, over: 100)),
      deliveryDays: try entry.whole("delivery-days", 0...730, standard: 30),
      patienceDays: try entry.whole("patience-days", 0...3650, standard: 60),
      exitPerDay: try entry.number(
        "exit-per-day", .zero, .one, standard: Fixed(1, over: 50)),
      sellShare: try entry.number("sell-share", .zero, .one, standard: Fixed(7, over: 10)),
      selfUse: try entry.number(
        "self-use", .zero, .one, standard: behaviour == .selfDealer ? .one : .zero),
      detectionPerDay: try entry.number(
        "detection-per-day", .zero, .one,
        standard: isPretence ? Fixed(1, over: 365) : .zero))
    if cohort.potential < members { throw entry.error("potential", "is below members") }
    try entry.finish()
    return cohort
  }
}
