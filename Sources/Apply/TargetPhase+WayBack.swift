import Model
import Postgres
import Schema

/// The target's part in the way back: closed by its fence in the transaction that drains the last changes, then
/// following again once the source has decided, or opened again where it has not.
extension TargetPhase {
  /// The tables of the plan as they are called now: the application may have renamed one since the switch, or dropped it.
  package func standing(_ plan: TargetPlan, _ connection: inout Connection) throws -> [String] {
    let functions = plan.tables.map { PostgresText.literal(catalogue.captureFunction($0.id, of: source)) }
    let result = try connection.query(
      """
      SELECT DISTINCT n.nspname::text, c.relname::text
      FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE t.tgname = '_changeover_capture' AND t.tgparentid = 0
        AND t.tgfoid IN (SELECT to_regproc(f)::oid FROM unnest(ARRAY[\(functions.joined(separator: ", "))]::text[]) AS f)
      ORDER BY 1, 2
      """)
    return try (0..<result.rowCount).map { PostgresText.identifier(try result.string($0, 0), try result.string($0, 1)) }
  }

  /// Begins the transaction of the way back and waits for those who work on the tables without writing rows: VACUUM,
  /// ANALYZE, CREATE INDEX. Autovacuum gives way only after the server's `deadlock_timeout`, and then stays away. No
  /// writer waits behind this lock. Throws SQLSTATE 55P03 where it took too long.
  package func keepMaintenanceAway(_ tables: [String], seconds: Double, _ connection: inout Connection) throws {
    try begin(locking: tables, in: "SHARE UPDATE EXCLUSIVE", seconds: seconds, &connection)
  }

  /// Waits, in the transaction that `keepMaintenanceAway` began, for those who write to the tables: whoever comes after
  /// them waits too, so an attempt is short. Throws SQLSTATE 55P03, the transaction rolled back, where it took longer.
  package func keepWritersAway(_ tables: [String], milliseconds: Int, _ connection: inout Connection) throws {
    try Self.run(
      [
        "SET LOCAL lock_timeout = \(max(milliseconds, 1))",
        "LOCK TABLE \(tables.joined(separator: ", ")) IN SHARE ROW EXCLUSIVE MODE", "SET LOCAL lock_timeout = 0",
      ], &connection)
  }

  /// Closes the tables and marks the way back as begun; the decision is the source's COMMIT. The fence is enabled as a
  /// trigger: a flag in a table is not seen by a transaction with an older snapshot.
  package func beginWayBack(
    _ wayBack: RandomID, of switchID: RandomID, epoch: Int64, closing tables: [String]
  ) -> [String] {
    tables.map { "ALTER TABLE \($0) ENABLE ALWAYS TRIGGER _changeover_fence" } + [
      move(
        where: "epoch = \(epoch) AND phase = '\(Phase.switched.rawValue)' AND switch_id = '\(switchID)'",
        setting: "phase = '\(Phase.switchingBack.rawValue)', way_back_id = '\(wayBack)'")
    ]
  }

  /// After the decision: the tables follow again from the last group that they gave away, without foreign keys and
  /// without the user's own triggers. May be repeated.
  package func completeWayBack(
    _ wayBack: RandomID, of switchID: RandomID, plan: TargetPlan, _ connection: inout Connection
  ) throws {
    // Where nothing was written after the switch, the last group applied is the one to go on from.
    func last(_ column: String) -> String {
      "applied_\(column) = CASE WHEN captured_group > applied_group THEN captured_\(column) ELSE applied_\(column) END"
    }
    try Self.run(
      ["BEGIN", connection.localSettings + "SET LOCAL lock_timeout = '5s'"]
        + [
          move(
            where: "way_back_id = '\(wayBack)' "
              + "AND (switch_id = '\(switchID)' AND phase = '\(Phase.switchingBack.rawValue)' "
              + "OR switch_id IS NULL AND phase = '\(Phase.syncing.rawValue)')",
            setting: "\(last("group")), \(last("sequence")), \(last("nonce")), "
              + "phase = '\(Phase.syncing.rawValue)', switch_id = NULL")
        ] + following(plan) + ["COMMIT"], &connection)
  }

  /// Takes a way back that did not decide back: the tables are open as before.
  package func undoWayBack(
    _ wayBack: RandomID, of switchID: RandomID, plan: TargetPlan, _ connection: inout Connection
  ) throws {
    let tables = try standing(plan, &connection)
    try Self.run(
      ["BEGIN", connection.localSettings + "SET LOCAL lock_timeout = '5s'"]
        + [
          move(
            where: "switch_id = '\(switchID)' AND (way_back_id = '\(wayBack)' "
              + "AND phase = '\(Phase.switchingBack.rawValue)' "
              + "OR way_back_id IS NULL AND phase = '\(Phase.switched.rawValue)')",
            setting: "phase = '\(Phase.switched.rawValue)', way_back_id = NULL")
        ] + tables.map { "ALTER TABLE \($0) DISABLE TRIGGER _changeover_fence" } + ["COMMIT"],
      &connection)
  }

  /// The numbers that the target's sequences have handed out, by the source's table name: SQLite is not to hand out any
  /// of them again.
  package static func handedOut(_ plan: TargetPlan, _ connection: inout Connection) throws -> [String: Int64] {
    let ddl = DDL(plan)
    var numbers: [String: Int64] = [:]
    for table in plan.tables {
      guard let column = table.identityColumn?.targetName ?? table.kept?.sequences.first?.column else { continue }
      var parameters = Parameters()
      parameters.append(text: ddl.name(of: table))
      parameters.append(text: column)
      let name = try connection.query("SELECT pg_get_serial_sequence($1, $2)", parameters).stringOrNil(0, 0)
      guard let sequence = table.kept?.sequences.first?.sequence ?? name else { continue }
      let result = try connection.query("SELECT CASE WHEN is_called THEN last_value END FROM \(sequence)")
      if let last = try result.int64OrNil(0, 0) { numbers[table.sourceName] = last }
    }
    return numbers
  }
}
