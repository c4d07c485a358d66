import Apply
import Capture
import Model
import Postgres
import SQLite
import Schema

/// Makes twin snapshots, with a sync running or not, and ends them.
struct SnapshotMaker {
  /// More changes than these are left to a running sync before the locks are taken.
  private static let acceptableBacklog: Int64 = 5_000
  /// The locks are given back where they are not all to be had in this time.
  private static let lockSeconds = 2.0
  private static let pauseMilliseconds = 100
  /// Without a write-ahead log: how long writers may wait for a snapshot to end.
  static let secondsWithoutWAL = 0.1

  let source: String
  let state: StateDirectory
  let catalogue: TargetCatalogue
  let installationID: RandomID
  let maxSeconds: Double
  /// How long in all to wait for others' locks on the target's tables.
  let lockPatience: Double
  let stop: StopSignal
  let clock: any WallClock
  /// Told once when it has to wait, and for what.
  let waits: (String) -> Void

  /// Opens both transactions. Throws `Failure` where the source is not followed (any more), a `PostgresError` where the
  /// target is away; then neither is open.
  func open(_ database: borrowing Database, _ connection: inout Connection) throws -> TwinSnapshot {
    let began = ContinuousClock.now
    var hasTold = false
    while true {
      try stop.check()
      do {
        return try attempt(database, &connection)
      } catch is NotYet {
        // The sync has much to apply: it goes on, and we look again.
      } catch {
        close(database, &connection)
        guard Self.passes(error), began.duration(to: .now) < .seconds(lockPatience) else {
          throw (error as? PostgresError)?.sqlState == "55P03" ? Self.lockedOut : error
        }
      }
      if !hasTold, began.duration(to: .now) > .seconds(1) {
        waits("waiting until the target has what is journaled, and for its tables' locks")
        hasTold = true
      }
      stop.wait(milliseconds: Self.pauseMilliseconds)
    }
  }

  /// Ends both; does nothing where they are not open.
  func close(_ database: borrowing Database, _ connection: inout Connection) {
    database.rollback()
    try? connection.failCopy("changeover gave up")
    if connection.isHealthy, connection.transactionStatus != .idle { try? connection.execute("ROLLBACK") }
  }

  /// Whether somebody waits for a lock on the tables that the snapshot keeps: then it had better end.
  static func isInTheWay(_ connection: inout Connection) throws(PostgresError) -> Bool {
    try connection.query(
      """
      SELECT EXISTS (
        SELECT FROM pg_locks AS mine JOIN pg_locks AS other USING (locktype, database, relation)
        WHERE mine.pid = pg_backend_pid() AND locktype = 'relation' AND mine.granted
          AND other.mode = 'AccessExclusiveLock' AND NOT other.granted)
      """
    ).bool(0, 0)
  }

  private static let lockedOut = Failure(
    .tryAgain, "another session keeps the target's tables locked (see pg_locks)",
    remedy: "end it, then run changeover verify again")

  /// Others were faster, or held a lock for too long: the next attempt begins from what they did.
  private static func passes(_ error: any Error) -> Bool {
    switch error {
    case let error as PostgresError:
      error.isSuperseded || ["55P03", "40001", "40P01"].contains(error.sqlState ?? "")
    case let error as SQLiteError: error.isBusy
    default: false
    }
  }

  /// A running sync is to catch up first.
  private struct NotYet: Error {}

  /// Never kept for long while the other lock is waited for.
  private func applyLock() throws -> StepLock.Held {
    do {
      return try state.applyLock.acquire(stop: stop, seconds: Self.lockSeconds)
    } catch let failure as Failure where failure.status == .tryAgain {
      throw NotYet()
    }
  }

  private func attempt(
    _ database: borrowing Database, _ connection: inout Connection
  ) throws -> TwinSnapshot {
    let isSyncRunning = try state.syncLock.tryAcquire() == nil
    if isSyncRunning, try backlog(try readRecord(&connection), database) > Self.acceptableBacklog { throw NotYet() }
    // In this order, as cutover takes them.
    let capture = try state.captureLock.acquire(stop: stop)
    let apply = try applyLock()
    let snapshot = try openLocked(database, &connection)
    apply.mark = snapshot.position.group.rawValue
    _ = consume apply
    _ = consume capture
    FaultPoint.reach("verify-opened")
    return snapshot
  }

  /// With both locks in hand.
  private func openLocked(_ database: borrowing Database, _ connection: inout Connection) throws -> TwinSnapshot {
    guard let installation = try SourceInstallation.read(database) else { throw Self.isOver }
    let isWAL = try database.string("PRAGMA journal_mode") == "wal"
    var stepper = try Stepper(
      installation, try readRecord(&connection), state, catalogue, clock: clock, stop: stop, database, &connection)
    try stepper.catchUp(database, &connection)
    FaultPoint.reach("verify-caught-up")
    try database.execute("BEGIN")
    try stepper.step(database, &connection)
    let limit = isWAL ? maxSeconds : min(maxSeconds, Self.secondsWithoutWAL)
    let snapshot = TwinSnapshot(
      record: try openTarget(stepper.record, &connection), installation: installation, isWAL: isWAL,
      end: .now + .seconds(limit))
    try requireTwins(snapshot, database)
    return snapshot
  }

  /// The locks come before the snapshot, which the first query takes: a rewriting ALTER TABLE committed in between would
  /// show the table empty.
  private func openTarget(_ record: SourceRecord, _ connection: inout Connection) throws -> SourceRecord {
    let ddl = DDL(record.plan)
    let tables = record.plan.tables.map { ddl.name(of: $0) }.joined(separator: ", ")
    let locks = tables.isEmpty ? "" : "LOCK TABLE \(tables) IN ACCESS SHARE MODE; "
    do {
      try connection.execute(
        """
        BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \(connection.localSettings)\
        SET LOCAL lock_timeout = '1s'; \(locks)SET LOCAL lock_timeout = 0
        """)
    } catch {
      guard error.sqlState == "42P01" || error.sqlState == "3F000" else { throw error }
      throw Failure(
        .badData, "a table that moves is not on the target any more: it was dropped or renamed there",
        remedy: "changeover schema --diff names it; bring it back, or start over with sync --reseed")
    }
    let seen = try readRecord(&connection)
    guard seen.applied == record.applied, seen.epoch == record.epoch else {
      throw PostgresError.server(
        ServerError(sqlState: Ownership.superseded, message: "another process moved the target on"))
    }
    return seen
  }

  /// Throws where the source's snapshot ends at another change than the target's.
  private func requireTwins(_ snapshot: TwinSnapshot, _ database: borrowing Database) throws {
    let newest = try database.integer("SELECT max(seq) FROM \(SourceNames.change)")
    guard newest == snapshot.position.sequence.rawValue,
      try SourceInstallation.holds(snapshot.position, in: database)
    else {
      throw Failure(
        .internalError, "the snapshots of the two stores do not show the same state", remedy: "report this")
    }
  }

  /// Changes of the source that the target has not.
  private func backlog(_ record: SourceRecord, _ database: borrowing Database) throws -> Int64 {
    try database.integer("SELECT max(seq) FROM \(SourceNames.change)") - record.applied.sequence.rawValue
  }

  /// What the target knows of the source; throws where it does not follow it under this state directory.
  private func readRecord(_ connection: inout Connection) throws -> SourceRecord {
    guard let record = try SourceRecord.read(installationID, catalogue, &connection) else {
      throw Failure(
        .badData, "the target no longer knows this source: it was restored or its tables were dropped",
        remedy: "restore the target, or start over with sync --reseed")
    }
    guard record.owner == state.id else {
      throw Failure(
        .tryAgain, "another changeover took this source over", remedy: "run verify with its state directory (--state)")
    }
    switch record.phase {
    case .syncing: return record
    case .preparing:
      throw Failure(
        .tryAgain, "the first copy is not finished: there is nothing to compare yet",
        remedy: "let changeover sync finish it; changeover status tells how far it is")
    default: throw Self.isOver
    }
  }

  static let isOver = Failure(
    .tryAgain, "the switch has begun or is done: the rows do not come from SQLite any more",
    remedy: "changeover status tells where the move stands")
}

/// Captures and applies group by group in our own hands, with both locks of the state directory held.
private struct Stepper: ~Copyable {
  /// Rounds of catching up before the source's read transaction begins, so that its group is small.
  private static let rounds = 5

  private let state: StateDirectory
  private let stop: StopSignal
  private var capturer: Capturer
  private var applier: GroupApplier
  /// Where the target stands.
  private(set) var record: SourceRecord

  init(
    _ installation: SourceInstallation, _ record: SourceRecord, _ state: StateDirectory, _ catalogue: TargetCatalogue,
    clock: any WallClock, stop: StopSignal, _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    let applier = try GroupApplier(
      journal: state.journal, record: record, catalogue: catalogue, connection: &connection)
    var capturer = try Capturer(
      installation: installation, position: record.applied, journal: state.journal, clock: clock, stop: stop,
      in: database)
    try capturer.resume(applied: record.applied)
    self.state = state
    self.stop = stop
    self.capturer = capturer
    self.applier = applier
    self.record = record
  }

  mutating func catchUp(_ database: borrowing Database, _ connection: inout Connection) throws {
    try applyJournaled(&connection)
    for _ in 0..<Self.rounds {
      guard try capturer.capture(from: database) != nil else { return }
      try applyJournaled(&connection)
    }
  }

  /// One group, within the source's transaction where one is open.
  mutating func step(_ database: borrowing Database, _ connection: inout Connection) throws {
    _ = try capturer.capture(from: database)
    FaultPoint.reach("verify-captured")
    try applyJournaled(&connection)
    FaultPoint.reach("verify-applied")
  }

  private mutating func applyJournaled(_ connection: inout Connection) throws {
    while let group = try state.journal.group(record.applied.group.next) {
      try stop.check()
      record.applied = try applier.apply(
        group, after: record.applied, as: Ownership(record), to: &connection
      ).position
    }
  }
}
