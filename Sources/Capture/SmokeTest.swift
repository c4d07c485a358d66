import Model
import SQLite

/// Proves inside the installing transaction that the triggers compile and log, and leaves no trace.
enum SmokeTest {
  /// Statements that compile every trigger of a table.
  static func statements(for table: SourceTable) -> [String] {
    let name = SQLiteText.identifier(table.name)
    guard let column = table.columns.first(where: { !$0.isGenerated }).map({ SQLiteText.identifier($0.name) }) else {
      return []
    }
    return [
      "EXPLAIN INSERT INTO \(name) (\(column)) SELECT \(column) FROM \(name) WHERE 0",
      "EXPLAIN UPDATE \(name) SET \(column) = \(column) WHERE 0", "EXPLAIN DELETE FROM \(name) WHERE 0",
    ]
  }

  /// Updates one row of every table that has none of the application's own triggers, looks for the change, and rolls
  /// back: a RAISE in the application's triggers could end the whole transaction.
  static func run(on tables: [SourceTable], in database: borrowing Database) throws {
    var withOwnTriggers: Set<String> = []
    try database.forEach(
      """
      SELECT DISTINCT tbl_name FROM sqlite_schema
      WHERE type = 'trigger' AND name NOT LIKE '\\_changeover\\_%' ESCAPE '\\'
      """
    ) { withOwnTriggers.insert($0.string(0) ?? "") }
    // One savepoint for all tables: rolling back to it makes SQLite read the whole schema anew.
    try database.execute("SAVEPOINT smoke")
    for table in tables where !withOwnTriggers.contains(table.name) {
      guard let column = table.columns.first(where: { !$0.isGenerated }) else { continue }
      // Where this throws the whole installation is rolled back.
      guard try testWrite(to: table, column: column.name, in: database) else {
        throw Failure(
          .internalError, "a test write to table '\(table.name)' was not captured",
          remedy: "leave the table out with --exclude, and report this; nothing was installed")
      }
    }
    try database.execute("ROLLBACK TO smoke; RELEASE smoke")
  }

  /// True too where there was nothing to write to.
  private static func testWrite(
    to table: SourceTable, column: String, in database: borrowing Database
  ) throws(SQLiteError) -> Bool {
    let before = try database.integer("SELECT max(seq) FROM \(SourceNames.change)")
    let name = SQLiteText.identifier(table.name)
    let column = SQLiteText.identifier(column)
    let key = KeyTerms(table).list(of: nil)
    do {
      try database.execute(
        "UPDATE \(name) SET \(column) = \(column) WHERE (\(key)) IN (SELECT \(key) FROM \(name) LIMIT 1)")
    } catch let error where error.isGenericError || error.isConstraint {
      return true  // A CHECK or a function of the application's own: its business, not the triggers'.
    }
    if database.changes == 0 { return true }
    return try database.integer("SELECT max(seq) FROM \(SourceNames.change)") > before
  }
}
