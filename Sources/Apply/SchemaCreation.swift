import Model
import Postgres
import Schema

/// Creates a plan's tables to stand empty, and tells what the server makes of a plan without creating anything.
package enum SchemaCreation {
  /// Creates everything, or nothing.
  package static func apply(_ plan: TargetPlan, _ connection: inout Connection) throws {
    try TargetInstaller.checkRights(schema: plan.schema, &connection)
    try TargetInstaller.checkIsFree(plan, &connection)
    try run(["SET LOCAL lock_timeout = '10s'"] + DDLScript(plan).statements + ["COMMIT"], &connection)
  }

  /// How the server writes the plan's tables: they are made as temporary ones, looked at, and rolled back.
  package static func described(_ plan: TargetPlan, _ connection: inout Connection) throws -> [FoundTable] {
    // Without a table there is no temporary schema either.
    if plan.tables.isEmpty { return [] }
    var plan = plan
    let schema = plan.schema
    plan.schema = "pg_temp"
    plan.views = []
    defer { if connection.isHealthy { try? connection.execute("ROLLBACK") } }
    try run(DDLScript(plan, extensions: schema).statements, &connection)
    let own = try connection.query(
      "SELECT n.nspname::text, quote_ident($1) FROM pg_namespace AS n WHERE n.oid = pg_my_temp_schema()",
      Self.parameters(schema))
    var tables = try TargetIntrospection.readInside(schema: own.string(0, 0), &connection)
    let qualified = try own.string(0, 1) + "."
    for table in tables.indices {
      for key in tables[table].foreignKeys.indices {
        // Temporary tables are in every path, and so not qualified.
        tables[table].foreignKeys[key].definition = tables[table].foreignKeys[key].definition
          .replacing(") REFERENCES ", with: ") REFERENCES " + qualified)
      }
    }
    let names = Set(plan.tables.map(\.targetName))
    tables.removeAll { !names.contains($0.name) }
    return tables
  }

  private static func parameters(_ text: String) -> Parameters {
    var parameters = Parameters()
    parameters.append(text: text)
    return parameters
  }

  private static func run(_ statements: [String], _ connection: inout Connection) throws {
    do {
      try connection.execute(
        (["BEGIN", connection.localSettings] + statements).filter { !$0.isEmpty }.joined(separator: ";\n"))
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}
