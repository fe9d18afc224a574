// The presets' own scenarios, as YAML that a founder may print, change and use.
extension BuiltInScenarios {
  static let commons = """
    scenario: a storage network from its first day
    note: Invented, as nothing of it exists yet.
    from: 2026-01-01
    unit: TB day
    unit-price-usd: 0.13
    preset-units-per-unit: 1e12
    market:
      price-usd: 0.05
    demand:
      - segment: developers
        units-per-day: 8000
        growth-per-year: 0.5
        elasticity: 1.2
        quality-threshold: 0.95
        outside-price-usd: 0.75
        prepaid-days: 60
      - segment: archives
        units-per-day: 12000
        growth-per-year: 0.3
        elasticity: 2
        quality-threshold: 0.8
        outside-price-usd: 0.13
        prepaid-days: 180
    supply:
      - cohort: home disk
        members: 2500
        potential: 14000
        attention-per-day: 0.003
        capacity-per-day: 4
        hardware-usd: 90
        life-months: 60
        watts: 8
        tariff-usd-per-kwh: 0.28
        hurdle-months: 14
        delivery-days: 14
        sell-share: 0.6
      - cohort: NAS
        members: 700
        potential: 3500
        attention-per-day: 0.003
        capacity-per-day: 20
        hardware-usd: 700
        life-months: 60
        watts: 35
        tariff-usd-per-kwh: 0.22
        hurdle-months: 20
        delivery-days: 21
        uptime: 0.98
      - cohort: rack
        members: 20
        potential: 110
        attention-per-day: 0.003
        capacity-per-day: 600
        hardware-usd: 16000
        life-months: 60
        watts: 700
        tariff-usd-per-kwh: 0.11
        other-usd-per-month: 150
        hurdle-months: 26
        delivery-days: 60
        uptime: 0.99
        sell-share: 0.9
    """

  static let filecoin = """
    scenario: Filecoin from mid-2026
    note: >-
      Power, supply and effective time as the CryptoEconLab forecast of this preset's tests
      ends; price, deals and costs are round assumptions. Most verified deals are free of
      charge on the chain.
    from: 2026-07-19
    unit: TiB day
    unit-price-usd: 0.01
    preset-units-per-unit: 1099511627776
    start:
      supply-tokens: 1290e6
      circulating-tokens: 740e6
      staked-tokens: 110e6
      realized-capacity-days: 15.33e9
    market:
      price-usd: 2
    demand:
      - segment: verified data
        units-per-day: 1100000
        growth-per-year: 0.1
        elasticity: 1
        quality-threshold: 0.9
        outside-price-usd: 0.13
        prepaid-days: 540
      - segment: paid data
        units-per-day: 60000
        growth-per-year: 0.2
        elasticity: 1.5
        outside-price-usd: 0.13
        prepaid-days: 180
    supply:
      - cohort: verified-data provider
        members: 900
        potential: 3000
        capacity-per-day: 2900
        multiplier: 10
        hardware-usd: 70000
        life-months: 84
        watts: 3000
        tariff-usd-per-kwh: 0.09
        other-usd-per-month: 400
        hurdle-months: 30
        delivery-days: 90
        attention-per-day: 0.002
      - cohort: committed-capacity provider
        members: 400
        potential: 2000
        capacity-per-day: 2000
        hardware-usd: 30000
        life-months: 84
        watts: 1400
        tariff-usd-per-kwh: 0.07
        other-usd-per-month: 150
        hurdle-months: 30
        delivery-days: 90
        attention-per-day: 0.002
    """

  static let zeroG = """
    scenario: 0G storage after its launch
    note: Customers pay once for years of storage. All quantities are round assumptions.
    from: 2025-09-21
    unit: TB stored
    unit-price-usd: 40
    preset-units-per-unit: 45000
    start:
      supply-tokens: 1000e6
      circulating-tokens: 210e6
      staked-tokens: 60e6
    market:
      price-usd: 1.5
    demand:
      - segment: rollups and AI logs
        units-per-day: 120
        growth-per-year: 0.6
        elasticity: 1
        outside-price-usd: 120
        prepaid-days: 30
    supply:
      - cohort: storage node
        members: 400
        potential: 8000
        capacity-per-day: 0.6
        hardware-usd: 900
        watts: 60
        tariff-usd-per-kwh: 0.14
        hurdle-months: 24
      - cohort: storage rack
        members: 30
        potential: 400
        capacity-per-day: 12
        hardware-usd: 16000
        watts: 700
        tariff-usd-per-kwh: 0.09
        other-usd-per-month: 150
        hurdle-months: 28
        delivery-days: 60
    """

  static let arweave = """
    scenario: Arweave from 2026
    note: Customers pay once for ever. The endowment, price and costs are round assumptions.
    from: 2026-01-01
    unit: GB stored
    unit-price-usd: 7
    preset-units-per-unit: 1e9
    start:
      supply-tokens: 65.7e6
      circulating-tokens: 65.4e6
      endowment-tokens: 150000
    market:
      price-usd: 5
    demand:
      - segment: archives
        units-per-day: 250
        growth-per-year: 0.2
        elasticity: 1
        outside-price-usd: 30
        prepaid-days: 7
      - segment: bundlers
        units-per-day: 450
        growth-per-year: 0.2
        elasticity: 1.6
        outside-price-usd: 12
        prepaid-days: 7
    supply:
      - cohort: home miner
        members: 150
        potential: 1000
        capacity-per-day: 10
        hardware-usd: 4500
        life-months: 60
        watts: 180
        tariff-usd-per-kwh: 0.18
        hurdle-months: 30
      - cohort: pool miner
        members: 60
        potential: 400
        capacity-per-day: 60
        hardware-usd: 24000
        life-months: 60
        watts: 1000
        tariff-usd-per-kwh: 0.08
        hurdle-months: 30
        delivery-days: 60
    """
}
