import Capture
import Model
import SQLite
import Schema

extension ReverseApplier {
  /// Sees to it that AUTOINCREMENT hands out no number again that the target has handed out, by the tables' names in
  /// SQLite. Inside the caller's transaction.
  package static func raiseSequences(_ numbers: [String: Int64], in database: borrowing Database) throws {
    guard try database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'") > 0 else { return }
    for (table, number) in numbers.sorted(by: { $0.key < $1.key }) {
      let raise = try database.prepare("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1")
      try raise.bind(table, at: 1)
      try raise.bind(number, at: 2)
      try raise.run()
      if database.changes > 0 { continue }
      let add = try database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)")
      try add.bind(table, at: 1)
      try add.bind(number, at: 2)
      try add.run()
    }
  }

  /// Why rows could not come back into tables of the source, by table: what only the application's SQLite has.
  package static func obstacles(
    _ plan: TargetPlan, _ installation: SourceInstallation, in database: borrowing Database
  ) -> [(table: String, reason: String)] {
    plan.tables.compactMap { plan in
      guard let table = installation.tables.first(where: { $0.id == plan.id }) else {
        return (plan.sourceName, "it is not in the source")
      }
      let sql = ReturningSQL(table)
      for statement in [sql.find, sql.insert, sql.delete, sql.update(sql.written)] {
        do throws(SQLiteError) { _ = try database.prepare(statement) } catch { return (table.name, error.message) }
      }
      return nil
    }
  }
}
