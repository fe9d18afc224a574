import Foundation
import TestSupport

/// One Swift file of the repository, as the rules read it.
struct SourceFile: Sendable {
  /// The path from the repository's root, such as `Sources/Core/Ledger/Lease.swift`.
  let path: String
  let lines: [String]

  /// The file's name without `.swift`.
  var name: String { String((path.split(separator: "/").last ?? "").dropLast(6)) }

  /// The lines with comments and the insides of string literals blanked, for rules about code.
  var code: [String] {
    var inBlock = false
    return lines.map { Self.blank($0, &inBlock) }
  }

  /// The modules it imports, each with its line number.
  var imports: [(module: String, line: Int)] {
    code.enumerated().compactMap { index, line in
      guard let match = line.firstMatch(of: Self.importLine) else { return nil }
      return (String(match.output.1), index + 1)
    }
  }

  private static var importLine: Regex<(Substring, Substring)> {
    #/
      ^\s* (?: @\w+ (?:\(\w+\))? \s+ )* (?:\w+\s+)? import \s+
      (?: (?:struct|enum|class|func|protocol|let|var|typealias) \s+ )?
      (\w+)
    /#
  }

  /// Blanks comments and what stands between double quotes; an interpolation goes with its literal.
  /// Inside `"""` everything is blanked.
  private static func blank(_ line: String, _ inBlock: inout Bool) -> String {
    let marks = line.components(separatedBy: "\"\"\"").count - 1
    if inBlock {
      if marks % 2 == 1 { inBlock = false }
      return ""
    }
    if marks % 2 == 1 { inBlock = true }
    var result = ""
    var inString = false
    var previous: Character = " "
    for character in line {
      if character == "\"" && previous != "\\" {
        inString.toggle()
        result.append(character)
      } else if !inString {
        if character == "/" && previous == "/" {
          result.removeLast()
          return result
        }
        result.append(character)
      }
      previous = previous == "\\" && character == "\\" ? " " : character
    }
    return result
  }
}

/// Where a rule is broken.
struct Finding: CustomStringConvertible, Hashable {
  let path: String
  let line: Int
  let message: String
  var description: String { "\(path):\(line): \(message)" }

  init(_ file: SourceFile, _ line: Int, _ message: String) {
    path = file.path
    self.line = line
    self.message = message
  }
}

/// The repository's files.
enum Repository {
  /// All Swift files under `folder` that people wrote, in order of their paths.
  static func swiftFiles(under folder: String) throws -> [SourceFile] {
    try paths(under: folder).filter {
      $0.hasSuffix(".swift") && !$0.hasSuffix(".pb.swift")
    }.map { path in
      SourceFile(path: path, lines: try text(path).components(separatedBy: "\n"))
    }
  }

  /// All paths under `folder`, from the root, sorted.
  static func paths(under folder: String) throws -> [String] {
    let names = try FileManager.default.subpathsOfDirectory(
      atPath: SourceTree.root + "/" + folder)
    return names.map { folder + "/" + $0 }.sorted()
  }

  /// A text file's content.
  static func text(_ path: String) throws -> String {
    try String(contentsOfFile: SourceTree.root + "/" + path, encoding: .utf8)
  }
}

extension SourceFile {
  /// A file for the tests of the rules themselves.
  static func example(_ text: String, path: String = "Sources/Core/Ledger/Example.swift") -> Self {
    SourceFile(path: path, lines: text.components(separatedBy: "\n"))
  }
}
