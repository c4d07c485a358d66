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
  package var reverse: String { name("reverse") }
  package var verification: String { name("verification") }
  /// What there is beside the record of the source.
  var parts: [String] { [heartbeat, copy, quarantine, reverse, verification] }
  package var advance: String { name("advance") }
  package var closed: String { name("closed") }
  package func log(_ table: TableID, of source: RandomID) -> String { name("change_\(Self.tag(source))_\(table)") }
  package func captureFunction(_ table: TableID, of source: RandomID) -> String {
    name("capture_\(Self.tag(source))_\(table)")
  }

  /// Tells the sources that share a target apart.
  private static func tag(_ source: RandomID) -> String { String(source.description.prefix(8)) }

  /// Where the catalogue stands that this role may use, or nil where there is none yet. `schema` is the one of the
  /// tables.
  package static func find(
    _ connection: inout Connection, schema: String
  ) throws(PostgresError) -> TargetCatalogue? {
    for candidate in [own, inside(schema)] {
      // Not to_regclass, which raises an error where the schema is another role's.
      var parameters = Parameters()
      parameters.append(text: candidate.schema)
      parameters.append(text: candidate.isOwnSchema ? "source" : "changeover_source")
      let result = try connection.query(
        """
        SELECT EXISTS (
          SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE')
            AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'UPDATE'))
        """, parameters)
      if try result.bool(0, 0) { return candidate }
    }
    return nil
  }

  /// Where the catalogue is to stand: in its own schema if that can be created, or stands empty for this role to use.
  package static func choose(
    _ connection: inout Connection, schema: String
  ) throws(PostgresError) -> TargetCatalogue {
    if let found = try find(&connection, schema: schema) { return found }
    var parameters = Parameters()
    parameters.append(text: schemaName)
    let result = try connection.query(
      """
      SELECT coalesce(
        (SELECT has_schema_privilege(n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'USAGE')
            AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid)
          FROM pg_namespace AS n WHERE n.nspname = $1),
        has_database_privilege(current_database(), 'CREATE'))
      """, parameters)
    return try result.bool(0, 0) ? own : inside(schema)
  }

  /// Two sources that are installed at the same time would create, or drop, the same objects.
  private static let lockNumber: Int64 = 0x6368_616E_6765_6F76  // "changeov" in bytes.

  /// Waits for others that create or drop the shared objects; inside a PL/pgSQL block.
  var alone: String { "PERFORM pg_advisory_xact_lock(\(Self.lockNumber))" }

  /// Drops the catalogue once no source is left in it. For the end of the transaction that removes one.
  var removal: String {
    let tables = ([source] + parts).joined(separator: ", ")
    return """
      DO $changeover$ BEGIN
        PERFORM pg_advisory_xact_lock(\(Self.lockNumber));
        IF EXISTS (SELECT FROM \(source)) THEN RETURN; END IF;
        DROP TABLE IF EXISTS \(tables);
        DROP FUNCTION \(advance);
        DROP FUNCTION \(closed);
        \(isOwnSchema ? Self.schemaRemoval : "")
      END $changeover$
      """
  }

  /// Whoever made the schema beforehand, for a role that may not, keeps it.
  private static let schemaRemoval = """
    IF EXISTS (
      SELECT FROM pg_namespace AS n WHERE nspname = '\(schemaName)' AND pg_has_role(nspowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid)
        AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)
    ) THEN DROP SCHEMA \(schemaName); END IF;
    """

  /// Adds what a catalogue lacks that an earlier version made. Costs one query where nothing is missing.
  package func complete(_ connection: inout Connection) throws(PostgresError) {
    if try has(isOwnSchema ? "verification" : "changeover_verification", &connection) { return }
    do throws(PostgresError) {
      try connection.execute(
        "BEGIN; \(connection.localSettings)SET LOCAL lock_timeout = '10s';\n\(creation);\nCOMMIT")
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// Whether results of verify can stand here: not before an earlier version's catalogue is completed.
  func holdsVerifications(_ connection: inout Connection) throws(PostgresError) -> Bool {
    try has(isOwnSchema ? "verification" : "changeover_verification", &connection)
  }

  private func has(_ table: String, _ connection: inout Connection) throws(PostgresError) -> Bool {
    var parameters = Parameters()
    parameters.append(text: schema)
    parameters.append(text: table)
    return try connection.query(
      """
      SELECT EXISTS (
        SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2)
      """, parameters
    ).bool(0, 0)
  }

  /// The statements that create the catalogue where it is missing. Idempotent.
  package var creation: String {
    let schemaCreation =
      isOwnSchema
      ? """
      DO $changeover$ BEGIN
        PERFORM pg_advisory_xact_lock(\(Self.lockNumber));
        IF to_regnamespace('\(Self.schemaName)') IS NULL THEN CREATE SCHEMA \(Self.schemaName); END IF;
      END $changeover$;

      """ : "SELECT pg_advisory_xact_lock(\(Self.lockNumber));\n"
    return schemaCreation
      + TriggerTemplate.catalogue.fill([
        "source": source, "heartbeat": heartbeat, "copy": copy, "quarantine": quarantine, "reverse": reverse,
        "advance": advance, "closed": closed, "verification": verification,
      ])
  }
}
