import Apply
import Capture
import Model
import Pipeline
import Postgres
import SQLite
import Schema

/// The switch to the target, forward: named checkpoints, a dry run unless told to execute.
package struct Cutover {
  private let options: CutoverOptions
  private let stop: StopSignal
  private let clock: any WallClock
  private let report: @Sendable (Checkpoint) -> Void

  package init(
    _ options: CutoverOptions, stop: StopSignal = StopSignal(), clock: any WallClock = SystemClock(),
    report: @escaping @Sendable (Checkpoint) -> Void
  ) {
    self.options = options
    self.stop = stop
    self.clock = clock
    self.report = report
  }

  package func run() throws -> CutoverReport {
    do {
      return try runUnexplained()
    } catch let error as SQLiteError {
      throw error.failure(path: options.source)
    } catch let error as PostgresError {
      throw error.failure(operation: "switch to", subject: options.target.safeDescription)
    }
  }

  private func runUnexplained() throws -> CutoverReport {
    let database = try SourceFile.openForWriting(options.source)
    guard let installation = try SourceInstallation.read(database) else {
      throw Failure(
        .configuration, "\(options.source) is not prepared: no changeover sync has run on it",
        remedy: "start one: changeover sync --source \(options.source)")
    }
    guard let state = StateDirectory(existing: options.state), state.id == installation.owner else {
      throw Failure(
        .configuration, "\(options.state) is not the state directory that \(options.source) belongs to",
        remedy: "name the one that changeover sync uses with --state")
    }
    var connection = try connect()
    let schema = try options.targetSchema ?? TargetInstaller.currentSchema(&connection)
    guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
      let record = try SourceRecord.read(installation.source, catalogue, &connection)
    else {
      throw Failure(
        .configuration, "the target knows nothing of this source",
        remedy: "check --target, or run changeover sync first")
    }
    let session = SyncSession(installation: installation, record: record, catalogue: catalogue)
    return try run(session, state, database, &connection)
  }

  private func connect() throws -> Connection {
    do {
      return try Connection(options.target, applicationName: "changeover cutover", stop: stop, timeoutSeconds: 10)
    } catch {
      throw error.failure(operation: "connect to", subject: options.target.safeDescription)
    }
  }

  private func run(
    _ session: SyncSession, _ state: StateDirectory, _ database: borrowing Database, _ connection: inout Connection
  ) throws -> CutoverReport {
    var session = session
    var steps = Steps(report: report)
    if session.record.phase == .switched || (session.record.phase == .switching && options.execute) {
      // The locks tell whether the switch is still going on; with them in hand it is over.
      let capture = try state.captureLock.acquire(stop: stop, seconds: options.lockTimeout)
      let apply = try state.applyLock.acquire(stop: stop, seconds: options.lockTimeout)
      session.record = try reread(session, &connection)
      if session.record.phase == .switching {
        let outcome = try SwitchRecovery.resolve(session.record, session.catalogue, database, &connection)
        session.record = try reread(session, &connection)
        steps.note(
          "recovery",
          outcome == .completed
            ? "an earlier cutover had decided: completed" : "an earlier cutover had not decided: taken back")
      }
      _ = consume apply
      _ = consume capture
      if session.record.phase == .switched {
        try SwitchRecovery.checkFence(session.record, database)
        // Open already, or a crash came between: opening again changes nothing.
        if options.execute, let switchID = session.record.switchID {
          try TargetPhase(session.catalogue, session.record.source).complete(
            switchID, plan: session.record.plan, &connection)
          try Aftercare(session).run(waived: options.waived, &connection, &steps)
        }
        steps.outcome.switched = true
        steps.outcome.wasSwitchedBefore = true
        return steps.outcome
      }
    }
    try gate(session, database, &connection, &steps)
    guard steps.outcome.isGo, options.execute else { return steps.outcome }
    return try Switch(options: options, session: session, state: state, stop: stop, clock: clock)
      .run(database, &connection, steps)
  }

  private func reread(_ session: SyncSession, _ connection: inout Connection) throws -> SourceRecord {
    guard let record = try SourceRecord.read(session.record.source, session.catalogue, &connection) else {
      throw Failure(.badData, "the target no longer knows this source", remedy: "check --target")
    }
    return record
  }

  /// Looks at everything that can be looked at before anything waits.
  private func gate(
    _ session: SyncSession, _ database: borrowing Database, _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    let started = ContinuousClock.now
    let lag = try LagReport.look(
      source: options.source, target: options.target, state: options.state, targetSchema: options.targetSchema,
      clock: clock)
    let gates = Gates(
      phase: session.record.phase, lagSeconds: lag.seconds, maxLag: options.maxLag,
      quarantined: try SourceRecord.quarantined(session.record.source, session.catalogue, &connection),
      orphans: session.record.phase == .syncing ? try orphans(session.record.plan, &connection) : [],
      newTables: try newTables(session, database), waived: options.waived, hook: SwitchHook.state(of: options.onSwitch))
    let took = started.duration(to: .now) / .milliseconds(1)
    for finding in gates.findings {
      steps.add(Checkpoint(finding.name, ok: finding.ok, detail: finding.detail, milliseconds: took))
    }
  }

  private func orphans(
    _ plan: TargetPlan, _ connection: inout Connection
  ) throws -> [(key: String, table: String, rows: Int64)] {
    let ddl = DDL(plan)
    var found: [(key: String, table: String, rows: Int64)] = []
    for table in plan.tables {
      for key in table.foreignKeys {
        let result = try connection.query(ddl.countOrphans(key, of: table))
        let rows = try result.int64(0, 0)
        if rows > 0 { found.append((key.name, table.sourceName, rows)) }
      }
    }
    return found
  }

  private func newTables(_ session: SyncSession, _ database: borrowing Database) throws -> [String] {
    let known = Set(session.installation.tables.map(\.name) + session.record.plan.leftOut)
    return try SourceCatalogue.read(database).tables.map(\.name).filter { !known.contains($0) }
  }
}

/// The checkpoints so far.
struct Steps {
  var outcome = CutoverReport()
  let report: @Sendable (Checkpoint) -> Void

  init(report: @escaping @Sendable (Checkpoint) -> Void) { self.report = report }

  mutating func add(_ checkpoint: Checkpoint) {
    outcome.checkpoints.append(checkpoint)
    report(checkpoint)
  }

  mutating func note(_ name: String, _ detail: String, since started: ContinuousClock.Instant = .now) {
    add(Checkpoint(name, ok: true, detail: detail, milliseconds: started.duration(to: .now) / .milliseconds(1)))
  }
}
