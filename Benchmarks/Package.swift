// swift-tools-version: 6.2
import PackageDescription

/// A package of its own, so that the root never resolves what only benchmarks need.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "ferry", path: "..")],
  targets: [
    .executableTarget(
      name: "records-bench", dependencies: [.product(name: "Records", package: "ferry")], path: "Records",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("InternalImportsByDefault")])
  ]
)
