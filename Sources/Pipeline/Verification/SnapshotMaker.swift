import Apply
import Capture
import Model
import Postgres
import SQLite
import Schema

/// Makes twin snapshots, with a sync running or not, and ends them.
struct SnapshotMaker {
  /// More changes than these are left to a running sync before the locks are taken.
  static let acceptableBacklog: Int64 = 5_000
  /// The locks are given back where they are not all to be had in this time.
  static let lockSeconds = 2.0
  private static let pauseMilliseconds = 100
  /// Without a write-ahead log: how long writers may wait for a snapshot to end.
  static let secondsWithoutWAL = 0.1

  let source: String
  let state: StateDirectory
  let catalogue: TargetCatalogue
  let installationID: RandomID
  /// Which store follows the other: a run keeps to one direction.
  let direction: Direction
  let maxSeconds: Double
  /// How long in all to wait for others' locks on the target's tables.
  let lockPatience: Double
  let stop: StopSignal
  let clock: any WallClock
  /// Told once when it has to wait, and for what.
  let waits: (String) -> Void
  let bench = Bench()

  /// What is kept from one snapshot of the way back to the next.
  final class Bench { var stepper: ReverseStepper? }

  /// Opens both transactions. Throws `Failure` where the source is not followed (any more), a `PostgresError` where the
  /// target is away; then neither is open.
  func open(_ database: borrowing Database, _ connection: inout Connection) throws -> TwinSnapshot {
    let began = ContinuousClock.now
    var hasTold = false
    while true {
      try stop.check()
      do {
        return try direction == .forward
          ? attempt(database, &connection) : attemptBack(database, &connection)
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
  struct NotYet: Error {}

  /// Never kept for long while the other lock is waited for.
  func applyLock() throws -> StepLock.Held {
    do {
      return try state.applyLock.acquire(stop: stop, seconds: Self.lockSeconds)
    } catch let failure as Failure where failure.status == .tryAgain {
      throw NotYet()
    }
  }

  private func attempt(
    _ database: borrowing Database, _ connection: inout Connection
  ) throws -> TwinSnapshot {
    // What takes its time comes before the locks, for which sync would wait.
    guard let installation = try SourceInstallation.read(database) else { throw Self.isOver }
    let isWAL = try database.string("PRAGMA journal_mode") == "wal"
    var stepper = try GroupStepper(
      installation, try readRecord(&connection), state, catalogue, clock: clock, stop: stop, database, &connection)
    if try state.syncLock.tryAcquire() == nil, try backlog(stepper.record, database) > Self.acceptableBacklog {
      throw NotYet()
    }
    // Who keeps a lock on a table keeps the group out too: better to give the locks back than to wait in them.
    if !connection.isPooled { try connection.execute("SET lock_timeout = '2s'") }
    // In this order, as cutover takes them.
    let capture = try state.captureLock.acquire(stop: stop)
    let apply = try applyLock()
    guard try stepper.begin(at: try readRecord(&connection)) else { throw NotYet() }
    try stepper.catchUp(database, &connection)
    FaultPoint.reach("verify-caught-up")
    try database.execute("BEGIN")
    try stepper.step(database, &connection)
    apply.mark = stepper.record.applied.group.rawValue
    let limit = isWAL ? maxSeconds : min(maxSeconds, Self.secondsWithoutWAL)
    let record = try openTarget(stepper.record, &connection)
    let snapshot = TwinSnapshot(
      record: record, installation: installation, isWAL: isWAL, end: .now + .seconds(limit), position: record.applied)
    try requireTwins(snapshot, database)
    _ = consume apply
    _ = consume capture
    FaultPoint.reach("verify-opened")
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
      throw PostgresError.superseded("another process moved the target on")
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
  func readRecord(_ connection: inout Connection) throws -> SourceRecord {
    guard let record = try SourceRecord.read(installationID, catalogue, &connection) else {
      throw Failure(
        .badData, "the target no longer knows this source: it was restored or its tables were dropped",
        remedy: "restore the target, or start over with sync --reseed")
    }
    guard record.owner == state.id else {
      throw Failure(
        .tryAgain, "another changeover took this source over", remedy: "run verify with its state directory (--state)")
    }
    switch (record.phase, direction) {
    case (.syncing, .forward), (.switched, .reverse): return record
    case (.preparing, .forward):
      throw Failure(
        .tryAgain, "the first copy is not finished: there is nothing to compare yet",
        remedy: "let changeover sync finish it; changeover status tells how far it is")
    case (.switching, _), (.switchingBack, _):
      throw Failure(
        .tryAgain, "the switch, or the way back, is being made or was interrupted",
        remedy: "let it end, or start changeover sync, which resolves it; then run changeover verify again")
    case (.finished, _):
      throw Failure(
        .checkFailed, "the move is over: SQLite was not kept in step since changeover finish",
        remedy: "there is nothing to compare any more")
    default: throw Self.isOver
    }
  }

  static let isOver = Failure(
    .tryAgain, "the application moved to the other store meanwhile", remedy: "run changeover verify again")
}
