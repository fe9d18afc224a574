import Testing

/// The pure targets can be replayed: no clock, file, socket, task, floating point, random number,
/// and no order that a hash table chose.
@Suite struct PurityTests {
  static let pureFolders = [
    "Sources/Core/Primitives", "Sources/Core/Cryptography", "Sources/Core/Economics",
    "Sources/Core/ServiceKit", "Sources/Core/Ledger", "Sources/Core/LightClient",
    "Sources/Services/Catalogue",
    "Sources/Services/Storage/StorageService",
  ]

  static let forbiddenModules: Set<String> = [
    "Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "Musl", "Dispatch",
    "Synchronization", "_Concurrency",
  ]

  @Test func pureTargetsStayPure() throws {
    var findings: [Finding] = []
    for folder in Self.pureFolders {
      for file in try Repository.swiftFiles(under: folder) {
        findings += Self.forbiddenImports(in: file) + Self.forbiddenWords(in: file)
        findings += Self.unorderedIteration(in: file)
      }
    }
    #expect(findings.isEmpty, "\(lines(findings))")
  }

  @Test(arguments: [
    "import Foundation", "let x: Double = 1", "let f = Float(3)", "Task { }", "await something()",
    "let d = Date()", "let r = UInt64.random(in: 0...3)", "let c = ContinuousClock()",
    "FileManager.default.contents(atPath: path)", "var hasher = Hasher()",
    "var seen: Set<Int> = []\nfor x in seen { }",
    "let table: [String: Int] = [:]\nlet all = table.map { $0 }",
    "var table = [String: Int]()\nfor (k, v) in table {}",
    "let table: [String: Int]\nlet v = table.values.first",
  ])
  func eachRuleSeesItsCase(text: String) {
    let file = SourceFile.example(text)
    let findings =
      Self.forbiddenImports(in: file) + Self.forbiddenWords(in: file)
      + Self.unorderedIteration(in: file)
    #expect(!findings.isEmpty)
  }

  @Test(arguments: [
    "/// No Double and no Date here.", "let text = \"Task { Double }\"",
    "var seen: Set<Int> = []\nfor x in seen.sorted() { }",
    "let table: [String: Int] = [:]\nlet one = table[\"a\"]",
    "let list: [Int] = []\nfor x in list { }",
  ])
  func cleanCodePasses(text: String) {
    let file = SourceFile.example(text)
    #expect(Self.forbiddenWords(in: file).isEmpty && Self.unorderedIteration(in: file).isEmpty)
  }

  static func forbiddenImports(in file: SourceFile) -> [Finding] {
    file.imports.filter { forbiddenModules.contains($0.module) }
      .map { Finding(file, $0.line, "a pure target must not import \($0.module)") }
  }

  static func forbiddenWords(in file: SourceFile) -> [Finding] {
    let word =
      #/
      \b(?: Double|Float|Float16|CGFloat|Date|FileManager|ContinuousClock|SuspendingClock
      | async|await|actor|Task|Hasher\(\)|print\( )(?!\w)
      | \.random\( | \.shuffled?\(\) | \.randomElement\(
      /#.wordBoundaryKind(.simple)
    return file.code.enumerated().compactMap { index, line in
      line.firstMatch(of: word).map {
        Finding(file, index + 1, "`\($0.output)` has no place in a pure target")
      }
    }
  }

  /// A heuristic within one file: names declared with a dictionary's or a set's type must not be
  /// walked unless the same line sorts. A line with `order-free:` and a reason is let through.
  static func unorderedIteration(in file: SourceFile) -> [Finding] {
    let declaration =
      #/
      \b(?:var|let)\s+(\w+)\s*
      (?: :\s*(?: \[[^\[\](]+:\s*.+\] | Set< | Dictionary< )
      | =\s*(?: \[[^\[\]]+:[^\[\]]+\]\( | Set< | Set\( | Dictionary\( ) )
      /#.wordBoundaryKind(.simple)
    let walk =
      #/
      \bin\s+(?:self\.)?(\w+)(?:\.keys|\.values)?\s*(?:\{|where)
      | \b(\w+)\.(?:map|compactMap|flatMap|forEach|filter|reduce|keys|values|first)\b
      /#.wordBoundaryKind(.simple)
    var names: Set<String> = []
    for line in file.code {
      if let match = line.firstMatch(of: declaration) { names.insert(String(match.output.1)) }
    }
    var findings: [Finding] = []
    for (index, line) in file.code.enumerated() {
      if line.contains("sorted") || file.lines[index].contains("order-free:") { continue }
      for match in line.matches(of: walk) {
        let name = String(match.output.1 ?? match.output.2 ?? "")
        if names.contains(name) {
          findings.append(
            Finding(file, index + 1, "`\(name)` has no order of its own: sort first"))
        }
      }
    }
    return findings
  }
}
