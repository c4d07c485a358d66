import Apply
import Capture
import Model
import Postgres
import SQLite
import Schema

/// Where the move stands, in words: phase, tables, lag, quarantine, and what can be done next.
package struct StatusReport: Sendable {
  /// A table of the source and how far it has come.
  package struct Table: Sendable {
    package var source: String
    package var target: String
    package var rowsCopied: Int64
    package var rowsExpected: Int64
    /// All rows and the key are there.
    package var isCopied: Bool
  }

  package var lag: LagReport
  /// Nil while the target is away.
  package var phase: Phase?
  package var tables: [Table] = []
  package var quarantine: [QuarantineSummary] = []
  /// Tables that do not follow at the moment.
  package var held: [TargetPlan.Hold] = []

  /// Looks now.
  package static func look(
    source: String, target: ConnectionTarget, state: String, targetSchema: String?
  ) throws -> StatusReport {
    let lag = try LagReport.look(source: source, target: target, state: state, targetSchema: targetSchema)
    var report = StatusReport(lag: lag)
    guard lag.targetReachable else { return report }
    let database = try SourceFile.openForReading(source)
    do {
      guard let installation = try SourceInstallation.read(database) else { return report }
      var connection = try Connection(
        target, applicationName: "changeover status", stop: StopSignal(), timeoutSeconds: 10)
      let schema = try targetSchema ?? TargetInstaller.currentSchema(&connection)
      guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
        let record = try SourceRecord.read(installation.source, catalogue, &connection)
      else { return report }
      report.phase = record.phase
      if record.phase == .finished { return report }
      let copied = try CopyProgress.read(record.source, catalogue, &connection)
      for plan in record.plan.tables {
        let progress = copied.first { $0.table == plan.id }
        report.tables.append(
          Table(
            source: plan.sourceName, target: plan.targetName, rowsCopied: progress?.rows ?? 0,
            rowsExpected: max(progress?.expected ?? 0, progress?.rows ?? 0), isCopied: progress?.step == .done))
      }
      report.held = record.plan.holds
      report.quarantine = try QuarantineSummary.read(record.source, catalogue, &connection)
      return report
    } catch let error as SQLiteError {
      throw error.failure(path: source)
    } catch let error as PostgresError {
      throw error.failure(operation: "ask", subject: target.safeDescription)
    }
  }

  /// What can be done next.
  package var next: String {
    switch phase {
    case nil: "PostgreSQL cannot be reached: bring it back; the sync, if it runs, goes on by itself"
    case .preparing:
      lag.syncRunning
        ? "wait for the first copy to finish" : "start changeover sync: it goes on with the first copy where it was"
    case .syncing where !held.isEmpty:
      "bring the tables back that do not follow: cutover is refused while there are any"
    case .syncing where !quarantine.isEmpty:
      "mend the rows in the quarantine in SQLite (changeover quarantine list): cutover is refused while there are any"
    case .syncing where lag.verified.any?.isEqual == false:
      "changeover verify --repair names the rows that differ, and has them brought again"
    case .syncing where !lag.syncRunning: "start changeover sync to keep the target in step"
    case .syncing: "changeover cutover tells whether the switch can be made now"
    case .switching:
      "a cutover is going on, or was interrupted: run changeover cutover or sync, which finish or undo it"
    case .switched where lag.verified.any.map({ $0.direction == .reverse && !$0.isEqual }) ?? false:
      "changeover verify --repair names the rows that differ, and has them brought again from PostgreSQL"
    case .switched where !lag.syncRunning:
      "start changeover sync: it keeps SQLite in step, so that the way back stays short"
    case .switched:
      "changeover rollback tells whether the way back is open now; changeover finish ends the move when you need it no more"
    case .switchingBack:
      "a rollback is going on, or was interrupted: run changeover rollback or sync, which finish or undo it"
    case .finished: "the move is over: nothing is left to do"
    }
  }

  package var json: JSON {
    .object([
      ("phase", phase.map { .string($0.rawValue) } ?? .null), ("lag", lag.json),
      (
        "tables",
        .array(
          tables.map {
            .object([
              ("name", .string($0.source)), ("target", .string($0.target)), ("rows_copied", .integer($0.rowsCopied)),
              ("rows_expected", .integer($0.rowsExpected)), ("copied", .bool($0.isCopied)),
            ])
          })
      ),
      ("held", .array(held.map(\.json))),
      (
        "quarantine",
        .array(
          quarantine.map {
            .object([
              ("table", .string($0.table)), ("column", $0.column.map { .string($0) } ?? .null),
              ("reason", .string($0.reason)), ("rows", .integer($0.rows)), ("example_key", .string($0.exampleKey)),
            ])
          })
      ), ("next", .string(next)),
    ])
  }
}

extension TargetPlan.Hold {
  /// As `status --json` shows it.
  var json: JSON {
    .object([
      ("table", .string(name)), ("kind", .string(hold.kind.rawValue)), ("reason", .string(hold.reason)),
      ("remedy", .string(hold.remedy(name))),
    ])
  }
}
