// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "changeover",
  products: [
    .executable(name: "changeover", targets: ["changeover"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLinux"),

    .target(name: "Model", dependencies: ["CLinux"], swiftSettings: settings),
    .target(name: "Dialect", dependencies: ["Model"], swiftSettings: settings),
    .target(name: "SQLite", dependencies: ["Model", "CSQLite"], swiftSettings: settings),
    .target(name: "Postgres", dependencies: ["Model", "CPostgres"], swiftSettings: settings),
    .target(
      name: "TriggerTemplates", path: "triggers", exclude: ["README.md"],
      resources: [
        .embedInCode("source/change_table.sql"), .embedInCode("source/insert.sql"),
        .embedInCode("source/update.sql"), .embedInCode("source/rekey.sql"), .embedInCode("source/delete.sql"),
        .embedInCode("source/probe_insert.sql"), .embedInCode("source/probe_update.sql"),
        .embedInCode("source/early_update.sql"), .embedInCode("source/early_delete.sql"),
        .embedInCode("source/source_fence.sql"), .embedInCode("source/fence_guard.sql"),
        .embedInCode("source/quarantine.sql"), .embedInCode("target/catalogue.sql"),
        .embedInCode("target/target_fence.sql"), .embedInCode("target/target_log.sql"),
        .embedInCode("target/target_capture_function.sql"), .embedInCode("target/target_capture.sql"),
      ],
      swiftSettings: settings),
    .target(
      name: "Journal", dependencies: ["Model", "CZlib"], path: "journal", exclude: ["FORMAT.md", "vectors"],
      swiftSettings: settings),
    .target(name: "Schema", dependencies: ["Model", "Dialect"], swiftSettings: settings),
    .target(name: "Conversion", dependencies: ["Model", "Schema"], swiftSettings: settings),
    .target(
      name: "Capture", dependencies: ["Model", "Dialect", "SQLite", "Journal", "TriggerTemplates"],
      swiftSettings: settings),
    .target(
      name: "Apply", dependencies: ["Model", "Postgres", "Journal", "Schema", "Conversion", "TriggerTemplates"],
      swiftSettings: settings),
    .target(
      name: "Verify",
      dependencies: [
        "Model", "SQLite", "Postgres", "Schema", "Conversion", "Capture", "Apply", "ReverseApply",
      ],
      swiftSettings: settings),
    .target(
      name: "ReverseCapture",
      dependencies: ["Model", "Postgres", "Journal", "Schema", "Conversion", "Apply"],
      swiftSettings: settings),
    .target(
      name: "ReverseApply",
      dependencies: [
        "Model", "Dialect", "SQLite", "Journal", "Schema", "Conversion", "TriggerTemplates", "Capture",
      ],
      swiftSettings: settings),
    .target(
      name: "Backup", dependencies: ["Model", "SQLite", "Journal", "Capture", "Pipeline"], swiftSettings: settings),
    .target(
      name: "Pipeline",
      dependencies: [
        "Model", "SQLite", "Postgres", "Journal", "Schema", "Conversion", "Capture", "Apply", "ReverseCapture",
        "ReverseApply", "Verify",
      ],
      swiftSettings: settings),
    .target(
      name: "Cutover",
      dependencies: [
        "Model", "SQLite", "Postgres", "Journal", "Schema", "Capture", "Apply", "ReverseCapture", "ReverseApply",
        "Verify", "Backup", "Pipeline",
      ],
      swiftSettings: settings),
    .target(
      name: "Assess", dependencies: ["Model", "Dialect", "SQLite", "Schema", "Conversion", "Capture", "Pipeline"],
      swiftSettings: settings),
    .executableTarget(
      name: "changeover",
      dependencies: [
        "Model", "SQLite", "Postgres", "Journal", "Schema", "Capture", "Apply", "Verify", "Backup", "Pipeline",
        "Cutover",
        "Assess", "TOMLKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "ModelTests", dependencies: ["Model"], swiftSettings: settings),
    .testTarget(
      name: "JournalTests",
      dependencies: ["Journal", "Model", "TestSupport", .product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: settings),
    .testTarget(
      name: "DialectTests", dependencies: ["Model", "Dialect", "SQLite", "Postgres", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "SQLiteTests", dependencies: ["Model", "Dialect", "SQLite", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "CaptureTests",
      dependencies: ["Model", "Dialect", "SQLite", "CSQLite", "Journal", "Capture", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "AssessTests",
      dependencies: ["Model", "SQLite", "Schema", "Capture", "Assess", "SchemaFixtures", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "PipelineTests",
      dependencies: ["Model", "SQLite", "Schema", "Conversion", "Capture", "Pipeline", "TestSupport"],
      swiftSettings: settings),
    .testTarget(name: "CutoverTests", dependencies: ["Apply", "Cutover", "Model"], swiftSettings: settings),
    .testTarget(name: "ScenarioTests", dependencies: ["TestSupport"], swiftSettings: settings),
    .target(
      name: "SchemaFixtures", dependencies: ["Model", "Schema"], path: "Tests/SchemaFixtures", swiftSettings: settings),
    .target(
      name: "ServerFixtures", dependencies: ["Model", "Postgres", "TestSupport"], path: "Tests/ServerFixtures",
      swiftSettings: settings),
    .testTarget(name: "SchemaTests", dependencies: ["Model", "Schema", "SchemaFixtures"], swiftSettings: settings),
    .testTarget(
      name: "ConversionTests", dependencies: ["Model", "Schema", "Conversion", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "ApplyTests",
      dependencies: [
        "Model", "Postgres", "Journal", "Schema", "Conversion", "Apply", "SchemaFixtures", "ServerFixtures",
        "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "VerifyTests",
      dependencies: [
        "Model", "SQLite", "Postgres", "Schema", "Conversion", "Capture", "Apply", "Verify", "SchemaFixtures",
        "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ReverseCaptureTests",
      dependencies: [
        "Model", "Postgres", "Journal", "Schema", "Conversion", "Apply", "ReverseCapture", "SchemaFixtures",
        "ServerFixtures", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ReverseApplyTests",
      dependencies: [
        "Model", "SQLite", "Journal", "Schema", "Conversion", "Capture", "ReverseApply", "Pipeline", "SchemaFixtures",
        "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BackupTests", dependencies: ["Model", "SQLite", "Capture", "Backup", "TestSupport"],
      swiftSettings: settings),
    .testTarget(name: "PostgresTests", dependencies: ["Model", "Postgres"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

// Measures what only this package's own targets can reach; nobody else needs it built.
if Context.environment["CHANGEOVER_BENCHMARKS"] != nil {
  package.products.append(.executable(name: "journal-speed", targets: ["JournalSpeed"]))
  package.targets.append(
    .executableTarget(
      name: "JournalSpeed", dependencies: ["Journal", "Model"], path: "benchmarks/journal-speed",
      swiftSettings: settings))
}

// `make fuzz-decoders` builds these with --sanitize=fuzzer, which brings the main function; nothing else could link them.
if Context.environment["CHANGEOVER_FUZZ_TARGETS"] != nil {
  for (name, path, dependencies) in [
    ("FuzzJournal", "Tests/Fuzzing/Journal", ["Model", "Journal"]),
    ("FuzzSQL", "Tests/Fuzzing/SQL", ["Model", "Dialect"]),
  ] as [(String, String, [Target.Dependency])] {
    package.targets.append(
      .executableTarget(
        name: name, dependencies: dependencies, path: path,
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
    package.products.append(.executable(name: name, targets: [name]))
  }
}
