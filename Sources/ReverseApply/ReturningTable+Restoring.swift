import Model
import SQLite

/// Rows that are taken out of the table for others to pass, and put back.
extension ReturningTable {
  /// Puts a row back that was taken out for others to pass, with all that the target does not know of it.
  /// - Parameter stored: the row as `stored` gave it.
  func restore(_ fields: Fields, _ stored: [Value], in database: borrowing Database) throws -> Outcome {
    for position in tried.indices { tried[position] = 0 }
    let restore = try restoreStatements ?? Restore(sql, in: database)
    restoreStatements = restore
    for (place, position) in written.enumerated() {
      let isKept = stored[place].withView { columns[position].matches($0, fields[position], &scratch) }
      if isKept {
        try restore.insert.bind(stored[place], at: place + 1)
      } else if let refusal = try bind(fields[position], position, to: restore.insert, at: place + 1) {
        return .refused(refusal)
      }
    }
    for place in written.count..<stored.count { try restore.insert.bind(stored[place], at: place + 1) }
    if let refusal = try run(restore.insert, sql.restore, in: database) { return .refused(refusal) }
    return try settle(fields, written, in: database)
  }

  /// All of a row that can be written, in the order in which `restore` writes it; nil where there is no such row.
  func stored(_ key: Fields, in database: borrowing Database) throws -> [Value]? {
    let restore = try restoreStatements ?? Restore(sql, in: database)
    restoreStatements = restore
    defer { restore.select.reset() }
    guard try holds(key), try bind(key, to: restore.select), try restore.select.step() else { return nil }
    return (0..<restore.select.columnCount).map { restore.select.value($0) }
  }

  /// What takes a row out and puts it back.
  final class Restore {
    let select: Statement
    let insert: Statement

    init(_ sql: ReturningSQL, in database: borrowing Database) throws(SQLiteError) {
      let select = try database.prepare(sql.select(sql.whole))
      insert = try database.prepare(sql.restore)
      self.select = select
    }
  }
}
