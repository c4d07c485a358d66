import Model
import Postgres
import Schema
import TriggerTemplates

/// Names changeover's own objects on the target: in the schema `changeover`, or, for a role that may not create
/// schemas, in the schema of the tables, where their names begin with `changeover_`.
package struct TargetCatalogue: Sendable, Hashable {
  package static let schemaName = "changeover"

  /// The schema that holds them.
  package let schema: String
  private let isOwnSchema: Bool

  package static let own = TargetCatalogue(schema: schemaName, isOwnSchema: true)
  package static func inside(_ schema: String) -> TargetCatalogue {
    TargetCatalogue(schema: schema, isOwnSchema: false)
  }

  /// A qualified, quoted name.
  package func name(_ object: String) -> String {
    PostgresText.identifier(schema, isOwnSchema ? object : "changeover_\(object)")
  }

  package var source: String { name("source") }
  package var copy: String { name("copy") }
  package var heartbeat: String { name("heartbeat") }
  package var quarantine: String { name("quarantine") }
  package var advance: String { name("advance") }
  package var closed: String { name("closed") }
  package func log(_ table: TableID, of source: RandomID) -> String { name("change_\(Self.tag(source))_\(table)") }
  package func captureFunction(_ table: TableID, of source: RandomID) -> String {
    name("capture_\(Self.tag(source))_\(table)")
  }

  /// Tells the sources that share a target apart.
  private static func tag(_ source: RandomID) -> String { String(source.description.prefix(8)) }

  /// Where the catalogue stands, or nil where there is none yet. `schema` is the one of the tables.
  package static func find(
    _ connection: inout Connection, schema: String
  ) throws(PostgresError) -> TargetCatalogue? {
    for candidate in [own, inside(schema)] {
      var parameters = Parameters()
      parameters.append(text: candidate.source)
      parameters.append(text: PostgresText.identifier(candidate.schema))
      // Another role's catalogue is none for us, and to look into its schema would be an error.
      let result = try connection.query(
        """
        SELECT CASE WHEN coalesce(has_schema_privilege(to_regnamespace($2)::oid, 'USAGE'), false)
          THEN coalesce(has_table_privilege(to_regclass($1)::oid, 'INSERT'), false) ELSE false END
        """, parameters)
      if try result.bool(0, 0) { return candidate }
    }
    return nil
  }

  /// Where the catalogue is to stand: in its own schema if that can be used or created.
  package static func choose(
    _ connection: inout Connection, schema: String
  ) throws(PostgresError) -> TargetCatalogue {
    if let found = try find(&connection, schema: schema) { return found }
    var parameters = Parameters()
    parameters.append(text: schemaName)
    let result = try connection.query(
      """
      SELECT CASE WHEN to_regnamespace($1) IS NULL THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege(to_regnamespace($1)::oid, 'CREATE, USAGE') END
      """, parameters)
    return try result.bool(0, 0) ? own : inside(schema)
  }

  /// The statements that create the catalogue where it is missing. Idempotent.
  package var creation: String {
    let schemaCreation =
      isOwnSchema
      ? """
      DO $changeover$ BEGIN
        IF to_regnamespace('\(Self.schemaName)') IS NULL THEN CREATE SCHEMA \(Self.schemaName); END IF;
      END $changeover$;

      """ : ""
    return schemaCreation
      + TriggerTemplate.catalogue.fill([
        "source": source, "heartbeat": heartbeat, "copy": copy, "quarantine": quarantine, "advance": advance,
        "closed": closed,
      ])
  }
}
