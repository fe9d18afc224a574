/// What Package.swift says, as far as the import rules need it.
struct PackageDescription {
  /// One target of ours.
  struct Target {
    let name: String
    /// `Core`, `Services/Storage`, …
    let folder: String
    /// The modules that it may import, besides the toolchain's own.
    let dependencies: Set<String>
  }

  let targets: [Target]

  /// Reads the text of Package.swift.
  init(_ text: String) {
    var products: [String: String] = [:]
    for match in text.matches(of: /let (\w+) = Target\.Dependency\.product\(\s*name: "(\w+)"/) {
      products[String(match.output.1)] = String(match.output.2)
    }
    var targets: [Target] = []
    for match in text.matches(of: /ours\(\s*"(\w+)", in: "([\w\/]+)",\s*\[([^\]]*)\]/) {
      targets.append(
        Target(
          name: String(match.output.1), folder: String(match.output.2),
          dependencies: Self.modules(in: match.output.3, products)))
    }
    let command = /name: "trellis",\s*dependencies: \[([^\]]*)\]/
    if let match = text.firstMatch(of: command) {
      targets.append(
        Target(
          name: "trellis", folder: "", dependencies: Self.modules(in: match.output.1, products)))
    }
    self.targets = targets
  }

  private static func modules(in list: Substring, _ products: [String: String]) -> Set<String> {
    var modules: Set<String> = []
    for word in list.split(whereSeparator: { ", \n".contains($0) }) {
      if word.hasPrefix("\"") {
        modules.insert(word.trimmingCharacters(in: ["\""]))
      } else if let module = products[String(word)] {
        modules.insert(module)
      }
    }
    return modules
  }
}

extension Substring {
  fileprivate func trimmingCharacters(in characters: Set<Character>) -> String {
    var part = self
    while let first = part.first, characters.contains(first) { part.removeFirst() }
    while let last = part.last, characters.contains(last) { part.removeLast() }
    return String(part)
  }
}
