import Apply
import Capture
import Journal
import Model
import Pipeline
import Postgres
import SQLite
import Schema

/// The executed part of a cutover: from the locks to the open target.
struct Switch {
  let options: CutoverOptions
  let session: SyncSession
  let state: StateDirectory
  let stop: StopSignal
  let clock: any WallClock

  func run(
    _ database: borrowing Database, _ connection: inout Connection, _ before: Steps
  ) throws -> CutoverReport {
    var steps = before
    var started = ContinuousClock.now
    try TargetPhase.setAutovacuum(false, plan: session.record.plan, &connection)
    steps.note("autovacuum", "kept away from the tables", since: started)
    started = .now
    let capture = try state.captureLock.acquire(stop: stop, seconds: options.lockTimeout)
    let apply = try state.applyLock.acquire(stop: stop, seconds: options.lockTimeout)
    var drain = try Drain(session: session, state: state, clock: clock, stop: stop, database, &connection)
    try drain.catchUp(database, &connection)
    steps.note("drain", "applied what was there, with writers going on", since: started)
    let switchID = RandomID.random()
    do {
      try decide(switchID, &drain, database, &connection, &steps)
    } catch {
      try? TargetPhase.setAutovacuum(true, plan: session.record.plan, &connection)
      throw error
    }
    guard steps.outcome.switched else {
      _ = consume apply
      _ = consume capture
      try? TargetPhase.setAutovacuum(true, plan: session.record.plan, &connection)
      return steps.outcome
    }
    let decided = ContinuousClock.now
    connection.deadline = nil
    try complete(switchID, &connection, &steps)
    _ = consume apply
    _ = consume capture
    if let command = options.onSwitch {
      started = .now
      let status = try SwitchHook.run(command, database: session.record, target: options.target)
      steps.add(
        Checkpoint(
          "switch hook", ok: status == 0, detail: status == 0 ? "ended well" : "ended with status \(status)",
          milliseconds: started.duration(to: .now) / .milliseconds(1)))
    }
    steps.outcome.refusedMilliseconds = decided.duration(to: .now) / .milliseconds(1)
    try Aftercare(session).run(waived: options.waived, &connection, &steps)
    return steps.outcome
  }

  /// From BEGIN IMMEDIATE to the source's COMMIT. Returns with `switched` false when it aborted by itself.
  private func decide(
    _ switchID: RandomID, _ drain: inout Drain, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws {
    var started = ContinuousClock.now
    database.setBusyPatience(milliseconds: Int(options.lockTimeout * 1_000))
    try database.execute("PRAGMA synchronous = EXTRA")
    try database.execute("BEGIN IMMEDIATE")
    let paused = ContinuousClock.now
    let deadline = paused + .seconds(options.pauseLimit)
    steps.note("source lock", "writers wait from here on", since: started)
    // What a COMMIT may still wait for: readers, in rollback-journal mode.
    database.setBusyPatience(milliseconds: max(Int(options.pauseLimit * 1_000), 1))
    connection.deadline = deadline
    var committedOnTarget = false
    do {
      started = .now
      try drain.last(switchID, database, &connection)
      committedOnTarget = true
      steps.note(
        "final drain", "position = newest change (\(drain.position.sequence)); sequences and foreign keys set",
        since: started)
      try Self.check(deadline)
      started = .now
      try session.installation.fence(switchID: switchID, message: fenceMessage, in: database)
      try Self.check(deadline)
      try database.execute("COMMIT")
      steps.outcome.pauseMilliseconds = paused.duration(to: .now) / .milliseconds(1)
      steps.outcome.switched = true
      steps.note("decision", "the source is fenced", since: started)
    } catch {
      database.rollback()
      steps.outcome.pauseMilliseconds = paused.duration(to: .now) / .milliseconds(1)
      try abort(switchID, after: error, committedOnTarget, database, &connection, &steps)
    }
  }

  /// The writers go on already; takes back what the target has of this switch.
  private func abort(
    _ switchID: RandomID, after error: any Error, _ committedOnTarget: Bool, _ database: borrowing Database,
    _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    let started = ContinuousClock.now
    let isOverTime =
      error is PauseLimitExceeded
      || (error as? PostgresError).map { if case .timedOut = $0 { true } else { false } } ?? false
    guard isOverTime || error is PostgresError || error is SQLiteError else { throw error }
    let reason = isOverTime ? "the pause limit of \(options.pauseLimit) s was reached" : "\(error)"
    var detail = "\(reason): the source goes on as before"
    do {
      // The old connection may still be inside an interrupted statement.
      var fresh = try Connection(options.target, applicationName: "changeover cutover", stop: stop, timeoutSeconds: 5)
      if let record = try SourceRecord.read(session.record.source, session.catalogue, &fresh),
        record.phase == .switching, record.switchID == switchID
      {
        _ = try SwitchRecovery.resolve(record, session.catalogue, database, &fresh)
      }
    } catch {
      detail += "; the target could not be told (\(error)): the next sync or cutover takes the switch back there"
    }
    steps.add(
      Checkpoint(
        "abort", ok: false, detail: detail, milliseconds: started.duration(to: .now) / .milliseconds(1)))
  }

  private func complete(
    _ switchID: RandomID, _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    let started = ContinuousClock.now
    do {
      try TargetPhase(session.catalogue, session.record.source).complete(
        switchID, plan: session.record.plan, &connection)
    } catch {
      var fresh = try Connection(options.target, applicationName: "changeover cutover", stop: stop, timeoutSeconds: 10)
      try TargetPhase(session.catalogue, session.record.source).complete(switchID, plan: session.record.plan, &fresh)
    }
    steps.note(
      "target open", "the application may write to PostgreSQL; its writes are recorded for the way back", since: started
    )
  }

  private static func check(_ deadline: ContinuousClock.Instant) throws(PauseLimitExceeded) {
    if ContinuousClock.now >= deadline { throw PauseLimitExceeded() }
  }

  private var fenceMessage: String {
    "this database has moved to PostgreSQL: \(options.target.database) \(options.target.place), schema "
      + "\(session.record.plan.schema) (changeover closed it for writing)"
  }
}

/// Writers have waited as long as they may.
struct PauseLimitExceeded: Error {}
