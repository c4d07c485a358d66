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

    .target(name: "Model", swiftSettings: settings),
    .target(
      name: "Journal", dependencies: ["Model", "CZlib"], path: "journal", exclude: ["FORMAT.md", "vectors"],
      swiftSettings: settings),
    .executableTarget(name: "changeover", dependencies: ["Model"], swiftSettings: settings),
    .testTarget(name: "ModelTests", dependencies: ["Model"], swiftSettings: settings),
    .testTarget(
      name: "JournalTests",
      dependencies: ["Journal", "Model", .product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
