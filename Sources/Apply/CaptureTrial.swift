import Model
import Postgres
import Schema

/// Proves that the application's writes to the target will be recorded: writes to a row of each table as the application
/// would, looks into the log, and rolls everything back.
package struct CaptureTrial {
  package enum Outcome: Sendable, Equatable {
    /// So many tables recorded the write, so many have no row to try it with.
    case recorded(tables: Int, empty: Int)
    /// Another session keeps the table to itself: nothing is known of it.
    case locked(table: String)
    case failed(table: String, reason: String)
  }

  private let catalogue: TargetCatalogue
  private let record: SourceRecord
  private let ddl: DDL

  package init(_ record: SourceRecord, _ catalogue: TargetCatalogue) {
    self.record = record
    self.catalogue = catalogue
    ddl = DDL(record.plan)
  }

  package func run(_ connection: inout Connection) throws -> Outcome {
    var recorded = 0, empty = 0
    for table in record.plan.tables {
      do {
        switch try writes(to: table, &connection) {
        case nil: empty += 1
        case true?: recorded += 1
        case false?: return .failed(table: table.targetName, reason: "nothing was logged")
        }
      } catch let error as PostgresError {
        guard case .server = error else { throw error }
        if error.sqlState == "55P03" { return .locked(table: table.targetName) }
        return .failed(table: table.targetName, reason: error.description)
      }
    }
    return .recorded(tables: recorded, empty: empty)
  }

  /// Whether a write was logged; nil where the table has no row.
  private func writes(to table: TablePlan, _ connection: inout Connection) throws -> Bool? {
    let name = ddl.name(of: table)
    let log = catalogue.log(table.id, of: record.source)
    // An identity of the user's may be GENERATED ALWAYS, which takes no value of ours.
    let columns = table.columns.filter { $0.isWritten && !$0.isIdentity }
    guard let column = columns.first.map({ PostgresText.identifier($0.targetName) }) else { return nil }
    defer { if connection.isHealthy { try? connection.execute("ROLLBACK") } }
    try connection.execute(
      """
      BEGIN; \(connection.localSettings)SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '30s';
      ALTER TABLE \(name) DISABLE TRIGGER _changeover_fence
      """)
    let before = try connection.query("SELECT count(*) FROM \(log)").int64(0, 0)
    let written = try connection.query(
      """
      UPDATE \(name) SET \(column) = \(column)
      WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM \(name) LIMIT 1)
      """)
    guard written.affectedRows == 1 else { return nil }
    return try connection.query("SELECT count(*) FROM \(log)").int64(0, 0) > before
  }
}
