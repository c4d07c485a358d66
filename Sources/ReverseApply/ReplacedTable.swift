import Capture
import Model
import SQLite

/// The rows of a table that a group writes after it said that it replaces the table: the others go.
final class ReplacedTable {
  /// The entry of the group after which rows count.
  let entry: Int
  private let table: ReturningTable
  private let select: Statement
  private let insert: Statement
  private let removal: String
  private let width: Int

  /// Begins anew where the table was replaced before in the same group.
  init(_ table: ReturningTable, at entry: Int, in database: borrowing Database) throws {
    self.entry = entry
    self.table = table
    let kept = "_changeover_kept_\(table.table.id)"
    let keys: [String]
    let columns: String
    let condition: String
    if case .rowid(let alias)? = KeyChoice.rowidKey(of: table.table) {
      keys = [alias]
      columns = "k0 INTEGER PRIMARY KEY"
      condition = "\(alias) NOT IN (SELECT k0 FROM temp.\(kept))"
    } else {
      keys = table.keyPositions.map { SQLiteText.identifier(table.table.columns[$0].name) }
      let names = keys.indices.map { "k\($0)" }.joined(separator: ", ")
      columns = "\(names), PRIMARY KEY (\(names))"
      let matches = keys.enumerated().map {
        "k\($0) IS t.\($1) COLLATE BINARY AND typeof(k\($0)) = typeof(t.\($1))"
      }
      condition = "NOT EXISTS (SELECT 1 FROM temp.\(kept) WHERE \(matches.joined(separator: " AND ")))"
    }
    try database.execute("CREATE TEMP TABLE IF NOT EXISTS \(kept) (\(columns)); DELETE FROM temp.\(kept)")
    width = keys.count
    select = try database.prepare(table.select(keys))
    let places = (1...width).map { "?\($0)" }.joined(separator: ", ")
    insert = try database.prepare("INSERT OR IGNORE INTO temp.\(kept) VALUES (\(places))")
    removal = """
      DELETE FROM \(SQLiteText.identifier(table.table.name)) AS t WHERE \(condition); DELETE FROM temp.\(kept)
      """
  }

  /// Keeps the row of a key, if there is one.
  func keep(_ key: ReturningTable.Fields) throws {
    guard try table.holds(key), try table.bind(key, to: select) else { return }
    defer { select.reset() }
    guard try select.step() else { return }
    for column in 0..<width { try insert.bind(column: column, of: select, at: column + 1) }
    try insert.run()
  }

  /// Deletes the rows that were not kept.
  func finish(in database: borrowing Database) throws { try database.execute(removal) }
}
