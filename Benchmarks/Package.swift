// swift-tools-version: 6.2
import PackageDescription

// Benchmarks are a package of their own, so that nobody waits for an optimised build who does not
// measure. The measured targets are the house's own sources, linked into Sources/: access level
// across them is `package`, which a dependency on the house would not reach.

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

func measured(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: strict)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
  name: "Benchmarks",
  products: [.executable(name: "trellis-bench", targets: ["Benchmarks"])],
  dependencies: [.package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")],
  targets: [
    .systemLibrary(name: "CISAL", path: "Sources/CISAL", pkgConfig: "libisal"),
    .systemLibrary(name: "CSodium", path: "Sources/CSodium", pkgConfig: "libsodium"),
    measured("Primitives", []),
    measured("Cryptography", ["Primitives", "CSodium", crypto]),
    measured("ErasureCoding", ["CISAL"]),
    .executableTarget(
      name: "Benchmarks",
      dependencies: ["Primitives", "Cryptography", "ErasureCoding", "CISAL", "CSodium", crypto],
      path: "Sources/Benchmarks", swiftSettings: strict),
  ]
)
