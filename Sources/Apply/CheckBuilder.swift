import Model
import Postgres
import Schema

/// Adds the CHECK constraints of a plan, after the first drain. One that the rows do not meet is left out: a constraint
/// must never cost rows.
package enum CheckBuilder {
  /// Adds one constraint; a note where it was left out. Idempotent.
  package static func build(
    _ check: CheckPlan, on table: TablePlan, of plan: TargetPlan, _ connection: inout Connection
  ) throws -> String? {
    let ddl = DDL(plan)
    do {
      // Dropped first: an earlier run may have ended between the two steps.
      try connection.run([ddl.dropCheck(check, on: table), ddl.addCheck(check, on: table)], in: plan)
    } catch {
      guard case .server(let refusal) = error, refusal.isAboutTheStatement else { throw error }
      return "\(subject(check, table)) is left out: \(refusal.description)"
    }
    do {
      try connection.run([ddl.validateCheck(check, on: table)], in: plan)
      return nil
    } catch {
      guard error.refusesRows else { throw error }
      try connection.run([ddl.dropCheck(check, on: table)], in: plan)
      return "\(subject(check, table)) is left out: there are rows that do not meet it"
    }
  }

  private static func subject(_ check: CheckPlan, _ table: TablePlan) -> String {
    "CHECK '\(check.name)' of '\(table.targetName)'"
  }
}

extension ServerError {
  /// The statement is refused for what it says, and would be refused again.
  var isAboutTheStatement: Bool { ["0A", "22", "42", "2B", "54", "P0"].contains(sqlState.prefix(2)) }
}

extension Connection {
  /// Runs statements in one transaction, with the plan's schema first on the search path.
  mutating func run(_ statements: [String], in plan: TargetPlan) throws(PostgresError) {
    let schema = PostgresText.literal(PostgresText.identifier(plan.schema))
    let path = "SELECT set_config('search_path', \(schema) || ', ' || current_setting('search_path'), true)"
    do {
      try execute((["BEGIN", localSettings + path] + statements + ["COMMIT"]).joined(separator: ";\n"))
    } catch {
      if isHealthy { try? execute("ROLLBACK") }
      throw error
    }
  }
}
