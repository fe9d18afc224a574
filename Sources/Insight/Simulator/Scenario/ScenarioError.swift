/// What is wrong with a scenario, with the place.
package struct ScenarioError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, or what stands for it.
  package let file: String
  /// The line from 1 on, where it is known.
  package let line: Int?
  /// The field, such as `supply[2].tariff-usd-per-kwh`.
  package let field: String?
  /// What is wrong, with the value, and what would be right.
  package let problem: String

  package init(file: String, line: Int? = nil, field: String? = nil, problem: String) {
    self.file = file
    self.line = line
    self.field = field
    self.problem = problem
  }

  package var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return field.map { "\(place): \($0): \(problem)" } ?? "\(place): \(problem)"
  }
}
