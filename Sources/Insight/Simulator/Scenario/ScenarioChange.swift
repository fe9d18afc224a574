import Yams

/// Puts another value into a scenario before it is read: `--set market.price-usd=2`.
enum ScenarioChange {
  /// - Throws: ``ScenarioError`` when the path leads nowhere.
  static func apply(
    _ path: String, _ value: String, to node: inout Node, _ file: String
  ) throws(ScenarioError) {
    let steps = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    try descend(steps[...], path, value, &node, file)
  }

  private static func descend(
    _ steps: ArraySlice<String>, _ path: String, _ value: String, _ node: inout Node,
    _ file: String
  ) throws(ScenarioError) {
    func wrong(_ problem: String) -> ScenarioError {
      ScenarioError(file: file, field: path, problem: problem)
    }
    guard let step = steps.first, !step.isEmpty else { throw wrong("is no path to a field") }
    let (name, label) = try element(step, wrong)
    guard var mapping = node.mapping else { throw wrong("has nothing below \(step)") }
    var child = mapping[name] ?? Node(value)
    if let label {
      guard var sequence = child.sequence else { throw wrong("\(name) is no list") }
      guard let index = index(label, in: sequence) else {
        throw wrong("\(name) has no entry \(label)")
      }
      try descend(steps.dropFirst(), path, value, &sequence[index], file)
      child = .sequence(sequence)
    } else if steps.count == 1 {
      if child.scalar == nil { throw wrong("is not a single value") }
      child = .scalar(Node.Scalar(value, Tag(.implicit), .any, child.mark))
    } else {
      guard mapping[name] != nil else { throw wrong("there is no \(name)") }
      try descend(steps.dropFirst(), path, value, &child, file)
    }
    mapping[name] = child
    node = .mapping(mapping)
  }

  /// `supply[2]` or `supply[home]` → the list and the entry; `market` → the field alone.
  private static func element(
    _ step: String, _ wrong: (String) -> ScenarioError
  ) throws(ScenarioError) -> (name: String, label: String?) {
    guard let open = step.firstIndex(of: "[") else { return (step, nil) }
    guard step.hasSuffix("]") else { throw wrong("lacks a ]") }
    let label = step[step.index(after: open)...].dropLast()
    if label.isEmpty { throw wrong("has nothing within [ ]") }
    return (String(step[..<open]), String(label))
  }

  private static func index(_ label: String, in list: Node.Sequence) -> Int? {
    if let number = Int(label) { return list.indices.contains(number) ? number : nil }
    return list.firstIndex { entry in
      ["cohort", "segment", "name"].contains { entry.mapping?[$0]?.string == label }
    }
  }
}
