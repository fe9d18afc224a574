import Foundation

/// Golden values: what an encoding or a hash has always been, one `name value` line each, in
/// `Tests/Golden/<file>.txt`.
///
/// A format change becomes an explicit decision: the test fails until the line is edited by hand. A
/// name without a line is a mismatch too; its error shows the line to add.
package struct Golden: Sendable {
  private let file: String
  private let values: [String: String]

  /// Reads `Tests/Golden/<file>.txt`; a missing file has no lines.
  package init(_ file: String) {
    self.file = file
    let path = SourceTree.root + "/Tests/Golden/\(file).txt"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
    }
    self.values = values
  }

  /// Checks one value.
  /// - Throws: ``Mismatch`` with both values.
  package func check(_ name: String, _ actual: String) throws {
    guard values[name] == actual else {
      throw Mismatch(file: file, name: name, recorded: values[name], actual: actual)
    }
  }

  /// A value that is not what it was.
  package struct Mismatch: Error, CustomStringConvertible {
    let file, name: String
    let recorded: String?
    let actual: String

    package var description: String {
      "Tests/Golden/\(file).txt says \(recorded ?? "nothing") for \(name); it is now:\n"
        + "\(name) \(actual)"
    }
  }
}
