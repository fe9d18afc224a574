import Foundation

/// What was asked for on the command line: names of benchmarks, and sizes as `name=value`.
struct BenchmarkSettings: Sendable {
  private let wanted: Set<String>
  private let values: [String: String]

  init(arguments: some Sequence<String>) {
    var wanted: Set<String> = []
    var values: [String: String] = [:]
    for argument in arguments {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { values[parts[0]] = parts[1] } else { wanted.insert(argument) }
    }
    self.wanted = wanted
    self.values = values
  }

  /// The names that were asked for and that are none of `known`.
  func unknown(among known: Set<String>) -> [String] { wanted.subtracting(known).sorted() }

  /// Whether a benchmark runs: when it was named, or when none was and it is `byDefault` one.
  func wants(_ name: String, byDefault: Bool = true) -> Bool {
    wanted.isEmpty ? byDefault : wanted.contains(name)
  }

  /// A size, such as `accounts=1000000`.
  func size(_ name: String, _ standard: Int) -> Int { values[name].flatMap(Int.init) ?? standard }

  /// Where files are made: `directory=…`, or the machine's directory for temporary files.
  var directory: String { values["directory"] ?? FileManager.default.temporaryDirectory.path }
}
