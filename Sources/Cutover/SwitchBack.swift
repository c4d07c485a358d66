import Apply
import Capture
import Model
import Pipeline
import Postgres
import ReverseApply
import SQLite
import Schema

/// The executed part of a rollback: from the locks to the source that is open again.
struct SwitchBack {
  /// More changes than these come back before the writers are stopped, not after.
  private static let acceptableBacklog: Int64 = 2_000
  /// How long the tables' locks are asked for at a time, in milliseconds: whoever comes after waits behind that.
  private static let firstAttempt = 50
  private static let longestAttempt = 2_000

  let settings: SwitchSettings
  let terminates: Bool
  let session: SyncSession
  let state: StateDirectory
  let stop: StopSignal
  let clock: any WallClock

  /// Nil where it did not come to the decision.
  func run(_ connection: inout Connection, _ steps: inout Steps) throws -> Switch.Decided? {
    guard let switchID = session.record.switchID, session.record.phase == .switched else {
      throw Failure(
        .tryAgain, "the target is in phase '\(session.record.phase.rawValue)' by now",
        remedy: "run changeover rollback again")
    }
    FaultPoint.reach("back-begin")
    let capture = try state.captureLock.acquire(stop: stop, seconds: settings.lockTimeout)
    let apply = try state.applyLock.acquire(stop: stop, seconds: settings.lockTimeout)
    FaultPoint.reach("back-locked")
    let database = try SourceFile.openForWriting(settings.source, takesLock: false, stop: stop)
    try ReverseApplier.prepare(database)
    let started = ContinuousClock.now
    let overtime = StopSignal()
    var drain = try DrainBack(
      session: session, state: state, waived: settings.waived, clock: clock, stop: overtime, database, &connection)
    try drain.catchUp(database, &connection)
    FaultPoint.reach("back-caught-up")
    steps.note("drain", "applied what was there, with writers going on", since: started)
    guard let index = try rebuildIndexes(database, &steps),
      let pause = try lockTarget(&drain, overtime, database, &connection, &steps)
    else { return nil }
    let wayBack = RandomID.random()
    try decide(wayBack, switchID, pause, index, &drain, database, &connection, &steps)
    guard steps.outcome.switched else { return nil }
    let decided = Switch.Decided(switchID: wayBack, at: .now)
    FaultPoint.reach("back-decided")
    steps.update { $0.refusedMilliseconds = 0 }
    connection.stop = StopSignal()
    completeTarget(wayBack, switchID, &connection, &steps)
    FaultPoint.reach("back-completed")
    _ = consume apply
    _ = consume capture
    return decided
  }

  /// Rebuilds the full-text indexes while nobody waits: it is to be seen how long it takes, and where nothing is written
  /// meanwhile it is done. Nil where it takes longer than writers may wait.
  private func rebuildIndexes(
    _ database: borrowing Database, _ steps: inout Steps
  ) throws -> FullText.Report? {
    let started = ContinuousClock.now
    database.setBusyDeadline(started + .seconds(settings.lockTimeout))
    let report = try database.transaction(.immediate) { try FullText.rebuild(in: $0) }
    let took = started.duration(to: .now) / .seconds(1)
    guard !report.rebuilt.isEmpty || !report.stale.isEmpty else { return report }
    guard took < settings.pauseLimit * 0.7 else {
      steps.fail(
        "full-text indexes",
        "rebuilding \(report.rebuilt.joined(separator: ", ")) took \(took.rounded()) s, which is too long for a pause of "
          + "\(settings.pauseLimit) s: raise --pause-limit, or drop them for the way and create them afterwards",
        since: started)
      return nil
    }
    var detail = "rebuilt: \(report.rebuilt.isEmpty ? "none" : report.rebuilt.joined(separator: ", "))"
    if !report.stale.isEmpty {
      detail += "; only the application can fill again: \(report.stale.joined(separator: ", "))"
    }
    steps.note("full-text indexes", detail, since: started)
    return report
  }

  // MARK: The locks

  /// Takes the locks on the target's tables. Nil where others keep them for too long.
  ///
  /// First those that keep VACUUM away, however long that takes: nobody waits meanwhile. From the moment that the others
  /// are asked for new writers wait, so an attempt is short; between two the writers go on.
  private func lockTarget(
    _ drain: inout DrainBack, _ overtime: StopSignal, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws -> Pause? {
    let started = ContinuousClock.now
    let phase = TargetPhase(session.catalogue, session.record.source)
    let tables = try phase.standing(session.record.plan, &connection)
    var end = started + .seconds(settings.lockTimeout)
    var milliseconds = Self.firstAttempt
    let longest = min(Self.longestAttempt, max(Int(settings.pauseLimit * 500), Self.firstAttempt))
    var hasTerminated = false
    while true {
      try stop.check()
      FaultPoint.reach("back-before-lock")
      // The server ends the waits; the deadlines are for one that does not answer.
      connection.deadline = max(end, .now) + .seconds(2)
      defer { connection.deadline = nil }
      do {
        try phase.keepMaintenanceAway(tables, seconds: ContinuousClock.now.duration(to: end) / .seconds(1), &connection)
        connection.deadline = .now + .milliseconds(milliseconds + 2_000)
        let pause = Pause(seconds: settings.pauseLimit, overtime: overtime)
        try phase.keepWritersAway(tables, milliseconds: milliseconds, &connection)
        if try drain.backlog(&connection) <= Self.acceptableBacklog {
          steps.hold()
          FaultPoint.reach("back-target-locked")
          steps.note("target locked", "writers wait from here on", since: started)
          return pause
        }
        try connection.execute("ROLLBACK")
      } catch let error as PostgresError where error.sqlState == "55P03" || error.sqlState == "40P01" {
        if ContinuousClock.now >= end {
          let blocking = try OpenTransactions.look(tables, &connection)
          guard terminates, !hasTerminated, !blocking.sessions.isEmpty else {
            steps.fail(
              "target locked",
              "others keep the tables locked for longer than \(settings.lockTimeout) s: \(blocking.sentence); nothing "
                + "was changed; end them, or let --terminate do it", since: started)
            return nil
          }
          hasTerminated = true
          let left = try OpenTransactions.terminate(blocking.sessions, &connection)
          steps.note(
            "sessions ended",
            blocking.sessions.filter { !left.contains($0) }.map(\.sentence).joined(separator: "; "), since: started)
          end = .now + .seconds(5)
        }
        milliseconds = min(milliseconds * 2, longest)
      }
      // The writers' turn, for as long as they waited.
      try drain.catchUp(database, &connection)
      stop.wait(milliseconds: milliseconds / 2)
    }
  }

  // MARK: The decision

  /// From the locks to the source's COMMIT. Returns with `switched` false when it aborted by itself.
  private func decide(
    _ wayBack: RandomID, _ switchID: RandomID, _ pause: Pause, _ index: FullText.Report, _ drain: inout DrainBack,
    _ database: borrowing Database, _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    var started = ContinuousClock.now
    connection.deadline = pause.targetEnd
    let phase = TargetPhase(session.catalogue, session.record.source)
    do {
      guard try Switch.begin(database, until: pause.end, stop) else { throw PauseLimitExceeded() }
      FaultPoint.reach("back-source-locked")
      let isEmpty = try !drain.last(database, &connection)
      FaultPoint.reach("back-drained")
      if !isEmpty, !index.rebuilt.isEmpty { _ = try FullText.rebuild(in: database) }
      try ReverseApplier.raiseSequences(try handedOut(&connection), in: database)
      try session.installation.open(wayBack: wayBack, at: drain.position, in: database)
      steps.note(
        "final drain", "SQLite has everything (change \(drain.position.sequence)); its triggers log again",
        since: started)
      started = .now
      try pause.check()
      let tables = try phase.standing(session.record.plan, &connection)
      try connection.execute(
        phase.beginWayBack(wayBack, of: switchID, epoch: session.record.epoch, closing: tables)
          .joined(separator: ";\n"))
      FaultPoint.reach("back-fenced")
      try connection.execute("COMMIT")
      FaultPoint.reach("back-target-committed")
      try pause.check()
      // What a COMMIT may still wait for: readers, in rollback-journal mode.
      database.setBusyDeadline(pause.end)
      try database.execute("COMMIT")
      let milliseconds = pause.finish()
      steps.update {
        $0.pauseMilliseconds = milliseconds
        $0.switched = true
      }
      steps.note("decision", "SQLite is open, PostgreSQL is closed", since: started)
      steps.release()
    } catch {
      database.rollback()
      steps.update { $0.pauseMilliseconds = pause.finish() }
      FaultPoint.reach("back-aborting")
      abort(wayBack, after: error, database, &connection, &steps)
      steps.release()
    }
    connection.deadline = nil
  }

  /// Numbers that AUTOINCREMENT must not hand out again.
  private func handedOut(_ connection: inout Connection) throws -> [String: Int64] {
    let counting = Set(session.installation.tables.filter(\.isAutoincrement).map(\.name))
    return try TargetPhase.handedOut(session.record.plan, &connection).filter { counting.contains($0.key) }
  }

  /// Opens the target again, or completes the way back where the COMMIT that reported an error took effect all the same.
  private func abort(
    _ wayBack: RandomID, after error: any Error, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) {
    let started = ContinuousClock.now
    let reason = Pause.reason(error, limit: settings.pauseLimit, isStopped: stop.isRequested)
    var detail = "\(reason): PostgreSQL goes on as before"
    do {
      if try end.resolve(database, &connection, where: { $0.phase == .switchingBack && $0.wayBack == wayBack }) {
        steps.update { $0.switched = true }
        return steps.note("decision", "SQLite is open, in spite of: \(reason)", since: started)
      }
    } catch {
      detail += "; whether the target is open could not be seen (\(error)): the next sync or rollback opens it"
    }
    steps.fail("abort", detail, since: started)
  }

  /// The application writes to SQLite already; the target has to learn that it follows, and need not be quick.
  private func completeTarget(
    _ wayBack: RandomID, _ switchID: RandomID, _ connection: inout Connection, _ steps: inout Steps
  ) {
    let started = ContinuousClock.now
    let plan = session.record.plan
    if let error = end.insist(&connection, { try $0.completeWayBack(wayBack, of: switchID, plan: plan, &$1) }) {
      return steps.fail(
        "target follows", "\(error): SQLite is the authority; the next sync or rollback --execute tells PostgreSQL",
        since: started)
    }
    steps.note("target follows", "closed, without foreign keys; sync goes on from here", since: started)
  }

  private var end: SwitchEnd { SwitchEnd(settings: settings, session: session, direction: .back) }
}
