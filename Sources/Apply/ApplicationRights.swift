import Model
import Postgres
import Schema

/// What the role that the application connects as may do with the tables.
package enum ApplicationRights {
  package enum Outcome: Sendable, Equatable {
    case unknownRole
    /// Names of tables, sequences and the schema, each with what is missing; empty where nothing is.
    case missing([String])
  }

  package static func look(
    _ role: String, _ plan: TargetPlan, _ connection: inout Connection
  ) throws -> Outcome {
    func ask(_ sql: String, _ subject: String?, _ connection: inout Connection) throws -> QueryResult {
      var parameters = Parameters()
      parameters.append(text: role)
      if let subject { parameters.append(text: subject) }
      return try connection.query(sql, parameters)
    }
    guard try ask("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", nil, &connection).bool(0, 0) else {
      return .unknownRole
    }
    let ddl = DDL(plan)
    var missing: [String] = []
    if try !ask("SELECT has_schema_privilege($1, $2, 'USAGE')", plan.schema, &connection).bool(0, 0) {
      missing.append("schema \(plan.schema) (USAGE)")
    }
    for table in plan.tables {
      let result = try ask(
        """
        SELECT string_agg(right_name, ', ') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS right_name
        WHERE NOT has_table_privilege($1, to_regclass($2), right_name)
        """, ddl.name(of: table), &connection)
      if let rights = try result.stringOrNil(0, 0) { missing.append("\(table.targetName) (\(rights))") }
      for kept in table.kept?.sequences ?? [] where table.identityColumn?.targetName != kept.column {
        // An identity column's sequence needs no right of its own; one that a default names does.
        let lacks = try ask(
          """
          SELECT NOT has_sequence_privilege($1, to_regclass($2), 'USAGE') AND NOT EXISTS (
            SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = to_regclass($2) AND deptype = 'i')
          """, kept.sequence, &connection)
        if try lacks.boolOrNil(0, 0) ?? false { missing.append("\(kept.sequence) (USAGE)") }
      }
    }
    return .missing(missing)
  }
}
