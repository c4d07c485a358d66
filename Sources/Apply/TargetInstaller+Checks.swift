import Model
import Postgres
import Schema

/// What can be known before anything is created.
extension TargetInstaller {
  /// The schema that unqualified names of this connection go to; throws where there is none.
  package static func currentSchema(_ connection: inout Connection) throws -> String {
    let result = try connection.query("SELECT current_schema()::text")
    guard let schema = try result.stringOrNil(0, 0) else {
      throw Failure(
        .configuration, "the target has no schema to create tables in: search_path names none that exists",
        remedy: "create one, or name it with --target-schema")
    }
    return schema
  }

  /// Throws where this role cannot create what is needed.
  package static func checkRights(schema: String, _ connection: inout Connection) throws {
    var parameters = Parameters()
    parameters.append(text: PostgresText.identifier(schema))
    let result = try connection.query(
      """
      SELECT to_regnamespace($1) IS NOT NULL,
        coalesce(has_schema_privilege(to_regnamespace($1)::oid, 'CREATE'), false),
        coalesce(has_schema_privilege(to_regnamespace($1)::oid, 'USAGE'), false),
        has_database_privilege(current_database(), 'TEMP'), current_user::text, current_setting('server_encoding'),
        current_database()::text
      """, parameters)
    let role = try result.string(0, 4)
    guard try result.bool(0, 0) else {
      throw Failure(
        .configuration, "the target has no schema '\(schema)'",
        remedy: "create it, or name another with --target-schema")
    }
    let roleName = PostgresText.identifier(role)
    let schemaName = PostgresText.identifier(schema)
    guard try result.bool(0, 1) && result.bool(0, 2) else {
      throw Failure(
        .configuration, "role '\(role)' may not create tables in schema '\(schema)'",
        remedy: "let its owner run: GRANT CREATE, USAGE ON SCHEMA \(schemaName) TO \(roleName);")
    }
    guard try result.bool(0, 3) else {
      let database = PostgresText.identifier(try result.string(0, 6))
      throw Failure(
        .configuration, "role '\(role)' may not create temporary tables on the target",
        remedy: "let the database's owner run: GRANT TEMPORARY ON DATABASE \(database) TO \(roleName);")
    }
    let encoding = try result.string(0, 5)
    guard encoding == "UTF8" else {
      throw Failure(
        .configuration, "the target database's encoding is \(encoding); SQLite's text needs UTF8",
        remedy: "create the target database with ENCODING 'UTF8'")
    }
  }

  /// Where the type citext stands, or can be created; nil where neither is so. A trusted extension needs no superuser.
  package static func citext(schema: String, _ connection: inout Connection) throws -> Citext? {
    let result = try connection.query(
      """
      SELECT (SELECT n.nspname::text FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
          WHERE e.extname = 'citext' AND has_schema_privilege(n.oid, 'USAGE')),
        NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citext')
          AND EXISTS (SELECT FROM pg_available_extension_versions WHERE name = 'citext'
            AND (trusted AND has_database_privilege(current_database(), 'CREATE')
              OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)))
      """)
    if let found = try result.stringOrNil(0, 0) { return Citext(schema: found) }
    return try result.bool(0, 1) ? Citext(schema: schema) : nil
  }

  /// Throws where the user wants a citext that there is not.
  package static func checkCitext(_ plan: TargetPlan, _ citext: Citext?) throws {
    guard citext == nil else { return }
    for table in plan.tables {
      for column in table.columns where column.type == .citext {
        throw Failure(
          .configuration,
          "column '\(column.sourceName)' of table '\(table.sourceName)' cannot be citext: the target has no such extension",
          remedy: "create it there (CREATE EXTENSION citext), or choose text")
      }
    }
  }

  /// A table's columns on the target and its staging tables' together.
  private static let columnLimit = 1_600 - TableSQL.stageColumns

  /// Throws where the target cannot take the plan: a name is taken there already, or a table is too wide.
  package static func checkIsFree(_ plan: TargetPlan, _ connection: inout Connection) throws {
    for table in plan.tables where table.columns.count > columnLimit {
      throw Failure(
        .badData,
        "table '\(table.sourceName)' has \(table.columns.count) columns; the target takes \(columnLimit) at most",
        remedy: "leave it out with --exclude")
    }
    for table in plan.tables {
      guard let found = try relation(named: table.targetName, in: plan.schema, &connection) else { continue }
      let isEmpty = try found != "table" || isEmpty(PostgresText.identifier(plan.schema, table.targetName), &connection)
      throw Failure(
        .configuration,
        "the target already has a \(isEmpty ? "" : "non-empty ")\(found) '\(table.targetName)' in schema '\(plan.schema)'",
        remedy: "drop or rename it, choose an empty schema with --target-schema, or leave the table out with --exclude")
    }
    for table in plan.tables {
      for name in [table.keyName] + table.indexes.map(\.name) + (table.sequenceName.map { [$0] } ?? []) {
        guard let found = try relation(named: name, in: plan.schema, &connection) else { continue }
        throw Failure(
          .configuration,
          "the name '\(name)', which table '\(table.targetName)' needs, is taken in the target's schema "
            + "'\(plan.schema)' by another \(found)",
          remedy: "drop or rename it, or choose an empty schema with --target-schema")
      }
    }
  }

  /// What kind of thing has a name; nil where it is free.
  private static func relation(
    named name: String, in schema: String, _ connection: inout Connection
  ) throws -> String? {
    var parameters = Parameters()
    parameters.append(text: schema)
    parameters.append(text: name)
    let result = try connection.query(
      """
      SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
        WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'c' THEN 'type' WHEN 'f' THEN 'foreign table' ELSE 'table' END
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2
      """, parameters)
    return result.rowCount == 0 ? nil : try result.string(0, 0)
  }

  /// True also where this role may not look.
  private static func isEmpty(_ table: String, _ connection: inout Connection) throws -> Bool {
    do {
      return try !connection.query("SELECT EXISTS (SELECT FROM \(table))").bool(0, 0)
    } catch {
      guard error.sqlState == "42501" else { throw error }
      return true
    }
  }
}
