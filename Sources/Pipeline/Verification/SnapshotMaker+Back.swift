import Apply
import Capture
import Model
import Postgres
import ReverseCapture
import SQLite
import Schema

/// Twin snapshots after the switch, while PostgreSQL is written and SQLite follows.
extension SnapshotMaker {
  /// The transaction that drains the logs sees the state that its group leads to. Its snapshot is handed on to the
  /// connection that compares before it commits; then the group is applied to the source, and the source's read transaction
  /// begun, before anybody can apply another.
  func attemptBack(_ database: borrowing Database, _ connection: inout Connection) throws -> TwinSnapshot {
    // What takes its time comes before the locks, for which sync would wait.
    let isWAL = try database.string("PRAGMA journal_mode") == "wal"
    let known = try agreedRecord(database, &connection)
    guard let installation = try SourceInstallation.read(database) else { throw Self.isOver }
    var kept = bench.stepper.take()
    if let stepper = kept.take(), stepper.fits(known) { kept = consume stepper }
    if kept == nil {
      kept = try ReverseStepper(
        installation, known, state, catalogue, connection.target, clock: clock, stop: stop, database)
    }
    guard var stepper = kept.take() else { throw NotYet() }
    if try state.syncLock.tryAcquire() == nil, try stepper.backlog() > Self.acceptableBacklog { throw NotYet() }
    if !connection.isPooled { try connection.execute("SET lock_timeout = '2s'") }
    // In this order, as cutover and rollback take them.
    let capture = try state.captureLock.acquire(stop: stop)
    let apply = try applyLock()
    let record = try agreedRecord(database, &connection)
    guard stepper.fits(record) else { throw NotYet() }
    try stepper.catchUp(database)
    FaultPoint.reach("verify-caught-up")
    var opened: (record: SourceRecord, view: DrainedView)?
    let position = try stepper.step(database) { drain, view throws in
      opened = (try openTarget(drain: &drain, view, record, &connection), view)
    }
    guard let position, let opened else { throw Self.lockedAway }
    try database.execute("BEGIN")
    try requireTwins(position, opened.record, database)
    let limit = isWAL ? maxSeconds : min(maxSeconds, Self.secondsWithoutWAL)
    _ = consume apply
    _ = consume capture
    bench.stepper = consume stepper
    FaultPoint.reach("verify-opened")
    return TwinSnapshot(
      record: opened.record, installation: installation, isWAL: isWAL, end: .now + .seconds(limit), position: position,
      view: opened.view)
  }

  /// Passes with the next attempt, for as long as locks are waited for.
  private static let lockedAway = PostgresError.server(
    ServerError(sqlState: "55P03", message: "the target's tables could not be locked, or changed their shape"))

  /// The target's record, where the source is fenced by the switch that it names.
  private func agreedRecord(
    _ database: borrowing Database, _ connection: inout Connection
  ) throws -> SourceRecord {
    let record = try readRecord(&connection)
    _ = try SwitchRecovery.agreedRecord(installationID, catalogue, database, &connection)
    return record
  }

  /// Takes the drain's snapshot over. Its transaction holds the tables' locks from before the snapshot on, and until ours
  /// are had: no rewriting ALTER TABLE comes between.
  private func openTarget(
    drain: inout Connection, _ view: DrainedView, _ record: SourceRecord, _ connection: inout Connection
  ) throws -> SourceRecord {
    if connection.transactionStatus != .idle { try connection.execute("ROLLBACK") }
    let name = try drain.query("SELECT pg_export_snapshot()").string(0, 0)
    let tables = view.tables.map(\.lock).joined(separator: ", ")
    let locks = tables.isEmpty ? "" : "LOCK TABLE \(tables) IN ACCESS SHARE MODE; "
    try connection.execute(
      """
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT \(PostgresText.literal(name)); \
      \(connection.localSettings)SET LOCAL lock_timeout = '1s'; \(locks)SET LOCAL lock_timeout = 0
      """)
    // The snapshot is from before the drain recorded its group.
    let seen = try readRecord(&connection)
    guard seen.reversePosition == view.after, seen.epoch == record.epoch, seen.switchID == record.switchID else {
      throw PostgresError.superseded("another process moved the target on")
    }
    return seen
  }

  /// Throws where the source's snapshot does not end at the group that the target's snapshot was drained into.
  private func requireTwins(
    _ position: Position, _ record: SourceRecord, _ database: borrowing Database
  ) throws {
    let stored = try SourceInstallation.reversePosition(in: database)
    // Before the first group since the switch, the source stands where it was switched.
    let isThere =
      try stored.map { $0 == position }
      ?? (position == record.applied && SourceInstallation.holds(position, in: database))
    guard isThere, try SourceInstallation.currentSwitch(in: database) == record.switchID else {
      throw Failure(
        .internalError, "the snapshots of the two stores do not show the same state", remedy: "report this")
    }
  }
}
