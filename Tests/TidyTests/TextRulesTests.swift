import Testing

/// What every file keeps to: width, white space, nothing left open, no trap on foreign input.
@Suite struct TextRulesTests {
  @Test func swiftFilesKeepToTheRules() throws {
    var findings: [Finding] = []
    for folder in ["Sources", "Tests"] {
      for file in try Repository.swiftFiles(under: folder) {
        findings += Self.textual(file) + Self.locks(file)
      }
    }
    for file in try Repository.swiftFiles(under: "Sources") { findings += Self.traps(file) }
    #expect(findings.isEmpty, "\(lines(findings))")
  }

  @Test func eachRuleSeesItsCase() {
    let wide = String(repeating: "x", count: 101)
    let open = "// TO" + "DO: later"
    for text in [wide, "let a = 1 ", "\tlet a = 1", open] {
      #expect(Self.textual(.example(text)).count == 1, "\(text)")
    }
    for text in ["try! f()", "let a = b!", "x as! Int", "f(a!.count)", "list[0]!"] {
      #expect(!Self.traps(.example(text)).isEmpty, "\(text)")
    }
    for text in ["if a != b {}", "// wow!", "let a = \"no!\"", "if !done {}"] {
      #expect(Self.traps(.example(text)).isEmpty, "\(text)")
    }
    for text in ["let a = Mutex(0)", "let a: Mutex<Int>", "private let a = NIOLock()"] {
      #expect(Self.locks(.example(text)).count == 1, "\(text)")
    }
    #expect(Self.locks(.example("let a = Locked(0)  // no Mutex")).isEmpty)
    let long = String(repeating: "\n", count: 701)
    #expect(Self.textual(.example(long)).count == 1)
  }

  static func textual(_ file: SourceFile) -> [Finding] {
    var findings: [Finding] = []
    for (index, line) in file.lines.enumerated() {
      if line.count > 100 { findings.append(Finding(file, index + 1, "over 100 columns")) }
      if line.last == " " || line.last == "\t" {
        findings.append(Finding(file, index + 1, "white space at the end"))
      }
      if line.contains("\t"), line.last != "\t" {
        findings.append(Finding(file, index + 1, "a tab: indent with two spaces"))
      }
      if line.contains("TO" + "DO") || line.contains("FIX" + "ME") {
        findings.append(Finding(file, index + 1, "left open"))
      }
    }
    if file.lines.count > 700 {
      findings.append(Finding(file, 1, "\(file.lines.count) lines: is it about one thing?"))
    }
    return findings
  }

  /// Forced tries, casts and unwraps: each is a crash that some input may find.
  static func traps(_ file: SourceFile) -> [Finding] {
    file.code.enumerated().compactMap { index, line in
      line.firstMatch(of: /\btry!|\bas!|[\w\)\]\}]!(?=[\s\.\),\]\?:\[]|$)/).map {
        Finding(file, index + 1, "`\($0.output)` can crash the process")
      }
    }
  }
  private static let foreignLocks: Set<Substring> = [
    "Mutex", "NIOLock", "NIOLockedValueBox", "NSLock", "NSRecursiveLock",
  ]

  /// `Locked` is the only lock: others may be inlined into async functions, which the optimiser
  /// does not survive.
  static func locks(_ file: SourceFile) -> [Finding] {
    guard !file.path.hasSuffix("/Locks/Locked.swift") else { return [] }
    return file.code.enumerated().compactMap { index, line in
      line.matches(of: /\w+/).map(\.output).first(where: foreignLocks.contains).map {
        Finding(file, index + 1, "`\($0)`: use `Locked`, of the module Locks")
      }
    }
  }
}
