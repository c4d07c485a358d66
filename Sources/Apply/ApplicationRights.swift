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
    var named = Parameters()
    named.append(text: role)
    guard try connection.query("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", named).bool(0, 0) else {
      return .unknownRole
    }
    let ddl = DDL(plan)
    var missing: [String] = []
    var schema = named
    schema.append(text: plan.schema)
    if try !connection.query("SELECT has_schema_privilege($1, $2, 'USAGE')", schema).bool(0, 0) {
      missing.append("schema \(plan.schema) (USAGE)")
    }
    for table in plan.tables {
      var parameters = named
      parameters.append(text: ddl.name(of: table))
      let result = try connection.query(
        """
        SELECT string_agg(right_name, ', ') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS right_name
        WHERE NOT has_table_privilege($1, to_regclass($2), right_name)
        """, parameters)
      if let rights = try result.stringOrNil(0, 0) { missing.append("\(table.targetName) (\(rights))") }
      for kept in table.kept?.sequences ?? [] where table.identityColumn?.targetName != kept.column {
        var sequence = named
        sequence.append(text: kept.sequence)
        // An identity column's sequence needs no right of its own; one that a default names does.
        let lacks = try connection.query(
          """
          SELECT NOT has_sequence_privilege($1, to_regclass($2), 'USAGE') AND NOT EXISTS (
            SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = to_regclass($2) AND deptype = 'i')
          """, sequence)
        if try lacks.boolOrNil(0, 0) ?? false { missing.append("\(kept.sequence) (USAGE)") }
      }
    }
    return .missing(missing)
  }
}
