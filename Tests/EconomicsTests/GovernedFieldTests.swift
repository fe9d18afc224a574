import Primitives
import TestSupport
import Testing

@testable import Economics

@Suite struct GovernedFieldTests {
  private static let commons = Preset.commons.rules[0]

  @Test func standardValuesAreTheRulesOwn() {
    for rules in PresetCatalogue.all.flatMap(\.rules) {
      let standard = rules.governed(by: { name in
        rules.governed.first { $0.name == name }?.standard ?? 0
      })
      #expect(standard == rules, "\(rules.id)")
      for parameter in rules.governed {
        #expect(parameter.minimum <= parameter.standard, "\(rules.id): \(parameter.name)")
        #expect(parameter.standard <= parameter.maximum, "\(rules.id): \(parameter.name)")
      }
    }
    #expect(Self.commons.governed.count == 5)
  }

  /// No vote makes self-dealing pay: the burn is always above the subsidy.
  @Test func noVoteMakesSelfDealingPay() throws {
    var random = SeededGenerator.fromEnvironment(default: 401)
    for extreme in 0..<50 {
      let rules = Self.commons.governed(by: { name in
        if extreme == 0 { return name.contains("burn") ? 0 : .max }
        return UInt128.random(in: 0...2_000_000, using: &random)
      })
      let burn = try #require(GovernedField.burn.value(in: rules))
      let subsidy = try #require(GovernedField.subsidy.value(in: rules))
      #expect(burn > subsidy, "seed \(random.seed)")
      var preset = Preset.commons
      preset.rules = [rules]
      #expect(preset.problems().isEmpty, "\(preset.problems())")
    }
  }

  @Test func valuesInForceAreApplied() {
    let rules = Self.commons.governed(by: { name in
      ["economics.vesting-epochs": 30, "economics.burn-per-million": 200_000][name] ?? 0
    })
    #expect(rules.vesting?.epochs == 30)
    #expect(rules.revenue == [RevenueShare(perMillion: 200_000, to: .burn)])
  }
}
