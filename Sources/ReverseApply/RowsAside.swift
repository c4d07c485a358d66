import Journal
import Model
import SQLite

/// Rows of a group whose key or UNIQUE value another row still has: put aside until all others are in, then taken out of
/// the table together and put back one by one. So two rows can swap a value. In a temporary table, since they can be many.
struct RowsAside {
  private static let name = "temp._changeover_aside"

  private(set) var isEmpty = true

  /// Puts a row aside, in the place of an earlier image of it.
  mutating func add(
    _ table: ReturningTable, _ fields: ReturningTable.Fields, in database: borrowing Database
  ) throws {
    if isEmpty {
      try database.execute(
        """
        CREATE TEMP TABLE IF NOT EXISTS _changeover_aside (tbl INTEGER, key BLOB, fields BLOB, stored, UNIQUE (tbl, key));
        DELETE FROM \(Self.name)
        """)
      isEmpty = false
    }
    let key = table.key(of: fields)
    let statement = try database.prepare("INSERT OR REPLACE INTO \(Self.name) (tbl, key, fields) VALUES (?1, ?2, ?3)")
    try statement.bind(all: [
      .integer(table.table.id.rawValue), .blob(ValueList.encode(table.identity(ofKey: key))),
      .blob(ValueList.encode(fields.map { $0.value })),
    ])
    try statement.run()
  }

  /// Forgets a row that comes again in the same group.
  func remove(key: ReturningTable.Fields, of table: ReturningTable, in database: borrowing Database) throws {
    if isEmpty { return }
    let statement = try database.prepare("DELETE FROM \(Self.name) WHERE tbl = ?1 AND key = ?2")
    try statement.bind(all: [
      .integer(table.table.id.rawValue), .blob(ValueList.encode(table.identity(ofKey: key))),
    ])
    try statement.run()
  }

  /// Calls `takeOut` with each row for what is stored of it, and then `putBack` with each row and that, nil where the row
  /// is new.
  func pass(
    in database: borrowing Database, takeOut: (TableID, ReturningTable.Fields) throws -> [Value]?,
    putBack: (TableID, ReturningTable.Fields, [Value]?) throws -> Void
  ) throws {
    if isEmpty { return }
    let keep = try database.prepare("UPDATE \(Self.name) SET stored = ?1 WHERE rowid = ?2")
    try forEach(in: database) { table, fields, _, rowid in
      guard let stored = try takeOut(table, fields) else { return }
      try keep.bind(.blob(ValueList.encode(stored)), at: 1)
      try keep.bind(rowid, at: 2)
      try keep.run()
    }
    try forEach(in: database) { table, fields, stored, _ in try putBack(table, fields, stored) }
    try database.execute("DELETE FROM \(Self.name)")
  }

  private func forEach(
    in database: borrowing Database, _ body: (TableID, ReturningTable.Fields, [Value]?, Int64) throws -> Void
  ) throws {
    try database.forEach("SELECT tbl, fields, stored, rowid FROM \(Self.name) ORDER BY rowid") { row in
      guard let fields = row.withBlob(1, { ValueList.decode(Array($0)) }) else { return }
      let stored = row.storageClass(2) == .null ? nil : row.withBlob(2) { ValueList.decode(Array($0)) }
      let (table, rowid) = (TableID(row.integer(0)), row.integer(3))
      try HeldFields.lend(fields) { try body(table, $0, stored, rowid) }
    }
  }
}
