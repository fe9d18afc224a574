// The presets' own scenarios, as YAML that a founder may print, change and use.
extension BuiltInScenarios {
  static let render = """
    scenario: Render from its third year
    note: Supply as the preset's schedule has it; price, jobs and costs are round assumptions.
    from: 2025-12-20
    unit: GPU hour
    unit-price-usd: 0.8
    start:
      supply-tokens: 533e6
      circulating-tokens: 519e6
    market:
      price-usd: 2.5
    demand:
      - segment: studios
        units-per-day: 15000
        growth-per-year: 0.25
        elasticity: 1
        quality-threshold: 0.95
        outside-price-usd: 2
        prepaid-days: 30
      - segment: artists
        units-per-day: 6000
        growth-per-year: 0.2
        elasticity: 1.8
        outside-price-usd: 1.2
        prepaid-days: 14
    supply:
      - cohort: gaming PC
        members: 3500
        potential: 30000
        capacity-per-day: 24
        hardware-usd: 1800
        watts: 350
        tariff-usd-per-kwh: 0.2
        uptime: 0.6
        hurdle-months: 18
      - cohort: GPU rig
        members: 300
        potential: 4000
        capacity-per-day: 192
        hardware-usd: 15000
        watts: 2600
        tariff-usd-per-kwh: 0.1
        hurdle-months: 24
        delivery-days: 45
    """

  static let akash = """
    scenario: Akash after AEP-76
    note: >-
      700 GPUs, of which 78 % are used, as published; price, supply and costs are round
      assumptions.
    from: 2026-03-23
    unit: GPU hour
    unit-price-usd: 1.3
    preset-units-per-unit: 0.0416667
    start:
      supply-tokens: 290e6
      circulating-tokens: 160e6
      staked-tokens: 125e6
    market:
      price-usd: 0.8
    demand:
      - segment: AI teams
        units-per-day: 9000
        growth-per-year: 0.5
        elasticity: 1.3
        quality-threshold: 0.95
        outside-price-usd: 2.5
        prepaid-days: 14
      - segment: developers
        units-per-day: 4100
        growth-per-year: 0.3
        elasticity: 1.8
        outside-price-usd: 1.8
        prepaid-days: 14
    supply:
      - cohort: workstation GPU
        members: 200
        potential: 5000
        capacity-per-day: 24
        hardware-usd: 2200
        watts: 400
        tariff-usd-per-kwh: 0.18
        hurdle-months: 16
        delivery-days: 21
      - cohort: H100 server
        members: 62
        potential: 1500
        capacity-per-day: 192
        hardware-usd: 230000
        life-months: 60
        watts: 9000
        tariff-usd-per-kwh: 0.08
        other-usd-per-month: 900
        hurdle-months: 30
        delivery-days: 90
        cost-of-capital-per-year: 0.12
    """

  static let ioNet = """
    scenario: io.net after June 2026
    note: >-
      The dollar target is the preset's assumption; devices, price and costs are round
      assumptions.
    from: 2026-06-11
    unit: GPU hour
    unit-price-usd: 1.2
    preset-units-per-unit: 0.0416667
    start:
      supply-tokens: 800e6
      circulating-tokens: 320e6
      staked-tokens: 30e6
    market:
      price-usd: 0.4
    demand:
      - segment: AI teams
        units-per-day: 40000
        growth-per-year: 0.4
        elasticity: 1.4
        quality-threshold: 0.95
        outside-price-usd: 2.2
        prepaid-days: 14
    supply:
      - cohort: gaming PC
        members: 2500
        potential: 30000
        capacity-per-day: 24
        hardware-usd: 1800
        watts: 350
        tariff-usd-per-kwh: 0.2
        uptime: 0.8
        hurdle-months: 16
      - cohort: 8-GPU server
        members: 450
        potential: 3000
        capacity-per-day: 192
        multiplier: 2
        hardware-usd: 120000
        watts: 6000
        tariff-usd-per-kwh: 0.08
        other-usd-per-month: 700
        hurdle-months: 28
        delivery-days: 75
    """

  static let bittensor = """
    scenario: Bittensor after its first halving
    note: Supply as the rules have it; price, paid use and costs are round assumptions.
    from: 2025-12-15
    unit: thousand requests
    unit-price-usd: 0.5
    start:
      supply-tokens: 10.5e6
      circulating-tokens: 3.2e6
      staked-tokens: 7.2e6
    market:
      price-usd: 280
    demand:
      - segment: inference
        units-per-day: 60000
        growth-per-year: 0.5
        elasticity: 1.4
        outside-price-usd: 1
        prepaid-days: 14
    supply:
      - cohort: GPU miner
        role: miner
        members: 6000
        potential: 12000
        capacity-per-day: 60
        hardware-usd: 14000
        watts: 1200
        tariff-usd-per-kwh: 0.1
        hurdle-months: 14
        delivery-days: 30
      - cohort: cluster miner
        role: miner
        members: 800
        potential: 2000
        capacity-per-day: 200
        hardware-usd: 60000
        watts: 5000
        tariff-usd-per-kwh: 0.07
        other-usd-per-month: 500
        hurdle-months: 16
        delivery-days: 60
    """

  static let aethir = """
    scenario: Aethir in its third year
    note: The pools as the preset has them; devices, price and costs are round assumptions.
    from: 2026-06-12
    unit: GPU hour
    unit-price-usd: 0.9
    preset-units-per-unit: 0.0416667
    start:
      supply-tokens: 42000e6
      circulating-tokens: 15000e6
      staked-tokens: 1500e6
    market:
      price-usd: 0.03
    demand:
      - segment: games
        units-per-day: 60000
        growth-per-year: 0.2
        elasticity: 1
        outside-price-usd: 1.6
        prepaid-days: 30
      - segment: AI teams
        units-per-day: 50000
        growth-per-year: 0.3
        elasticity: 1.4
        outside-price-usd: 2
        prepaid-days: 30
    supply:
      - cohort: edge box
        role: edge
        members: 8000
        potential: 40000
        capacity-per-day: 24
        hardware-usd: 900
        watts: 60
        tariff-usd-per-kwh: 0.16
        uptime: 0.9
        hurdle-months: 18
      - cohort: GPU cluster
        role: edge
        members: 120
        potential: 600
        capacity-per-day: 1536
        multiplier: 3
        hardware-usd: 900000
        watts: 40000
        tariff-usd-per-kwh: 0.08
        other-usd-per-month: 4000
        hurdle-months: 28
        delivery-days: 90
    """
}
