import Apply
import Capture
import Model
import Pipeline
import Postgres
import ReverseCapture
import SQLite

/// The executed part of a cutover: from the locks to the open target.
struct Switch {
  /// More changes than these are applied before the writers are stopped, not after.
  private static let acceptableBacklog: Int64 = 2_000
  /// How often the source's lock is given back to catch up once more.
  private static let attempts = 5
  private static let lockSlice = 200

  let settings: SwitchSettings
  let session: SyncSession
  let state: StateDirectory
  let stop: StopSignal
  let clock: any WallClock
  /// Foreign keys that cannot be created, waived by name.
  let leftOutKeys: Set<String>

  /// A switch that decided, and when.
  struct Decided {
    var switchID: RandomID
    var at: ContinuousClock.Instant
  }

  /// Nil where it did not come to the decision, or where the target could not be opened after it.
  func run(
    _ database: borrowing Database, _ connection: inout Connection, _ steps: inout Steps
  ) throws -> Decided? {
    var started = ContinuousClock.now
    FaultPoint.reach("begin")
    let capture = try state.captureLock.acquire(stop: stop, seconds: settings.lockTimeout)
    let apply = try state.applyLock.acquire(stop: stop, seconds: settings.lockTimeout)
    FaultPoint.reach("locked")
    guard try lockTarget(&connection, &steps) else { return nil }
    steps.note("target locked", "nobody else works on its tables, autovacuum included", since: started)
    started = .now
    let overtime = StopSignal()
    var drain = try Drain(session: session, state: state, clock: clock, stop: overtime, database, &connection)
    try drain.catchUp(database, &connection)
    FaultPoint.reach("caught-up")
    steps.note("drain", "applied what was there, with writers going on", since: started)
    try PlanCopy.write(session.record.plan, state)
    let switchID = RandomID.random()
    guard try lockTarget(&connection, &steps),
      let pause = try lockSource(&drain, overtime, database, &connection, &steps)
    else { return nil }
    try decide(switchID, pause, &drain, database, &connection, &steps)
    guard steps.outcome.switched else { return nil }
    let decided = Decided(switchID: switchID, at: .now)
    FaultPoint.reach("decided")
    // From here on there is no stopping half-way: neither store takes writes.
    connection.stop = StopSignal()
    guard openTarget(switchID, &connection, &steps) else { return nil }
    steps.update { $0.refusedMilliseconds = decided.at.duration(to: .now) / .milliseconds(1) }
    FaultPoint.reach("opened")
    _ = consume apply
    _ = consume capture
    return decided
  }

  /// False where somebody else keeps a lock on the target's tables for too long.
  private func lockTarget(_ connection: inout Connection, _ steps: inout Steps) throws -> Bool {
    let started = ContinuousClock.now
    let phase = TargetPhase(session.catalogue, session.record.source)
    // The server ends the wait; this is for one that does not answer.
    connection.deadline = started + .seconds(settings.lockTimeout + 1)
    defer { connection.deadline = nil }
    do {
      try phase.lock(session.record.plan, seconds: settings.lockTimeout, &connection)
      FaultPoint.reach("target-locked")
      return true
    } catch let error as PostgresError where error.sqlState == "55P03" {
      let blocking = try OpenTransactions.look(phase.lockedForSwitch(session.record.plan), &connection)
      steps.fail(
        "target locked",
        "others keep its tables locked for longer than \(settings.lockTimeout) s: \(blocking.sentence); nothing was "
          + "changed; end them, then run this again", since: started)
      return false
    }
  }

  /// Takes the source's write lock: from here on writers wait. Nil where a writer keeps it for too long.
  ///
  /// A writer that went on until the last moment may have left much to apply: then the lock is given back first.
  private func lockSource(
    _ drain: inout Drain, _ overtime: StopSignal, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws -> Pause? {
    let started = ContinuousClock.now
    try database.execute("PRAGMA synchronous = EXTRA")
    for attempt in 1...Self.attempts {
      let schema = try database.integer("PRAGMA schema_version")
      if let refusal = try newTables(database) {
        steps.fail("source lock", refusal, since: started)
        return nil
      }
      FaultPoint.reach("before-source-lock")
      guard try Self.begin(database, until: started + .seconds(settings.lockTimeout), stop) else {
        try connection.execute("ROLLBACK")
        steps.fail(
          "source lock",
          "a writer kept its transaction open for longer than \(settings.lockTimeout) s: nothing was changed, "
            + "run this again or raise --lock-timeout", since: started)
        return nil
      }
      let pause = Pause(seconds: settings.pauseLimit, overtime: overtime)
      let isSmall = try drain.backlog(database) <= Self.acceptableBacklog
      let isStable = try database.integer("PRAGMA schema_version") == schema
      if (isSmall && isStable) || attempt == Self.attempts {
        steps.hold()
        FaultPoint.reach("source-locked")
        steps.note("source lock", "writers wait from here on", since: started)
        return pause
      }
      database.rollback()
      _ = pause.finish()
      try drain.catchUp(database, &connection)
      guard try lockTarget(&connection, &steps) else { return nil }
    }
    return nil
  }

  /// False where the lock was not to be had in time.
  static func begin(
    _ database: borrowing Database, until end: ContinuousClock.Instant, _ stop: StopSignal
  ) throws -> Bool {
    defer { database.setBusyPatience(milliseconds: 5_000) }
    while true {
      // In slices, so that a stop is seen: waiting for the lock stops nobody.
      database.setBusyDeadline(min(end, .now + .milliseconds(lockSlice)))
      do {
        try database.execute("BEGIN IMMEDIATE")
        return true
      } catch {
        guard error.isBusy else { throw error }
        try stop.check()
        if ContinuousClock.now >= end { return false }
      }
    }
  }

  /// Why a table that came last would stay behind unnoticed; nil where none did.
  private func newTables(_ database: borrowing Database) throws -> String? {
    let found = try NewTables.find(session, database).filter {
      !settings.waived.contains(Gates.waiver(ofTable: $0))
    }
    guard !found.isEmpty else { return nil }
    return "created just now, and not moved: \(found.joined(separator: ", ")); nothing was changed"
  }

  /// From the source's lock to its COMMIT. Returns with `switched` false when it aborted by itself.
  private func decide(
    _ switchID: RandomID, _ pause: Pause, _ drain: inout Drain, _ database: borrowing Database,
    _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    var started = ContinuousClock.now
    connection.deadline = pause.targetEnd
    do {
      try drain.last(switchID, leavingOut: leftOutKeys, database, &connection)
      FaultPoint.reach("target-committed")
      steps.note(
        "final drain", "position = newest change (\(drain.position.sequence)); sequences and foreign keys set",
        since: started)
      try pause.check()
      started = .now
      try session.installation.fence(switchID: switchID, message: fenceMessage, in: database)
      FaultPoint.reach("fenced")
      try pause.check()
      // What a COMMIT may still wait for: readers, in rollback-journal mode.
      database.setBusyDeadline(pause.end)
      try database.execute("COMMIT")
      let milliseconds = pause.finish()
      steps.update {
        $0.pauseMilliseconds = milliseconds
        $0.switched = true
      }
      steps.note("decision", "the source is fenced", since: started)
      steps.release()
    } catch {
      database.rollback()
      let milliseconds = pause.finish()
      steps.update { $0.pauseMilliseconds = milliseconds }
      steps.release()
      FaultPoint.reach("aborting")
      abort(switchID, after: error, database, &connection, &steps)
    }
    connection.deadline = nil
  }

  /// The writers go on already; takes back what the target has of this switch, or completes it where the COMMIT that
  /// reported an error took effect all the same.
  private func abort(
    _ switchID: RandomID, after error: any Error, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) {
    let started = ContinuousClock.now
    let reason = Pause.reason(error, limit: settings.pauseLimit, isStopped: stop.isRequested)
    var detail = "\(reason): the source goes on as before"
    do {
      if try end.resolve(database, &connection, where: { $0.phase == .switching && $0.switchID == switchID }) {
        steps.update { $0.switched = true }
        return steps.note("decision", "the source is fenced, in spite of: \(reason)", since: started)
      }
    } catch {
      detail += "; the target could not be told (\(error)): the next sync or cutover takes the switch back there"
    }
    steps.fail("abort", detail, since: started)
  }

  /// Insists: until the target is open the application can write nowhere.
  private func openTarget(
    _ switchID: RandomID, _ connection: inout Connection, _ steps: inout Steps
  ) -> Bool {
    let started = ContinuousClock.now
    let plan = session.record.plan
    if let error = end.insist(&connection, { try $0.complete(switchID, plan: plan, &$1) }) {
      steps.fail(
        "target open",
        "\(error): the source is closed and the target not open yet; run changeover cutover --execute again, "
          + "or start sync", since: started)
      return false
    }
    steps.note(
      "target open", "the application may write to PostgreSQL; its writes are recorded for the way back",
      since: started)
    return true
  }

  private var end: SwitchEnd { SwitchEnd(settings: settings, session: session, direction: .forward) }

  private var fenceMessage: String {
    "this database has moved to PostgreSQL: \(settings.target.database) \(settings.target.place), schema "
      + "\(session.record.plan.schema) (changeover closed it for writing)"
  }
}
