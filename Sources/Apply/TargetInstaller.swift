import Model
import Postgres
import Schema
import TriggerTemplates

/// Looks whether a plan can be created on the target, and creates it, closed to everybody but us, in one transaction.
package enum TargetInstaller {
  /// Creates the catalogue, the tables and the source's record.
  package static func create(
    _ plan: TargetPlan, source: RandomID, label: String, owner: RandomID, base: Position,
    _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws -> SourceRecord {
    do {
      try connection.execute(script(plan, source: source, catalogue, connection.localSettings))
      var parameters = Parameters()
      parameters.append(uuid: source)
      parameters.append(text: label)
      parameters.append(uuid: owner)
      parameters.append(text: Phase.preparing.rawValue)
      parameters.append(int64: base.group.rawValue)
      parameters.append(int64: base.sequence.rawValue)
      parameters.append(int64: base.nonce)
      parameters.append(text: try plan.json)
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
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
    return SourceRecord(
      source: source, owner: owner, epoch: 1, phase: .preparing, applied: base, appliedAt: SystemClock().now,
      switchID: nil, wayBack: nil, plan: plan, heartbeatAge: 0)
  }

  /// Begins the transaction and creates everything; `settings` are those of a pooled connection.
  private static func script(
    _ plan: TargetPlan, source: RandomID, _ catalogue: TargetCatalogue, _ settings: String
  ) -> String {
    let ddl = DDL(plan)
    // IF NOT EXISTS does not protect from another sync that creates the same at the same time.
    let alone = "SELECT pg_advisory_xact_lock(hashtextextended('changeover', 0))"
    var script = ["BEGIN", settings + "SET LOCAL lock_timeout = '10s'", alone, catalogue.creation]
    if plan.tables.contains(where: { $0.columns.contains { $0.type == .citext } }) {
      script.append("CREATE EXTENSION IF NOT EXISTS citext SCHEMA \(PostgresText.identifier(plan.schema))")
    }
    for table in plan.tables {
      script += table.isUserMade ? UserTables.puttingAside(table, ddl) : [ddl.createTable(table)]
      script += guarding(table, of: source, in: plan, catalogue)
    }
    return script.joined(separator: ";\n")
  }

  /// The statements that close a table to everybody but us and record what is written to it.
  static func guarding(
    _ table: TablePlan, of source: RandomID, in plan: TargetPlan, _ catalogue: TargetCatalogue
  ) -> [String] {
    let name = DDL(plan).name(of: table)
    return [TriggerTemplate.targetFence.fill(["table": name, "closed": catalogue.closed])]
      + ReverseTriggers(table, of: source, catalogue).creation(on: name)
  }

  /// The statements that take the record of a table's writes away, with the triggers that keep it.
  static func unguarding(_ table: TableID, of source: RandomID, _ catalogue: TargetCatalogue) -> [String] {
    [
      "DROP FUNCTION IF EXISTS \(catalogue.captureFunction(table, of: source))() CASCADE",
      "DROP TABLE IF EXISTS \(catalogue.log(table, of: source))",
    ]
  }

  /// Drops everything that was created for a source, for a new start; with the last source the catalogue too. Throws a
  /// superseded error where the source has another owner by now, or the target is the authority.
  package static func remove(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ connection: inout Connection
  ) throws {
    let ddl = DDL(record.plan)
    try catalogue.complete(&connection)
    do {
      try connection.execute("BEGIN; \(connection.localSettings) SET LOCAL lock_timeout = '10s'")
      var parameters = Parameters()
      parameters.append(uuid: record.source)
      parameters.append(int64: record.epoch)
      let found = try connection.query(
        "DELETE FROM \(catalogue.source) WHERE source = $1 AND epoch = $2 AND phase IN ('preparing', 'syncing')",
        parameters)
      guard found.affectedRows == 1 else {
        throw PostgresError.superseded("the source has another owner or phase by now")
      }
      var script = ViewBuilder.removal(record.plan)
      // In one statement, for the sake of foreign keys among them.
      let tables = record.plan.tables.filter { !$0.isUserMade }.map { ddl.name(of: $0) }.joined(separator: ", ")
      if !tables.isEmpty { script.append("DROP TABLE IF EXISTS \(tables)") }
      script += UserTables.givingBack(record.plan)
      for table in record.plan.tables {
        script.append("DROP FUNCTION IF EXISTS \(catalogue.captureFunction(table.id, of: record.source))()")
        script.append("DROP TABLE IF EXISTS \(catalogue.log(table.id, of: record.source))")
      }
      for table in catalogue.parts {
        script.append("DELETE FROM \(table) WHERE source = '\(record.source)'")
      }
      script += [catalogue.removal, "COMMIT"]
      try connection.execute(script.joined(separator: ";\n"))
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}
