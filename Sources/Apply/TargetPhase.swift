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

  /// After the decision: records it and opens the tables, in one transaction. Idempotent.
  package func complete(
    _ switchID: RandomID, plan: TargetPlan, _ connection: inout Connection
  ) throws {
    let ddl = DDL(plan)
    var script = ["BEGIN", "SET LOCAL lock_timeout = '5s'"]
    script.append(
      """
      UPDATE \(catalogue.source) SET phase = '\(Phase.switched.rawValue)'
      WHERE source = '\(source)' AND switch_id = '\(switchID)'
        AND phase IN ('\(Phase.switching.rawValue)', '\(Phase.switched.rawValue)')
      """)
    for table in plan.tables {
      script.append("ALTER TABLE \(ddl.name(of: table)) DISABLE TRIGGER _changeover_fence")
    }
    script.append("COMMIT")
    try run(script, &connection)
  }

  /// Takes a switch back that did not decide: the tables follow again, without foreign keys. Idempotent.
  package func undo(_ switchID: RandomID, plan: TargetPlan, _ connection: inout Connection) throws {
    let ddl = DDL(plan)
    var script = ["BEGIN", "SET LOCAL lock_timeout = '5s'"]
    for table in plan.tables {
      for key in table.foreignKeys { script.append(ddl.dropForeignKey(key, on: table)) }
    }
    script.append(
      """
      UPDATE \(catalogue.source) SET phase = '\(Phase.syncing.rawValue)', switch_id = NULL
      WHERE source = '\(source)' AND switch_id = '\(switchID)' AND phase = '\(Phase.switching.rawValue)'
      """)
    script.append("COMMIT")
    try run(script, &connection)
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
    do {
      try connection.execute(script.joined(separator: ";\n"))
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}
