import CSQLite
import Model

extension Database {
  /// The collation that a column compares by when nothing else is said.
  package borrowing func collation(ofColumn column: String, in table: String) throws(SQLiteError) -> String {
    var collation: UnsafePointer<CChar>?
    let code = sqlite3_table_column_metadata(handle, "main", table, column, nil, &collation, nil, nil, nil)
    guard code == SQLITE_OK else {
      throw SQLiteError(
        operation: "read a column's collation", code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
    return collation.map { String(cString: $0) } ?? "BINARY"
  }

  /// Whether SQLite accepts the statement now: it is compiled, triggers and all, and not run.
  package borrowing func compiles(_ sql: String) -> Bool {
    (try? prepare(sql)) != nil
  }
}

extension Statement {
  /// Binds a column of another statement's current row, class and bytes untouched.
  package func bind(column: Int, of row: borrowing Statement, at position: Int) throws(SQLiteError) {
    let code = sqlite3_bind_value(handle, Int32(position), sqlite3_column_value(row.handle, Int32(column)))
    guard code == SQLITE_OK else {
      throw SQLiteError(operation: "bind a value", code: code, message: String(cString: sqlite3_errstr(code)))
    }
  }
}
