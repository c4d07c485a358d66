import SQLite

extension TableComparison {
  /// Whether the table is walked in key order, so that a run pauses soon after its deadline. Otherwise each part of it is
  /// a scan of the whole table: a deadline that comes before the end of one scan makes for more of them.
  package func walksInOrder(_ source: borrowing Database) throws(SQLiteError) -> Bool {
    KeyOrder.isShared(table, plan, encoding: try source.string("PRAGMA encoding") ?? "")
  }
}
