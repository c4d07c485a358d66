import Model
import Postgres
import Schema

/// The target's steps from phase to phase. Each is one compare-and-set; each may be repeated.
package struct TargetPhase {
  private let catalogue: TargetCatalogue
  private let source: RandomID

  package init(_ catalogue: TargetCatalogue, _ source: RandomID) {
    self.catalogue = catalogue
    self.source = source
  }

  /// Moves from one phase to another; throws a superseded error where the phase or the epoch is another one.
  package func move(
    _ ownership: Ownership, to phase: Phase, _ connection: inout Connection
  ) throws(PostgresError) {
    var parameters = Parameters()
    parameters.append(uuid: source)
    parameters.append(int64: ownership.epoch)
    parameters.append(text: ownership.phase.rawValue)
    parameters.append(text: phase.rawValue)
    let result = try connection.query(
      "UPDATE \(catalogue.source) SET phase = $4 WHERE source = $1 AND epoch = $2 AND phase = $3", parameters)
    guard result.affectedRows == 1 else {
      throw .server(ServerError(sqlState: Ownership.superseded, message: "the phase is another one"))
    }
  }

  // MARK: The switch. Statements for the transaction that applies the last group.

  /// Marks the switch as begun; the decision is the source's COMMIT.
  package func beginSwitch(_ switchID: RandomID, epoch: Int64) -> String {
    """
    UPDATE \(catalogue.source) SET phase = '\(Phase.switching.rawValue)', switch_id = '\(switchID)'
    WHERE source = '\(source)' AND epoch = \(epoch) AND phase = '\(Phase.syncing.rawValue)'
    """
  }

  /// Sets every identity past its largest key and past what the source handed out.
  /// - Parameter handedOut: `sqlite_sequence` of the source, by table name.
  package static func sequences(of plan: TargetPlan, handedOut: [String: Int64]) -> [String] {
    let ddl = DDL(plan)
    return plan.tables.compactMap { table in
      guard let column = table.identityColumn else { return nil }
      let name = ddl.name(of: table)
      let quoted = PostgresText.identifier(column.targetName)
      let sequence =
        "pg_get_serial_sequence(\(PostgresText.literal(name)), \(PostgresText.literal(column.targetName)))"
      let floor = max(handedOut[table.sourceName] ?? 0, 0)
      return """
        SELECT setval(\(sequence), greatest(largest, \(floor), 1), greatest(largest, \(floor)) >= 1)
        FROM (SELECT coalesce(max(\(quoted)), 0) AS largest FROM \(name)) AS t
        """
    }
  }

  /// After the decision: records it and opens the tables, in one transaction. Idempotent. Throws a superseded error, and
  /// opens nothing, where the target knows of no such switch.
  package func complete(
    _ switchID: RandomID, plan: TargetPlan, _ connection: inout Connection
  ) throws {
    let ddl = DDL(plan)
    let known = "switch_id = '\(switchID)' AND phase IN ('\(Phase.switching.rawValue)', '\(Phase.switched.rawValue)')"
    try run(
      [step(to: .switched, switchID: "'\(switchID)'", where: known)]
        + plan.tables.map { "ALTER TABLE \(ddl.name(of: $0)) DISABLE TRIGGER _changeover_fence" }, &connection)
  }

  /// Takes a switch back that did not decide: the tables follow again, without foreign keys. Idempotent. Throws a
  /// superseded error, and drops nothing, where the target is in another switch or past this one.
  package func undo(_ switchID: RandomID, plan: TargetPlan, _ connection: inout Connection) throws {
    let ddl = DDL(plan)
    let open = "switch_id = '\(switchID)' AND phase = '\(Phase.switching.rawValue)'"
    let undone = "switch_id IS NULL AND phase = '\(Phase.syncing.rawValue)'"
    var script = [step(to: .syncing, switchID: "NULL", where: "(\(open) OR \(undone))")]
    for table in plan.tables { script += table.foreignKeys.map { ddl.dropForeignKey($0, on: table) } }
    try run(script, &connection)
  }

  /// Moves the phase, or raises an error that ends the transaction.
  private func step(to phase: Phase, switchID: String, where condition: String) -> String {
    """
    DO $changeover$ BEGIN
      UPDATE \(catalogue.source) SET phase = '\(phase.rawValue)', switch_id = \(switchID)
      WHERE source = '\(source)' AND \(condition);
      IF NOT FOUND THEN
        RAISE EXCEPTION 'changeover: the target is in another phase' USING ERRCODE = '\(Ownership.superseded)';
      END IF;
    END $changeover$
    """
  }

  /// Keeps autovacuum away from the tables, or lets it in again: it would hold the locks that the switch needs.
  package static func setAutovacuum(_ enabled: Bool, plan: TargetPlan, _ connection: inout Connection) throws {
    let ddl = DDL(plan)
    for table in plan.tables {
      let action = enabled ? "RESET (autovacuum_enabled)" : "SET (autovacuum_enabled = false)"
      try connection.execute("ALTER TABLE \(ddl.name(of: table)) \(action)")
    }
  }

  private func run(_ script: [String], _ connection: inout Connection) throws {
    let begin = ["BEGIN", connection.localSettings + "SET LOCAL lock_timeout = '5s'"]
    do {
      try connection.execute((begin + script + ["COMMIT"]).joined(separator: ";\n"))
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}
