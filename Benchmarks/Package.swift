// swift-tools-version: 6.2
import PackageDescription

// Benchmarks are a package of their own, so that nobody waits for an optimised build who does not
// measure. The measured targets are the house's own sources, linked into Sources/: access level
// across them is `package`, which a dependency on the house would not reach.

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// One of the house's targets, or only some of its files.
func measured(
  _ name: String, _ dependencies: [Target.Dependency], only files: [String]? = nil,
  exclude: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(name)", exclude: exclude,
    sources: files, swiftSettings: strict)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let swiftProtobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")

let package = Package(
  name: "Benchmarks",
  products: [.executable(name: "trellis-bench", targets: ["Benchmarks"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .systemLibrary(name: "CISAL", path: "Sources/CISAL", pkgConfig: "libisal"),
    .systemLibrary(name: "CSodium", path: "Sources/CSodium", pkgConfig: "libsodium"),
    measured("Primitives", []),
    measured("Cryptography", ["Primitives", "CSodium", crypto]),
    measured("Economics", ["Primitives"]),
    measured("ServiceKit", ["Primitives", "Cryptography"]),
    measured("Ledger", ["Primitives", "Cryptography", "Economics", "ServiceKit"]),
    measured("StorageService", ["Primitives", "Cryptography", "ServiceKit"]),
    measured("Locks", []),
    measured(
      "LedgerStore", ["Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", grdb]),
    // The ledger behind the driver boundary, without drivers and RPC.
    measured(
      "Consensus",
      [
        "Primitives", "Cryptography", "Ledger", "ServiceKit", "Locks", "LedgerStore", logging,
        metrics,
      ],
      only: [
        "ChainStart.swift", "DecidedBlock+Input.swift", "LedgerApplication.swift",
        "LedgerNode.swift", "LedgerNode+Snapshots.swift", "QueueExecutor.swift",
        "SignatureVerifier.swift", "SnapshotExchange.swift", "SnapshotStore.swift",
        "StateQuery.swift", "TokenPriceSource.swift",
      ]),
    measured(
      "ABCI",
      [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", "LedgerStore", "Consensus",
        nioCore, nioPosix, swiftProtobuf, logging,
      ], exclude: ["Messages/abci.proto"]),
    measured("ErasureCoding", ["CISAL"]),
    // Numbers, random streams and quantiles, without scenarios and reports.
    measured(
      "Simulator", ["Primitives", "Economics"], only: ["Numbers", "Random", "Statistics"]),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "Primitives", "Cryptography", "ServiceKit", "Ledger", "Locks", "LedgerStore", "Consensus",
        "ABCI", "StorageService", "ErasureCoding", "Economics", "Simulator", "CISAL", "CSodium",
        crypto,
        logging, swiftProtobuf,
      ],
      path: "Sources/Benchmarks", swiftSettings: strict),
  ]
)
