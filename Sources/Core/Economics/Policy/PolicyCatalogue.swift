import Primitives

/// The policies that a genesis may name: `commons/0`, or `preset/NAME` with the preset's rules.
package enum PolicyCatalogue {
  private static let presetPrefix = "preset/"

  /// What a genesis calls the policy of a network that settles by a preset.
  package static func id(of preset: Preset) -> String { presetPrefix + preset.name }

  /// Whether a policy is a preset's, so that epochs are settled by `Preset.settle`.
  package static func isPreset(_ id: String) -> Bool { id.hasPrefix(presetPrefix) }

  /// The parameters of a policy, or nil when there is no such policy. A preset's rules say what
  /// burns; bonds and the division of slashes are as on `commons/0`.
  package static func parameters(of id: String) -> [PolicyParameter]? {
    if id == CommonsPolicy.id { return CommonsPolicy.parameters }
    return isPreset(id) ? CommonsPolicy.parametersBesidesBurn : nil
  }

  /// The policy under the values in force, or nil when there is no such policy.
  package static func policy(
    _ id: String, parameter value: (_ name: String) -> UInt128
  ) -> (any Policy)? {
    if id == CommonsPolicy.id { return CommonsPolicy(parameter: value) }
    guard isPreset(id) else { return nil }
    return CommonsPolicy { name in
      CommonsPolicy.parametersBesidesBurn.contains { $0.name == name } ? value(name) : 0
    }
  }
}
