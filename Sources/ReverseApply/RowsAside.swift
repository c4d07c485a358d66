import Journal
import Model
import SQLite

/// Rows of a group whose key or UNIQUE value another row still has: put aside until all others are in, then taken out of
/// the table together and put back one by one. So two rows can swap a value. In a temporary table, since they can be many.
final class RowsAside {
  private static let name = "temp._changeover_aside"

  /// Prepared when the first row is put aside.
  private var statements: Statements?

  private final class Statements {
    let add: Statement
    let remove: Statement

    init(in database: borrowing Database) throws(SQLiteError) {
      try database.execute(
        """
        CREATE TEMP TABLE IF NOT EXISTS _changeover_aside (tbl INTEGER, key BLOB, fields BLOB, stored, UNIQUE (tbl, key));
        DELETE FROM \(RowsAside.name)
        """)
      let add = try database.prepare(
        "INSERT OR REPLACE INTO \(RowsAside.name) (tbl, key, fields) VALUES (?1, ?2, ?3)")
      remove = try database.prepare("DELETE FROM \(RowsAside.name) WHERE tbl = ?1 AND key = ?2")
      self.add = add
    }
  }

  /// Puts a row aside, in the place of an earlier image of it.
  func add(_ table: ReturningTable, _ fields: ReturningTable.Fields, in database: borrowing Database) throws {
    let statements = try self.statements ?? Statements(in: database)
    self.statements = statements
    try Self.bind(table.key(of: fields), of: table, to: statements.add)
    try statements.add.bind(.blob(ValueList.encode(fields.map { $0.value })), at: 3)
    try statements.add.run()
  }

  /// Forgets a row that comes again in the same group.
  func remove(key: ReturningTable.Fields, of table: ReturningTable) throws {
    guard let statements else { return }
    try Self.bind(key, of: table, to: statements.remove)
    try statements.remove.run()
  }

  private static func bind(
    _ key: ReturningTable.Fields, of table: ReturningTable, to statement: borrowing Statement
  ) throws {
    try statement.bind(table.table.id.rawValue, at: 1)
    try statement.bind(.blob(ValueList.encode(table.identity(ofKey: key))), at: 2)
  }

  /// Calls `takeOut` with each row for what is stored of it, and then `putBack` with each row and that, nil where the row
  /// is new.
  func pass(
    in database: borrowing Database, takeOut: (TableID, ReturningTable.Fields) throws -> [Value]?,
    putBack: (TableID, ReturningTable.Fields, [Value]?) throws -> Void
  ) throws {
    if statements == nil { return }
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
