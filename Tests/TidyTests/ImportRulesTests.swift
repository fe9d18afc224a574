import Testing

/// Imports run downward only, and only to what Package.swift names.
@Suite struct ImportRulesTests {
  /// Our targets from the bottom up; a target may import only those of lower rows.
  static let layers: [[String]] = [
    ["Primitives"],
    ["Cryptography", "Economics", "ErasureCoding"],
    ["ServiceKit"],
    ["Ledger", "StorageService", "LightClient"],
    ["Catalogue"],
    ["Locks"],
    ["Telemetry", "LedgerStore", "NodeLink"],
    ["Consensus", "ChainClient"],
    ["ABCI", "ProviderAgent", "GatewayKit"],
    ["StorageProvider", "StorageGateway"],
    ["PresetFiles", "Dashboard", "Simulator"],
    ["trellis"],
  ]

  /// Modules of the toolchain, which Package.swift does not name.
  static let toolchain: Set<String> = [
    "Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "Musl", "Darwin",
    "Dispatch", "Synchronization", "Swift", "_Concurrency", "Testing",
  ]

  /// Modules that come with a product under another name.
  static let companions: [String: Set<String>] = [
    "Hummingbird": ["HummingbirdCore", "HTTPTypes", "NIOCore", "NIOHTTP1", "Logging"],
    "NIOPosix": ["NIOConcurrencyHelpers"],
    "NIOCore": ["NIOFoundationCompat", "NIOConcurrencyHelpers"],
    "Metrics": ["CoreMetrics"],
    "Crypto": ["CryptoExtras", "_CryptoExtras"],
    "AsyncHTTPClient": ["NIOHTTP1"],
  ]

  @Test func eachImportIsAllowed() throws {
    let package = PackageDescription(try Repository.text("Package.swift"))
    #expect(package.targets.count == Self.layers.joined().count)
    var findings: [Finding] = []
    for target in package.targets {
      let folder = ["Sources", target.folder, target.name].filter { !$0.isEmpty }
      for file in try Repository.swiftFiles(under: folder.joined(separator: "/")) {
        findings += Self.violations(in: file, of: target)
      }
    }
    #expect(findings.isEmpty, "\(lines(findings))")
  }

  @Test func theRuleSeesAnUpwardImport() {
    let target = PackageDescription.Target(
      name: "Ledger", folder: "Core", dependencies: ["Primitives", "Consensus"])
    let upward = SourceFile.example("import Primitives\nimport Consensus\n")
    #expect(Self.violations(in: upward, of: target).map(\.line) == [2])
    let undeclared = SourceFile.example("package import ServiceKit\n@testable import GRDB")
    #expect(Self.violations(in: undeclared, of: target).map(\.line) == [1, 2])
  }

  static func violations(
    in file: SourceFile, of target: PackageDescription.Target
  ) -> [Finding] {
    let own = Set(layers.joined())
    let rank = rank(target.name)
    var allowed = target.dependencies.union(toolchain)
    for dependency in target.dependencies { allowed.formUnion(companions[dependency] ?? []) }
    return file.imports.compactMap { module, line in
      if own.contains(module), Self.rank(module) >= rank {
        return Finding(file, line, "\(target.name) must not import \(module): it lies above")
      }
      if !allowed.contains(module) {
        return Finding(file, line, "\(target.name) imports \(module), not named in Package.swift")
      }
      return nil
    }
  }

  private static func rank(_ name: String) -> Int {
    layers.firstIndex { $0.contains(name) } ?? layers.count
  }
}

/// Findings for a failure's message, one a line.
func lines(_ findings: [Finding]) -> String {
  "\n" + findings.map(\.description).joined(separator: "\n")
}
