/// What settling an epoch reads of a preset: the rules in force, the calendar, the genesis.
///
/// Rules are a large value, so that handing them on costs more than what most epochs reckon. They
/// are kept here once, for all epochs in which they hold, and are read in place.
final class SettlementScene: Sendable {
  let rules: PolicyRules
  let calendar: EpochCalendar
  let allocations: [Preset.Allocation]

  init(rules: PolicyRules, calendar: EpochCalendar, allocations: [Preset.Allocation]) {
    self.rules = rules
    self.calendar = calendar
    self.allocations = allocations
  }
}

/// A preset's scenes, in the order of its rules: made from the rest of it, so that two presets are
/// the same whatever their scenes.
struct SettlementScenes: Hashable, Sendable {
  private let scenes: [SettlementScene]

  init(_ rules: [PolicyRules], calendar: EpochCalendar, allocations: [Preset.Allocation]) {
    scenes = rules.map {
      SettlementScene(rules: $0, calendar: calendar, allocations: allocations)
    }
  }

  /// Of the rules in force at a time: the last that began, or the first.
  func scene(at time: UnixTime) -> SettlementScene? {
    for scene in scenes.reversed() where scene.rules.effectiveFrom <= time { return scene }
    return scenes.first
  }

  static func == (left: SettlementScenes, right: SettlementScenes) -> Bool { true }
  func hash(into hasher: inout Hasher) {}
}
