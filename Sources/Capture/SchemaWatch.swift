import Model
import SQLite

/// Notices in the same transaction that reads the data that the source's schema is not the one taken up last.
package struct SchemaWatch {
  private let source: RandomID
  private let isFenced: Bool
  private var version: Int64
  /// Identifies the captured tables' definitions, in every batch header.
  let fingerprint: UInt64

  package init(installation: SourceInstallation, in database: borrowing Database) throws {
    source = installation.source
    isFenced = installation.switchID != nil
    version = try Self.known(database)
    var hasher = StableHasher()
    for table in installation.tables {
      hasher.combine(table.name)
      for column in table.imageColumns { hasher.combine(column) }
    }
    fingerprint = hasher.value
  }

  /// Throws `SchemaMoved` where there is something to take up first.
  package mutating func check(_ database: borrowing Database) throws {
    // After the switch the fence stands in the place of the capture triggers.
    if isFenced { return }
    let now = try database.integer("PRAGMA schema_version")
    if now != version {
      guard let current = try SourceInstallation.read(database) else { throw SchemaMoved() }
      guard current.source == source else { throw SourceHistoryError.otherSource(path: database.path).failure }
      if current.switchID == nil { throw SchemaMoved() }
      version = now
    }
    if try database.scalar("SELECT 1 FROM \(SourceNames.table) WHERE request IS NOT NULL") != nil {
      throw SchemaMoved()
    }
  }

  /// Whether the schema's version moved since it was taken up.
  func isStale(in database: borrowing Database) throws(SQLiteError) -> Bool {
    if isFenced { return false }
    return try database.integer("PRAGMA schema_version") != version
  }

  private static func known(_ database: borrowing Database) throws -> Int64 {
    guard try SourceInstallation.isInstalled(database) else { return -1 }
    return try database.integer("SELECT value FROM \(SourceNames.meta) WHERE name = 'schema_version'")
  }
}

/// FNV-1a (64 bits): the same in every process, unlike `Hasher`.
struct StableHasher {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func combine(_ text: String) {
    for byte in text.utf8 { combine(byte) }
    combine(UInt8(0))
  }

  private mutating func combine(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01B3
  }
}
