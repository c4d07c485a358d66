import FoundationEssentials
import Model
import Postgres
import Schema
import TriggerTemplates

/// Looks whether a plan can be created on the target, and creates it, closed to everybody but us, in one transaction.
package enum TargetInstaller {
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
        has_database_privilege(current_database(), 'TEMP'), current_user::text, current_setting('server_encoding')
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
      throw Failure(
        .configuration, "role '\(role)' may not create temporary tables on the target",
        remedy: "let the database's owner run: GRANT TEMPORARY ON DATABASE … TO \(roleName);")
    }
    let encoding = try result.string(0, 5)
    guard encoding == "UTF8" else {
      throw Failure(
        .configuration, "the target database's encoding is \(encoding); SQLite's text needs UTF8",
        remedy: "create the target database with ENCODING 'UTF8'")
    }
  }

  /// Throws where a table or index of the plan's names is already there.
  package static func checkIsFree(_ plan: TargetPlan, _ connection: inout Connection) throws {
    for table in plan.tables {
      var parameters = Parameters()
      parameters.append(text: PostgresText.identifier(plan.schema, table.targetName))
      let exists = try connection.query("SELECT to_regclass($1) IS NOT NULL", parameters)
      guard try exists.bool(0, 0) else { continue }
      var isEmpty = true
      let name = PostgresText.identifier(plan.schema, table.targetName)
      if let rows = try? connection.query("SELECT EXISTS (SELECT 1 FROM \(name))") {
        isEmpty = try !rows.bool(0, 0)
      }
      throw Failure(
        .configuration,
        "the target already has a \(isEmpty ? "" : "non-empty ")table '\(table.targetName)' in schema '\(plan.schema)'",
        remedy: "drop or rename it, choose an empty schema with --target-schema, or leave the table out with --exclude")
    }
    try checkIndexNames(plan, &connection)
  }

  /// Indexes share the tables' namespace, and an index of that name would otherwise be found only after the copy.
  private static func checkIndexNames(_ plan: TargetPlan, _ connection: inout Connection) throws {
    for table in plan.tables {
      for name in [table.keyName] + table.indexes.map(\.name) {
        var parameters = Parameters()
        parameters.append(text: PostgresText.identifier(plan.schema, name))
        let exists = try connection.query("SELECT to_regclass($1) IS NOT NULL", parameters)
        guard try exists.bool(0, 0) else { continue }
        throw Failure(
          .configuration,
          "the target already has an object '\(name)' in schema '\(plan.schema)', the name of an index of table "
            + "'\(table.targetName)'",
          remedy:
            "drop or rename it, choose an empty schema with --target-schema, or leave the table out with --exclude")
      }
    }
  }

  /// Creates the catalogue, the tables and the source's record.
  package static func create(
    _ plan: TargetPlan, source: RandomID, label: String, owner: RandomID, base: Position,
    _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> SourceRecord {
    let ddl = DDL(plan)
    // IF NOT EXISTS does not protect from another sync that creates the same at the same time.
    let alone = "SELECT pg_advisory_xact_lock(hashtextextended('changeover', 0))"
    var script = ["BEGIN", "SET LOCAL lock_timeout = '10s'", alone, catalogue.creation]
    for table in plan.tables {
      script.append(ddl.createTable(table))
      let name = ddl.name(of: table)
      script.append(TriggerTemplate.targetFence.fill(["table": name, "closed": catalogue.closed]))
      script.append(captureSQL(table, name: name, source: source, catalogue))
    }
    try connection.execute(script.joined(separator: ";\n"))
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      var parameters = Parameters()
      parameters.append(uuid: source)
      parameters.append(text: label)
      parameters.append(uuid: owner)
      parameters.append(text: Phase.preparing.rawValue)
      parameters.append(int64: base.group.rawValue)
      parameters.append(int64: base.sequence.rawValue)
      parameters.append(int64: base.nonce)
      parameters.append(text: String(decoding: try encoder.encode(plan), as: UTF8.self))
      _ = try connection.query(
        """
        INSERT INTO \(catalogue.source)
          (source, label, format, owner, epoch, phase, applied_group, applied_sequence, applied_nonce, plan)
        VALUES ($1, $2, 1, $3, 1, $4, $5, $6, $7, $8)
        """, parameters)
      var beat = Parameters()
      beat.append(uuid: source)
      _ = try connection.query(
        "INSERT INTO \(catalogue.heartbeat) (source, epoch, at) VALUES ($1, 1, clock_timestamp())", beat)
      for table in plan.tables {
        var row = Parameters()
        row.append(uuid: source)
        row.append(int64: table.id.rawValue)
        _ = try connection.query("INSERT INTO \(catalogue.copy) (source, table_id) VALUES ($1, $2)", row)
      }
      try connection.execute("COMMIT")
    } catch {
      try? connection.execute("ROLLBACK")
      throw error
    }
    return SourceRecord(
      source: source, owner: owner, epoch: 1, phase: .preparing, applied: base, appliedAt: SystemClock().now,
      switchID: nil, plan: plan, heartbeatAge: 0)
  }

  private static func captureSQL(
    _ table: TablePlan, name: String, source: RandomID, _ catalogue: TargetCatalogue
  ) -> String {
    let keys = table.keyColumns
    func list(_ row: String) -> String {
      keys.map { "\(row).\(PostgresText.identifier($0.targetName))" }.joined(separator: ", ")
    }
    let changed = keys.map {
      let column = PostgresText.identifier($0.targetName)
      return "OLD.\(column) IS DISTINCT FROM NEW.\(column)"
    }
    return TriggerTemplate.targetCapture.fill([
      "log": catalogue.log(table.id, of: source), "function": catalogue.captureFunction(table.id, of: source),
      "table": name, "keys": keys.indices.map { "k\($0)" }.joined(separator: ", "), "new": list("NEW"),
      "old": list("OLD"), "changed": changed.joined(separator: " OR "),
      "key_columns": keys.enumerated().map { ",\n  k\($0) \($1.type.sql)" }.joined(),
    ])
  }

  /// Drops everything that was created for a source, for a new start.
  package static func remove(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws {
    let ddl = DDL(record.plan)
    var script = ["BEGIN", "SET LOCAL lock_timeout = '10s'"]
    for table in record.plan.tables {
      script.append("DROP TABLE IF EXISTS \(ddl.name(of: table))")
      script.append("DROP FUNCTION IF EXISTS \(catalogue.captureFunction(table.id, of: record.source))()")
      script.append("DROP TABLE IF EXISTS \(catalogue.log(table.id, of: record.source))")
    }
    for table in [catalogue.copy, catalogue.quarantine, catalogue.heartbeat, catalogue.source] {
      script.append("DELETE FROM \(table) WHERE source = '\(record.source)'")
    }
    script.append("COMMIT")
    do {
      try connection.execute(script.joined(separator: ";\n"))
    } catch {
      try? connection.execute("ROLLBACK")
      throw error
    }
  }
}
