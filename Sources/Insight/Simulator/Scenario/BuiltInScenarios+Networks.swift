// The presets' own scenarios, as YAML that a founder may print, change and use.
extension BuiltInScenarios {
  static let helium = """
    scenario: Helium after HIP-149
    note: Supply as the preset knows it; price, traffic and costs are round assumptions.
    from: 2026-08-05
    unit: GB
    unit-price-usd: 0.1
    start:
      supply-tokens: 190e6
      circulating-tokens: 150e6
      staked-tokens: 32e6
    market:
      price-usd: 1.5
    demand:
      - segment: carrier offload
        units-per-day: 350000
        growth-per-year: 0.6
        elasticity: 0.8
        quality-threshold: 0.9
        outside-price-usd: 0.5
        prepaid-days: 30
      - segment: sensors
        units-per-day: 8000
        growth-per-year: 0.2
        elasticity: 0.5
        outside-price-usd: 1
        prepaid-days: 90
    supply:
      - cohort: indoor Wi-Fi hotspot
        role: mobile-hotspot
        members: 30000
        potential: 200000
        capacity-per-day: 25
        hardware-usd: 249
        watts: 12
        tariff-usd-per-kwh: 0.17
        hurdle-months: 18
        gb-per-unit: 1
        data-cap-gb-per-month: 1200
        overage-usd-per-gb: 0.2
      - cohort: outdoor Wi-Fi hotspot
        role: mobile-hotspot
        members: 9000
        potential: 60000
        capacity-per-day: 80
        hardware-usd: 499
        watts: 20
        tariff-usd-per-kwh: 0.17
        hurdle-months: 20
      - cohort: converted venue
        role: mobile-hotspot
        members: 6000
        potential: 40000
        capacity-per-day: 150
        hardware-usd: 1
        watts: 0
        other-usd-per-month: 5
        hurdle-months: 6
        attention-per-day: 0.003
      - cohort: IoT hotspot
        role: iot-hotspot
        members: 150000
        potential: 200000
        capacity-per-day: 0.05
        hardware-usd: 180
        watts: 5
        tariff-usd-per-kwh: 0.2
        hurdle-months: 24
    """

  static let grass = """
    scenario: Grass from its airdrop
    note: >-
      What is paid after the first distribution is not published, so nothing is. Traffic and
      price are round assumptions.
    from: 2024-10-28
    days: 1095
    unit: GB
    unit-price-usd: 0.05
    preset-units-per-unit: 500
    start:
      supply-tokens: 1000e6
      circulating-tokens: 150e6
    market:
      price-usd: 0.7
    demand:
      - segment: AI labs
        units-per-day: 600000
        growth-per-year: 0.6
        elasticity: 1.2
        outside-price-usd: 0.4
        prepaid-days: 30
    supply:
      - cohort: home connection
        members: 2300000
        potential: 6000000
        capacity-per-day: 1.5
        hardware-usd: 1
        watts: 2
        tariff-usd-per-kwh: 0.18
        gb-per-unit: 1
        uptime: 0.6
        hurdle-months: 6
        attention-per-day: 0.002
      - cohort: mobile plan
        members: 200000
        potential: 1000000
        capacity-per-day: 1
        hardware-usd: 1
        watts: 1
        gb-per-unit: 1
        data-cap-gb-per-month: 10
        overage-usd-per-gb: 2
        uptime: 0.5
        hurdle-months: 6
        attention-per-day: 0.002
    """
}
