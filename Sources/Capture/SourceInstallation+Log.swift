import Model
import SQLite

extension SourceInstallation {
  /// Logs a key as the triggers would, so that its current row is captured once more. Inside the caller's transaction.
  package func log(_ key: [Value], of table: TableID, in database: borrowing Database) throws(SQLiteError) {
    let names = key.indices.map { "k\($0)" }.joined(separator: ", ")
    let values = key.indices.map { "?\($0 + 2)" }.joined(separator: ", ")
    let statement = try database.prepare(
      "INSERT INTO \(SourceNames.change) (tbl, op, nonce, \(names)) VALUES (?1, 2, random(), \(values))")
    try statement.bind(all: [.integer(table.rawValue)] + key)
    try statement.run()
  }
}
