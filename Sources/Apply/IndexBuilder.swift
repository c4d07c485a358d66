import Model
import Postgres
import Schema

/// Builds what comes after the first drain: UNIQUE and other indexes, and statistics.
package enum IndexBuilder {
  /// Builds one index; a note where it could not be as planned. Idempotent.
  package static func build(
    _ index: IndexPlan, on table: TablePlan, of plan: TargetPlan, _ connection: inout Connection
  ) throws -> String? {
    let ddl = DDL(plan)
    do {
      try create(ddl.createIndex(index, on: table, unique: index.isUnique), &connection)
      return nil
    } catch {
      switch error.sqlState {
      case "23505" where index.isUnique:
        // Values of different storage classes can meet on the target; rows matter more than the constraint.
        try create(ddl.createIndex(index, on: table, unique: false), &connection)
        return "UNIQUE index '\(index.name)' on '\(table.targetName)' holds equal values there: made without UNIQUE"
      case "54000":
        return "index '\(index.name)' on '\(table.targetName)' is left out: its entries are too long for PostgreSQL"
      default: throw error
      }
    }
  }

  private static func create(_ statement: String, _ connection: inout Connection) throws(PostgresError) {
    do {
      try connection.execute(
        "BEGIN; \(connection.localSettings) SET LOCAL maintenance_work_mem = '256MB'; \(statement); COMMIT")
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  package static func analyze(_ table: TablePlan, of plan: TargetPlan, _ connection: inout Connection) throws {
    try connection.execute("ANALYZE \(DDL(plan).name(of: table))")
  }
}
