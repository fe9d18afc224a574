// swift-tools-version: 6.2
import PackageDescription

// One package; every leaf folder under Sources/ is a target. Imports only run downward: see
// docs/ARCHITECTURE.md for the map and Tests/TidyTests for the test that enforces it.

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A target of ours at `Sources/<folder>/<name>`; warnings are errors.
func ours(
  _ name: String, in folder: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)",
    exclude: exclude, swiftSettings: strict)
}

/// The tests of one target, at `Tests/<name>Tests`.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: dependencies + ["Locks", "TestSupport"],
    path: "Tests/\(name)Tests", exclude: exclude, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(
  name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(
  name: "HummingbirdTesting", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioFileSystem = Target.Dependency.product(name: "_NIOFileSystem", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(
  name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let swiftProtobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let swiftASN1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")

let package = Package(
  name: "trellis",
  products: [.executable(name: "trellis", targets: ["trellis"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    // System libraries.
    .systemLibrary(
      name: "CISAL", path: "Sources/System/CISAL", pkgConfig: "libisal",
      providers: [.apt(["libisal-dev"])]),
    .systemLibrary(
      name: "CSodium", path: "Sources/System/CSodium", pkgConfig: "libsodium",
      providers: [.apt(["libsodium-dev"])]),

    // Core: pure. No clock, file, socket, task or random number.
    ours("Primitives", in: "Core", []),
    ours("Cryptography", in: "Core", ["Primitives", "CSodium", crypto]),
    ours("Economics", in: "Core", ["Primitives"]),
    ours("ServiceKit", in: "Core", ["Primitives", "Cryptography"]),
    ours("Ledger", in: "Core", ["Primitives", "Cryptography", "Economics", "ServiceKit"]),
    ours("LightClient", in: "Core", ["Primitives", "Cryptography"]),
    ours(
      "StorageService", in: "Services/Storage", ["Primitives", "Cryptography", "ServiceKit"]),
    ours("Catalogue", in: "Services", ["ServiceKit", "StorageService"]),

    // Node: what every process is made of.
    ours("Locks", in: "Node", []),
    ours("Telemetry", in: "Node", ["Locks", hummingbird, logging, metrics]),
    ours(
      "LedgerStore", in: "Node",
      ["Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", grdb]),
    ours(
      "Consensus", in: "Node",
      [
        "Primitives", "Cryptography", "Ledger", "ServiceKit", "Locks", "LedgerStore", nioCore,
        nioPosix, nioHTTP1, nioWebSocket, logging, metrics,
      ]),
    ours(
      "ABCI", in: "Node",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", "LedgerStore", "Consensus",
        nioCore, nioPosix, swiftProtobuf, logging,
      ], exclude: ["Messages/abci.proto"]),
    ours(
      "ChainClient", in: "Node",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "LightClient", asyncHTTPClient,
        nioCore, nioPosix, nioHTTP1, nioWebSocket, logging,
      ]),
    ours(
      "NodeLink", in: "Node",
      [
        "Primitives", "Cryptography", "Locks", crypto, nioCore, nioPosix, nioSSL, nioTLS, x509,
        swiftASN1, logging,
      ]),
    ours(
      "ProviderAgent", in: "Node",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", "ChainClient", "NodeLink",
        logging, metrics,
      ]),
    ours(
      "GatewayKit", in: "Node",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "ChainClient", "NodeLink",
        "Telemetry", hummingbird,
        logging, metrics, nioCore, nioHTTP1, nioHTTPTypes, nioPosix,
      ]),

    // Storage: the parts that do I/O.
    ours("ErasureCoding", in: "Services/Storage", ["CISAL"]),
    ours(
      "StorageProvider", in: "Services/Storage",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", "StorageService",
        "ErasureCoding", "ProviderAgent", "ChainClient", "NodeLink", "CISAL", grdb, nioCore,
        nioPosix, logging, metrics,
      ]),
    ours(
      "StorageGateway", in: "Services/Storage",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", "StorageService",
        "ErasureCoding", "GatewayKit", "ChainClient", "NodeLink", "CISAL", grdb, hummingbird,
        nioCore, crypto, logging, metrics,
      ]),

    // Insight: what people look at.
    ours("PresetFiles", in: "Insight", ["Primitives", "Economics", yams]),
    ours("Simulator", in: "Insight", ["Primitives", "Economics", mustache, yams]),
    ours(
      "Dashboard", in: "Insight",
      ["Telemetry", hummingbird, mustache, logging]),

    // The command, the only place that builds objects.
    .executableTarget(
      name: "trellis",
      dependencies: [
        "Primitives", "Cryptography", "Economics", "ServiceKit", "Ledger", "StorageService",
        "Locks", "LightClient", "Catalogue", "Telemetry", "LedgerStore", "Consensus",
        "ChainClient", "NodeLink", "ProviderAgent", "GatewayKit", "StorageProvider",
        "StorageGateway", "PresetFiles", "Dashboard", "Simulator", "ABCI", argumentParser,
        asyncHTTPClient, logging, metrics, nioCore, nioPosix,
      ],
      path: "Sources/trellis", swiftSettings: strict),

    // Tests.
    .target(
      name: "TestSupport", dependencies: ["Primitives", "Cryptography"], path: "Tests/Support",
      swiftSettings: strict),
    tests("Primitives", ["Primitives"]),
    tests("Cryptography", ["Primitives", "Cryptography"]),
    tests("Economics", ["Primitives", "Economics"]),
    tests("Ledger", ["Primitives", "Cryptography", "Economics", "ServiceKit", "Ledger"]),
    tests(
      "StorageService",
      [
        "Primitives", "Cryptography", "Economics", "ServiceKit", "Ledger", "StorageService",
        "Catalogue", "ErasureCoding",
      ]),
    tests("ErasureCoding", ["ErasureCoding"]),
    tests(
      "LightClient",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "LightClient", "ChainClient",
        logging,
      ]),
    tests(
      "Consensus",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "LedgerStore", "Consensus",
        "ChainClient", "Catalogue", "StorageService", "Telemetry", asyncHTTPClient, nioCore,
        nioPosix, nioHTTP1, nioWebSocket, logging,
      ]),
    tests(
      "ABCI",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "LedgerStore", "Consensus", "ABCI",
        nioCore, nioPosix, swiftProtobuf, logging,
      ]),
    tests("Telemetry", ["Telemetry", logging, metrics]),
    tests("NodeLink", ["Primitives", "Cryptography", "NodeLink", nioCore, nioPosix, logging]),
    tests(
      "ProviderAgent",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "ChainClient", "ProviderAgent",
        logging,
      ]),
    tests(
      "GatewayKit",
      [
        "Primitives", "Cryptography", "ServiceKit", "GatewayKit", hummingbird, hummingbirdTesting,
        logging, nioCore, nioHTTP1, nioPosix,
      ]),
    tests(
      "StorageProvider",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "StorageService", "ErasureCoding",
        "StorageProvider", nioCore, logging,
      ]),
    tests(
      "StorageGateway",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "StorageService", "ErasureCoding",
        "StorageGateway", "GatewayKit", nioCore, hummingbird, hummingbirdTesting, grdb, crypto,
        logging,
      ]),
    tests("PresetFiles", ["Primitives", "Economics", "PresetFiles"]),
    tests(
      "Simulator",
      ["Primitives", "Cryptography", "Economics", "ServiceKit", "Ledger", "Simulator"]),
    tests(
      "Trellis",
      [
        "Primitives", "Cryptography", "Ledger", "LedgerStore", "LightClient", "Catalogue",
        "ChainClient", "ProviderAgent", "trellis", argumentParser, logging,
      ]),
    tests("Tidy", []),
    tests("EndToEnd", ["Primitives"], exclude: ["tools"]),
  ]
)
