import Model
import Postgres
import Schema

/// The target's steps from phase to phase. Each is one compare-and-set; each may be repeated.
package struct TargetPhase {
  let catalogue: TargetCatalogue
  let source: RandomID

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
      throw .superseded("the phase is another one")
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
    return plan.tables.flatMap { table -> [String] in
      if let kept = table.kept { return kept.sequences.map { past($0, of: table, ddl, handedOut) } }
      guard let column = table.identityColumn else { return [] }
      let name = ddl.name(of: table)
      let quoted = PostgresText.identifier(column.targetName)
      let sequence =
        "pg_get_serial_sequence(\(PostgresText.literal(name)), \(PostgresText.literal(column.targetName)))"
      let floor = max(handedOut[table.sourceName] ?? 0, 0)
      return [
        """
        SELECT setval(\(sequence), greatest(largest, \(floor), 1), greatest(largest, \(floor)) >= 1)
        FROM (SELECT coalesce(max(\(quoted)), 0) AS largest FROM \(name)) AS t
        """
      ]
    }
  }

  /// A sequence of the user's own has bounds of its own, and may be ahead for a reason: it never goes back.
  private static func past(
    _ kept: KeptSequence, of table: TablePlan, _ ddl: DDL, _ handedOut: [String: Int64]
  ) -> String {
    let isRowid = table.keyColumns.map(\.targetName) == [kept.column]
    let floor = isRowid ? max(handedOut[table.sourceName] ?? 0, 0) : 0
    return """
      SELECT setval('\(PostgresText.doublingQuotes(in: kept.sequence))', least(greatest(largest, \(floor)), s.seqmax))
      FROM (SELECT coalesce(max(\(PostgresText.identifier(kept.column))), 0) AS largest FROM \(ddl.name(of: table))) AS t,
        pg_sequence AS s, \(kept.sequence) AS q
      WHERE s.seqrelid = '\(PostgresText.doublingQuotes(in: kept.sequence))'::regclass
        AND greatest(largest, \(floor)) >= greatest(s.seqmin, CASE WHEN q.is_called THEN q.last_value ELSE s.seqmin END)
      """
  }

  /// Brings the user's own triggers back as they were; its foreign keys come with the others.
  package static func triggers(of plan: TargetPlan) -> [String] {
    let ddl = DDL(plan)
    return plan.tables.flatMap { table in (table.kept?.triggers ?? []).map { $0.enabling(on: ddl.name(of: table)) } }
  }

  /// Waits until nobody else works on the tables, and keeps it so to the end of the transaction that this begins: the
  /// switch then waits for no lock while the writers wait, and autovacuum passes the tables by. Readers go on.
  ///
  /// The source's record comes first, as when a group is applied: the other order could deadlock.
  package func lock(_ plan: TargetPlan, seconds: Double, _ connection: inout Connection) throws {
    guard connection.transactionStatus == .idle else { return }
    try begin(locking: lockedForSwitch(plan), in: "SHARE ROW EXCLUSIVE", seconds: seconds, &connection)
  }

  /// What `lock` locks: the plan's tables, and the other ends of the user's own foreign keys, which come back at the switch.
  package func lockedForSwitch(_ plan: TargetPlan) -> [String] {
    let ddl = DDL(plan)
    let others = plan.tables.flatMap { $0.kept?.foreignKeys ?? [] }.flatMap { [$0.table, $0.parentTable] }
    return Set(plan.tables.map { ddl.name(of: $0) } + others).sorted()
  }

  /// Begins a switch's transaction. The isolation is READ COMMITTED: statements after a lock see everything that was
  /// committed before it was had.
  func begin(locking tables: [String], in mode: String, seconds: Double, _ connection: inout Connection) throws {
    try Self.run(
      [
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        connection.localSettings + "SET LOCAL lock_timeout = \(max(Int(min(seconds, 1e6) * 1_000), 1))",
        "SET LOCAL synchronous_commit = on", "SELECT FROM \(catalogue.source) WHERE source = '\(source)' FOR UPDATE",
        "LOCK TABLE \(tables.joined(separator: ", ")) IN \(mode) MODE", "SET LOCAL lock_timeout = 0",
      ], &connection)
  }

  /// After the decision: records it and opens the tables, in one transaction. May be repeated.
  package func complete(
    _ switchID: RandomID, plan: TargetPlan, _ connection: inout Connection
  ) throws {
    let ddl = DDL(plan)
    var script = ["BEGIN", connection.localSettings + "SET LOCAL lock_timeout = '5s'"]
    script.append(
      move(
        where: "switch_id = '\(switchID)' AND phase IN ('\(Phase.switching.rawValue)', '\(Phase.switched.rawValue)')",
        setting: "phase = '\(Phase.switched.rawValue)'"))
    for table in plan.tables {
      script.append("ALTER TABLE \(ddl.name(of: table)) DISABLE TRIGGER _changeover_fence")
    }
    script.append("COMMIT")
    try Self.run(script, &connection)
  }

  /// Takes a switch back that did not decide: the tables follow again, without foreign keys.
  package func undo(_ switchID: RandomID, plan: TargetPlan, _ connection: inout Connection) throws {
    var script = ["BEGIN", connection.localSettings + "SET LOCAL lock_timeout = '5s'"]
    script.append(
      move(
        where: "(switch_id = '\(switchID)' AND phase = '\(Phase.switching.rawValue)' "
          + "OR switch_id IS NULL AND phase = '\(Phase.syncing.rawValue)')",
        setting: "phase = '\(Phase.syncing.rawValue)', switch_id = NULL"))
    script += following(plan) + ["COMMIT"]
    try Self.run(script, &connection)
  }

  /// What tables that follow are without.
  func following(_ plan: TargetPlan) -> [String] {
    let ddl = DDL(plan)
    return plan.tables.flatMap { table in
      table.foreignKeys.map { ddl.dropForeignKey($0, on: table) } + UserTables.puttingAside(table, ddl)
    }
  }

  /// Moves this very switch on; where it is no longer the one that the target knows, the transaction fails as superseded
  /// and leaves the tables alone.
  func move(where condition: String, setting: String) -> String {
    """
    DO $changeover$ BEGIN
      UPDATE \(catalogue.source) SET \(setting)
      WHERE source = '\(source)' AND \(condition);
      IF NOT FOUND THEN
        RAISE EXCEPTION 'changeover: this switch is no longer the current one' USING ERRCODE = '\(Ownership.superseded)';
      END IF;
    END $changeover$
    """
  }

  /// Which of the plan's tables lack a trigger that keeps them closed or records the application's writes.
  package static func unguarded(_ plan: TargetPlan, _ connection: inout Connection) throws -> [String] {
    let ddl = DDL(plan)
    var missing: [String] = []
    for table in plan.tables {
      var parameters = Parameters()
      parameters.append(text: ddl.name(of: table))
      let result = try connection.query(
        """
        SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tgenabled = 'A'
          AND tgname IN ('_changeover_fence', '_changeover_capture', '_changeover_capture_truncate')
        """, parameters)
      if try result.int64(0, 0) != 3 { missing.append(table.targetName) }
    }
    return missing
  }

  static func run(_ script: [String], _ connection: inout Connection) throws {
    do {
      try connection.execute(script.joined(separator: ";\n"))
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }
}
