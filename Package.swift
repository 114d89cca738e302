// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  // For what returns a span of what it has.
  .enableExperimentalFeature("Lifetimes"),
]
/// Of all that is delivered: what is unsafe is spelled out.
let product: [SwiftSetting] = settings + [.strictMemorySafety()]

/// A C library behind a module map: its folder, its pkg-config name, the Debian package that provides it.
func system(_ name: String, _ path: String, pkgConfig: String? = nil, apt: String) -> Target {
  .systemLibrary(name: name, path: path, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A plugin is a folder under Plugins and one line in `plugins`.
func plugin(_ name: String, _ more: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .target(
    name: name, dependencies: ["Records", "Expression", "Formats", "Engine"] + more, path: "Plugins/\(name)",
    exclude: exclude, swiftSettings: product)
}

func tests(_ name: String, _ more: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: more, path: "Tests/\(name)", swiftSettings: settings)
}

let pluginLibraries: [Target] = [
  system("CMariaDB", "Plugins/MySQL/CMariaDB", pkgConfig: "libmariadb", apt: "libmariadb-dev"),
  system("CLibPQ", "Plugins/PostgreSQL/CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
  system("CFreeTDS", "Plugins/SQLServer/CFreeTDS", apt: "freetds-dev"),
  system("CODBC", "Plugins/ODBC/CODBC", pkgConfig: "odbc", apt: "unixodbc-dev"),
]

let formatsC = ["CScan", "CSimdJSON", "CZlib", "CCodecs"]

let plugins: [Target] = [
  plugin("SQL"),
  plugin("PostgreSQL", ["SQL", "CLibPQ"], exclude: ["CLibPQ"]),
  plugin("SQLite", ["SQL", "CSQLite"]),
  plugin("Serdes"),
  plugin("MySQL", ["SQL", "CMariaDB"], exclude: ["CMariaDB"]),
  plugin("SQLServer", ["SQL", "CFreeTDS"], exclude: ["CFreeTDS"]),
  plugin("ODBC", ["SQL", "CODBC"], exclude: ["CODBC"]),
]

let core: [Target] = [
  system("CLZ4", "Core/Records/CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
  system("CZstd", "Core/Records/CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
  system("CSQLite", "Core/Engine/CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
  system("CMalloc", "Core/Command/CMalloc", apt: "libc6-dev"),
  .target(
    name: "Records", dependencies: ["CLZ4", "CZstd"], path: "Core/Records", exclude: ["CLZ4", "CZstd"],
    swiftSettings: product),
  system("CPCRE2", "Core/Expression/CPCRE2", pkgConfig: "libpcre2-8", apt: "libpcre2-dev"),
  system("CJQ", "Core/Expression/CJQ", apt: "libjq-dev"),
  .target(
    name: "Expression", dependencies: ["Records", "CPCRE2", "CJQ"], path: "Core/Expression",
    exclude: ["CPCRE2", "CJQ"], swiftSettings: product),
  // The formats' byte loops: C for the vector instructions, C++ for simdjson's interface.
  .target(name: "CScan", path: "Core/Formats/CScan"),
  .target(name: "CSimdJSON", path: "Core/Formats/CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
  system("CZlib", "Core/Formats/CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
  // The codecs of Avro's blocks: four streaming interfaces, some of them macros, behind one.
  .target(
    name: "CCodecs", path: "Core/Formats/CCodecs",
    linkerSettings: ["z", "snappy", "zstd", "bz2", "lzma"].map { .linkedLibrary($0) }),
  .target(
    name: "Formats", dependencies: ["Records", "Expression"] + formatsC.map { .target(name: $0) }, path: "Core/Formats",
    exclude: formatsC, swiftSettings: product),
  .target(
    name: "Engine",
    dependencies: ["Records", "Expression", "Formats", "CSQLite", .product(name: "Yams", package: "Yams")],
    path: "Core/Engine", exclude: ["CSQLite"], swiftSettings: product),
  .executableTarget(
    name: "ferry",
    dependencies: ["Formats", "Engine", "CMalloc", .product(name: "ArgumentParser", package: "swift-argument-parser")]
      + plugins.filter { $0.name != "SQL" }.map { .target(name: $0.name) },
    path: "Core/Command", exclude: ["CMalloc"], swiftSettings: product),
  // How fast runs are recorded: it needs no more than the engine.
  .executableTarget(
    name: "executions", dependencies: ["Engine", "Expression", "Records"], path: "Benchmarks/Executions",
    swiftSettings: product),
]

let testTargets: [Target] = [
  .target(
    name: "FerryTesting", dependencies: ["Records", "Expression", "Formats", "Engine", "SQL"], path: "Tests/Testing",
    exclude: [
      "certificates.sh", "containers", "containers.sh", "coverage.sh", "fuzz.sh", "python", "requirements.txt",
      "run.sh", "servers.sh", "setup.sh",
    ], swiftSettings: settings),
  // An ODBC driver that lies: what the driver manager loads in tests.
  .target(name: "LyingODBC", path: "Tests/LyingODBC"),
  tests("HouseTests", []),
  tests("RecordsTests", ["Records"]),
  tests("FormatsTests", ["Records", "Expression", "Formats", "FerryTesting"]),
  tests("SerdesTests", ["Records", "Expression", "Formats", "Engine", "Serdes", "FerryTesting"]),
  tests("ExpressionTests", ["Expression"]),
  tests("PostgreSQLTests", ["Records", "Expression", "Engine", "SQL", "PostgreSQL", "FerryTesting"]),
  tests("SQLTests", ["Records", "Expression", "Engine", "SQL", "SQLite", "FerryTesting"]),
  tests("EngineTests", ["Engine", "Expression", "Records", "Serdes", "FerryTesting"]),
  tests("CommandTests", ["ferry", "Formats", "Engine", "Records", "SQL", "FerryTesting"]),
  tests("MySQLTests", ["Records", "Expression", "Engine", "SQL", "MySQL", "FerryTesting"]),
  tests(
    "ODBCTests",
    ["Records", "Expression", "Engine", "SQL", "ODBC", "PostgreSQL", "MySQL", "SQLServer", "FerryTesting", "ferry"]),
  tests(
    "SQLServerTests",
    ["Records", "Expression", "Engine", "SQL", "SQLServer", "PostgreSQL", "MySQL", "FerryTesting"]),
]

let package = Package(
  name: "ferry",
  products: [
    .executable(name: "ferry", targets: ["ferry"]),
    // For Benchmarks/, which is a package of its own.
    .library(name: "Records", targets: ["Records"]),
    // For tests only: .build/debug/libLyingODBC.so.
    .library(name: "LyingODBC", type: .dynamic, targets: ["LyingODBC"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: core + pluginLibraries + plugins + testTargets
)
