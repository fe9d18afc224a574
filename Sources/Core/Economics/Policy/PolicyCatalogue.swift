import Primitives

/// The policies that a genesis may name.
package enum PolicyCatalogue {
  /// The parameters of a policy, or nil when there is no such policy.
  package static func parameters(of id: String) -> [PolicyParameter]? {
    id == CommonsPolicy.id ? CommonsPolicy.parameters : nil
  }

  /// The policy under the values in force, or nil when there is no such policy.
  package static func policy(
    _ id: String, parameter value: (_ name: String) -> UInt128
  ) -> (any Policy)? {
    id == CommonsPolicy.id ? CommonsPolicy(parameter: value) : nil
  }
}
