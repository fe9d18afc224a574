import Testing

/// Names and documents: what a declaration says of itself, and that documents can be found.
@Suite struct DocumentationTests {
  @Test func packageDeclarationsAreDocumented() throws {
    var findings: [Finding] = []
    let files = try Repository.swiftFiles(under: "Sources")
    let required = files.reduce(into: Set<String>()) { $0.formUnion(Self.requirements(in: $1)) }
    for file in files { findings += Self.undocumented(file, required: required) }
    #expect(findings.isEmpty, "\(lines(findings))")
  }

  @Test func filesAreNamedAfterTheirContent() throws {
    let modules = Set(ImportRulesTests.layers.joined())
    var findings: [Finding] = []
    for file in try Repository.swiftFiles(under: "Sources") {
      findings += Self.misnamed(file, modules: modules)
    }
    #expect(findings.isEmpty, "\(lines(findings))")
  }

  @Test func eachDecisionIsLinked() throws {
    let all = try Repository.paths(under: "docs").filter { $0.hasSuffix(".md") }
    let decisions = all.filter { $0.hasPrefix("docs/decisions/") && !$0.hasSuffix("README.md") }
    var text = try Repository.text("README.md")
    for path in all where !decisions.contains(path) { text += try Repository.text(path) }
    for decision in decisions {
      let name = decision.split(separator: "/").last ?? ""
      let isLinked = text.contains(name)
      #expect(isLinked, "\(decision) is linked from no other document")
    }
  }

  @Test func theRulesSeeTheirCases() {
    let bare = SourceFile.example("package struct Example {}\npackage func go() {}")
    #expect(Self.undocumented(bare).map(\.line) == [1, 2])
    let good = SourceFile.example("/// What it is.\n@frozen\npackage struct Example {}")
    #expect(Self.undocumented(good).isEmpty)
    let other = SourceFile.example("struct Other {}")
    #expect(Self.misnamed(other, modules: []).count == 1)
    let module = SourceFile.example("enum Ledger {}", path: "Sources/Core/Ledger/Ledger.swift")
    #expect(Self.misnamed(module, modules: ["Ledger"]).count == 1)
  }

  /// The functions that our protocols require: documented there, not again in each conformance.
  static func requirements(in file: SourceFile) -> Set<String> {
    var names: Set<String> = []
    var inProtocol = false
    for line in file.code {
      if line.hasPrefix("protocol ") || line.contains("package protocol ") { inProtocol = true }
      if line.hasPrefix("}") { inProtocol = false }
      if inProtocol, let match = line.firstMatch(of: /^\s+(?:(?:mutating|static) )*func (\w+)/) {
        names.insert(String(match.output.1))
      }
    }
    return names
  }

  /// Types and functions visible outside their module without a `///` line above. Requirements of
  /// well-known protocols explain themselves.
  static func undocumented(_ file: SourceFile, required: Set<String> = []) -> [Finding] {
    let declaration =
      #/
      ^\s* (?: @\w+ (?:\([^)]*\))? \s+ )* package \s+
      (?: (?:static|mutating|final|nonisolated|indirect|consuming|borrowing) \s+ )*
      (struct|enum|class|actor|protocol|typealias|func) \s+ ([^\s<(:]+)
      /#
    let evident: Set<String> = [
      "encode", "==", "<", "hash", "next", "makeAsyncIterator", "makeIterator", "Context", "log",
      "makeCounter", "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer",
      "destroyCounter", "destroyFloatingPointCounter", "destroyMeter", "destroyRecorder",
      "destroyTimer",
    ]
    return file.lines.enumerated().compactMap { index, line in
      guard let match = line.firstMatch(of: declaration) else { return nil }
      let name = String(match.output.2)
      if evident.contains(name) || required.contains(name) { return nil }
      var above = index - 1
      while above >= 0, file.lines[above].firstMatch(of: /^\s*@/) != nil { above -= 1 }
      if above >= 0, file.lines[above].firstMatch(of: /^\s*\/\/\//) != nil { return nil }
      return Finding(file, index + 1, "`\(name)` is visible outside its module and says nothing")
    }
  }

  /// A file with a single type is named after it, and no type has a module's name.
  static func misnamed(_ file: SourceFile, modules: Set<String>) -> [Finding] {
    let declaration =
      #/
      ^ (?: @\w+ (?:\([^)]*\))? \s+ )* (?: (?:package|public|internal|final|indirect) \s+ )*
      (?:struct|enum|class|actor|protocol) \s+ (\w+)
      /#
    let types = file.code.enumerated().compactMap { index, line in
      line.firstMatch(of: declaration).map { (name: String($0.output.1), line: index + 1) }
    }
    var findings = types.filter { modules.contains($0.name) }
      .map { Finding(file, $0.line, "`\($0.name)` has its module's name") }
    let stem = String(file.name.split(separator: "+").first ?? "")
    if types.count == 1, types[0].name != stem, findings.isEmpty {
      findings.append(
        Finding(file, types[0].line, "the file's one type is `\(types[0].name)`"))
    }
    return findings
  }
}
