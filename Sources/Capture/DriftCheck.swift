import Model
import SQLite

/// Notices that the source's schema changed under us, in the same transaction that reads the data.
package struct DriftCheck {
  private let installation: SourceInstallation
  private var schemaVersion: Int64
  /// Identifies the captured tables' definitions, in every batch header.
  private(set) var fingerprint: UInt64

  package init(installation: SourceInstallation, in database: borrowing Database) throws {
    self.installation = installation
    schemaVersion = try database.integer("PRAGMA schema_version")
    fingerprint = 0
    try compare(database)
  }

  /// Throws where a captured table or one of our triggers is no longer what was installed.
  package mutating func check(_ database: borrowing Database) throws {
    let version = try database.integer("PRAGMA schema_version")
    guard version != schemaVersion else { return }
    try compare(database)
    schemaVersion = version
  }

  /// Whether the schema's version moved since the last check.
  func isStale(in database: borrowing Database) throws(SQLiteError) -> Bool {
    try database.integer("PRAGMA schema_version") != schemaVersion
  }

  private mutating func compare(_ database: borrowing Database) throws {
    // After the switch the fence stands in the place of the capture triggers.
    guard installation.switchID == nil else { return }
    guard let current = try SourceInstallation.read(database) else {
      throw drifted("changeover's own tables were removed from \(database.path)")
    }
    guard current.switchID == nil else { return }
    guard current.source == installation.source else {
      throw SourceHistoryError.otherSource(path: database.path).failure
    }
    var hasher = StableHasher()
    let schema = try SchemaListing(database)
    for table in installation.tables {
      try compare(table, schema, database)
      hasher.combine(table.name)
      for column in table.imageColumns { hasher.combine(column) }
    }
    fingerprint = hasher.value
    if installation.tables.contains(where: { if case .rowid = $0.key { true } else { false } }) {
      let canary = try database.integer("SELECT rowid FROM \(SourceNames.canary)")
      if canary != 7 {
        throw drifted("VACUUM renumbered the rows of tables without a primary key in \(database.path)")
      }
    }
  }

  private func compare(_ table: SourceTable, _ schema: SchemaListing, _ database: borrowing Database) throws {
    guard let place = schema.tables[.text(table.name)] else {
      throw drifted("table '\(table.name)' was dropped or renamed")
    }
    // A table older than ours is the one that was there at installation, whatever VACUUM and ALTER TABLE did since.
    guard let ours = schema.tables[.text(SourceNames.change)], place < ours else {
      throw drifted("table '\(table.name)' was built anew, so that its rows may have changed unseen")
    }
    guard var now = try SourceCatalogue.readTable(named: table.name, in: database) else {
      throw drifted("table '\(table.name)' lost its key")
    }
    now.id = table.id
    now.key = table.key
    now.exclude(Set((table.excluded ?? []).map { $0.name.lowercased() }))
    guard now.columns == table.columns, now.excluded == table.excluded, now.keyPositions == table.keyPositions,
      now.isWithoutRowid == table.isWithoutRowid
    else { throw drifted("the columns of table '\(table.name)' changed") }
    guard now.uniqueIndexes == table.uniqueIndexes else {
      throw drifted("the UNIQUE indexes of table '\(table.name)' changed")
    }
    for trigger in TriggerSet(for: table).triggers {
      let expected = SchemaListing.Trigger(table: .text(table.name), sql: .text(trigger.sql))
      guard schema.triggers[.text(trigger.name)] == expected else {
        throw drifted("a capture trigger of table '\(table.name)' is gone or altered")
      }
    }
  }

  private func drifted(_ what: String) -> Failure {
    Failure(
      .badData, "the source's schema changed: \(what)",
      remedy: "changes to the schema are not carried over; start the copy over with sync --reseed")
  }
}

/// What `sqlite_schema` lists, in one pass; names by their bytes.
private struct SchemaListing {
  struct Trigger: Equatable {
    let table: Value
    let sql: Value
  }

  /// The tables' places in the order of creation, which VACUUM keeps.
  private(set) var tables: [Value: Int64] = [:]
  private(set) var triggers: [Value: Trigger] = [:]

  init(_ database: borrowing Database) throws {
    try database.forEach(
      "SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('table', 'trigger')"
    ) {
      if $0.value(1) == .text("table") {
        tables[$0.value(2)] = $0.integer(0)
      } else {
        triggers[$0.value(2)] = Trigger(table: $0.value(3), sql: $0.value(4))
      }
    }
  }
}

extension SourceTable {
  fileprivate var uniqueIndexes: Set<SourceIndex> { Set(indexes.filter(\.isUnique)) }
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
