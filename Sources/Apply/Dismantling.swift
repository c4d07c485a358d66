import Model
import Postgres
import Schema

/// Takes what changeover made out of a target that is the authority for good. The record of the source stays: a forgotten
/// sync finds in it that the move is over.
///
/// First the record says `finished`, which closes the way back; everything after that only removes and may be repeated.
package struct Dismantling {
  /// What stands of ours on one table, under whatever name the table has by now.
  package struct Remains: Sendable, Equatable {
    package var table: TablePlan
    /// Qualified and quoted; nil where the table is gone.
    package var relation: String?
    package var triggers: [String]
    /// The column that tells the rows of a table without a key apart; nil where there is none, or it is gone.
    package var hiddenColumn: String?
    package var hasFunction: Bool
    package var hasLog: Bool
    /// Writes since the switch that no sync took out.
    package var undelivered: Int64

    package var isEmpty: Bool { triggers.isEmpty && hiddenColumn == nil && !hasFunction && !hasLog }

    /// For people.
    package var parts: [String] {
      triggers.map { "trigger \($0)" } + (hiddenColumn.map { ["column \($0)"] } ?? [])
        + (hasFunction ? ["its capture function"] : []) + (hasLog ? ["its log table"] : [])
    }
  }

  /// What somebody else's object keeps in place.
  package struct Kept: Sendable, Equatable {
    package var hiddenColumn: String
    package var reason: String
  }

  /// One attempt waits for a table's lock no longer: everybody who comes after it waits too.
  private static let lockMilliseconds = 500

  private let record: SourceRecord
  private let catalogue: TargetCatalogue

  package init(_ record: SourceRecord, _ catalogue: TargetCatalogue) {
    self.record = record
    self.catalogue = catalogue
  }

  package func remains(_ connection: inout Connection) throws -> [Remains] {
    try record.plan.tables.map { try remains(of: $0, &connection) }
  }

  private func remains(of table: TablePlan, _ connection: inout Connection) throws -> Remains {
    let hidden = table.isUserMade ? nil : table.columns.first { $0.sourceName == SourceTable.hiddenColumn }
    let log = catalogue.log(table.id, of: record.source)
    var parameters = Parameters()
    parameters.append(text: catalogue.captureFunction(table.id, of: record.source) + "()")
    parameters.append(text: DDL(record.plan).name(of: table))
    parameters.append(text: hidden?.targetName ?? "")
    parameters.append(text: log)
    let result = try connection.query(
      """
      WITH ours AS (SELECT to_regprocedure($1) AS function), place AS (
        -- By its trigger, for a table that was renamed.
        SELECT coalesce(
          (SELECT t.tgrelid FROM pg_trigger AS t, ours WHERE t.tgfoid = ours.function LIMIT 1), to_regclass($2)::oid) AS oid
      )
      SELECT (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = place.oid),
        EXISTS (SELECT FROM pg_attribute AS a
          WHERE a.attrelid = place.oid AND a.attname = $3 AND a.attnum > 0 AND NOT a.attisdropped),
        ours.function IS NOT NULL, to_regclass($4) IS NOT NULL
      FROM ours, place
      """, parameters)
    let relation = try result.stringOrNil(0, 0)
    let hasLog = try result.bool(0, 3)
    return Remains(
      table: table, relation: relation, triggers: try relation.map { try triggers(on: $0, &connection) } ?? [],
      hiddenColumn: try result.bool(0, 1) ? hidden?.targetName : nil, hasFunction: try result.bool(0, 2),
      hasLog: hasLog, undelivered: hasLog ? try connection.query("SELECT count(*) FROM \(log)").int64(0, 0) : 0)
  }

  private func triggers(on relation: String, _ connection: inout Connection) throws -> [String] {
    var parameters = Parameters()
    parameters.append(text: relation)
    let result = try connection.query(
      """
      SELECT tgname::text FROM pg_trigger
      WHERE tgrelid = to_regclass($1) AND NOT tgisinternal AND starts_with(tgname::text, '_changeover_') ORDER BY tgname
      """, parameters)
    return try (0..<result.rowCount).map { try result.string($0, 0) }
  }

  /// The decision: from here on there is no way back. May be repeated; throws a superseded error where the switch is
  /// another one, or did not end.
  package func decide(_ connection: inout Connection) throws {
    guard let switchID = record.switchID else {
      throw Failure(.internalError, "the target is switched without a switch id", remedy: "report this")
    }
    var parameters = Parameters()
    parameters.append(uuid: record.source)
    parameters.append(uuid: switchID)
    let result = try connection.query(
      """
      UPDATE \(catalogue.source) SET phase = '\(Phase.finished.rawValue)'
      WHERE source = $1 AND switch_id = $2 AND phase IN ('\(Phase.switched.rawValue)', '\(Phase.finished.rawValue)')
      """, parameters)
    guard result.affectedRows == 1 else {
      throw PostgresError.superseded("the phase or the switch is another one")
    }
  }

  /// Removes what stands of ours on one table, in one transaction. What somebody else's view needs stays, and is told.
  /// - Parameter keepsHiddenColumn: leave the column that stands for a key.
  package func remove(
    _ remains: Remains, keepsHiddenColumn: Bool, until deadline: ContinuousClock.Instant, stop: StopSignal,
    _ connection: inout Connection
  ) throws -> Kept? {
    var kept: Kept?
    var hidden = keepsHiddenColumn ? nil : remains.hiddenColumn
    while true {
      do {
        try run(remains, hidden, &connection)
        return kept
      } catch let error as PostgresError {
        switch error.sqlState {
        case "2BP01":
          guard let column = hidden else { throw error }
          kept = Kept(hiddenColumn: column, reason: "something of the application's own needs it")
          hidden = nil
        // Somebody works with the table, or with it and another one.
        case "55P03", "40P01":
          guard ContinuousClock.now < deadline else {
            throw Failure(
              .tryAgain,
              "another session keeps a lock on \(remains.relation ?? remains.table.targetName) (see pg_locks)",
              remedy: "end it, then run changeover finish again: it goes on where it was")
          }
          if stop.wait(milliseconds: 100) { throw Stopped() }
        default: throw error
        }
      }
    }
  }

  private func run(_ remains: Remains, _ hidden: String?, _ connection: inout Connection) throws {
    var script = ["BEGIN", connection.localSettings + "SET LOCAL lock_timeout = \(Self.lockMilliseconds)"]
    if let relation = remains.relation {
      script += remains.triggers.map { "DROP TRIGGER IF EXISTS \(PostgresText.identifier($0)) ON \(relation)" }
      if let hidden {
        script.append("ALTER TABLE \(relation) DROP COLUMN IF EXISTS \(PostgresText.identifier(hidden))")
      }
    }
    script.append("DROP FUNCTION IF EXISTS \(catalogue.captureFunction(remains.table.id, of: record.source))()")
    script.append("DROP TABLE IF EXISTS \(catalogue.log(remains.table.id, of: record.source))")
    do {
      try connection.execute((script + ["COMMIT"]).joined(separator: ";\n"))
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// Removes everything but the record of the source; with the last source that is not finished, what they shared.
  package func clearCatalogue(_ connection: inout Connection) throws(PostgresError) {
    do throws(PostgresError) {
      try connection.execute(
        // What others committed before the lock was had is to be seen after it.
        "BEGIN ISOLATION LEVEL READ COMMITTED; \(connection.localSettings) SET LOCAL lock_timeout = '10s';\n\(catalogue.clearing(record.source));\nCOMMIT"
      )
    } catch {
      if connection.isHealthy { try? connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// Rows of a table by its present name.
  package static func rows(of relation: String, _ connection: inout Connection) throws -> Int64 {
    try connection.query("SELECT count(*) FROM \(relation)").int64(0, 0)
  }

  package static func analyze(_ relation: String, _ connection: inout Connection) throws {
    try connection.execute("ANALYZE \(relation)")
  }

  /// Triggers of the user's own that were brought back at the switch and are disabled now, by table.
  package func disabledTriggers(_ connection: inout Connection) throws -> [String] {
    var found: [String] = []
    for table in record.plan.tables {
      for trigger in table.kept?.triggers ?? [] {
        var parameters = Parameters()
        parameters.append(text: DDL(record.plan).name(of: table))
        parameters.append(text: trigger.name)
        let result = try connection.query(
          "SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tgname = $2 AND tgenabled = 'D'", parameters)
        if result.rowCount > 0 { found.append("\(trigger.name) of \(table.targetName)") }
      }
    }
    return found
  }
}

extension TargetCatalogue {
  /// One statement that forgets all of a source but its record.
  fileprivate func clearing(_ source: RandomID) -> String {
    let deletions = parts.map {
      """
      IF to_regclass(\(PostgresText.literal($0))) IS NOT NULL THEN
          DELETE FROM \($0) WHERE source = '\(source)';
        END IF;
      """
    }
    return """
      DO $changeover$ BEGIN
        \(alone);
        IF EXISTS (SELECT FROM \(self.source) WHERE phase <> '\(Phase.finished.rawValue)') THEN
          \(deletions.joined(separator: "\n    "))
        ELSE
          DROP TABLE IF EXISTS \(parts.joined(separator: ", "));
          DROP FUNCTION IF EXISTS \(advance);
          DROP FUNCTION IF EXISTS \(closed);
        END IF;
      END $changeover$
      """
  }
}
