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
    // Not even a dry run's lock for a moment: a writer may be in a long transaction.
    let database = try SourceFile.openForWriting(options.source, takesLock: false)
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
    if session.record.phase == .switching, options.execute {
      try recover(&session, state, database, &connection, &steps)
    }
    if session.record.phase == .switched {
      try afterwards(session, state, database, &connection, &steps)
      return steps.outcome
    }
    let leftOutKeys = try gate(session, database, &connection, &steps)
    guard steps.outcome.isGo, options.execute else { return steps.outcome }
    try Switch(
      options: options, session: session, state: state, stop: stop, clock: clock, leftOutKeys: leftOutKeys
    ).run(database, &connection, &steps)
    return steps.outcome
  }

  /// Ends a switch that was interrupted, the way it had decided. The locks tell whether it still goes on; with them in
  /// hand it is over.
  private func recover(
    _ session: inout SyncSession, _ state: StateDirectory, _ database: borrowing Database,
    _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    let started = ContinuousClock.now
    let capture = try state.captureLock.acquire(stop: stop, seconds: options.lockTimeout)
    let apply = try state.applyLock.acquire(stop: stop, seconds: options.lockTimeout)
    session.record = try reread(session, &connection)
    if session.record.phase == .switching {
      database.setBusyDeadline(.now + .seconds(options.lockTimeout))
      let outcome = try SwitchRecovery.resolve(session.record, session.catalogue, database, &connection)
      session.record = try reread(session, &connection)
      steps.note(
        "recovery",
        outcome == .completed
          ? "an earlier cutover had decided: completed" : "an earlier cutover had not decided: taken back",
        since: started)
    }
    _ = consume apply
    _ = consume capture
  }

  /// The target is the authority: does what an interrupted run left undone.
  private func afterwards(
    _ session: SyncSession, _ state: StateDirectory, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws {
    try SwitchRecovery.checkFence(session.record, database)
    steps.update {
      $0.switched = true
      $0.wasSwitchedBefore = true
    }
    guard options.execute, let switchID = session.record.switchID else { return }
    let aftercare = Aftercare(options, session, state)
    aftercare.runHook(after: switchID, &steps)
    aftercare.validate(&connection, isRepeated: true, &steps)
  }

  private func reread(_ session: SyncSession, _ connection: inout Connection) throws -> SourceRecord {
    guard let record = try SourceRecord.read(session.record.source, session.catalogue, &connection) else {
      throw Failure(.badData, "the target no longer knows this source", remedy: "check --target")
    }
    return record
  }

  /// Looks at everything that can be looked at before anything waits. Returns the foreign keys that cannot be created.
  private func gate(
    _ session: SyncSession, _ database: borrowing Database, _ connection: inout Connection, _ steps: inout Steps
  ) throws -> Set<String> {
    let started = ContinuousClock.now
    let plan = session.record.plan
    let isSyncing = session.record.phase == .syncing
    let lag = try LagReport.look(
      source: options.source, target: options.target, state: options.state, targetSchema: options.targetSchema,
      clock: clock)
    let quarantine = try SourceRecord.quarantine(session.record.source, session.catalogue, &connection)
    let gates = Gates(
      phase: session.record.phase,
      lag: .init(seconds: lag.seconds, changes: lag.changes, isSyncRunning: lag.syncRunning), maxLag: options.maxLag,
      quarantined: quarantine.blocking, discarded: quarantine.discarded,
      obstacles: isSyncing ? try ForeignKeys(plan).obstacles(&connection) : [],
      newTables: try NewTables.find(session, database),
      unguarded: isSyncing ? try TargetPhase.unguarded(plan, &connection) : [], waived: options.waived,
      hook: SwitchHook.state(of: options.onSwitch), held: plan.holds)
    let took = started.duration(to: .now) / .milliseconds(1)
    for finding in gates.findings {
      steps.add(Checkpoint(finding.name, ok: finding.ok, detail: finding.detail, milliseconds: took))
    }
    return Set(gates.obstacles.filter { $0.orphans == nil }.map(\.key))
  }
}
