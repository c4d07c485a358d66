import Apply
import Capture
import Model
import Pipeline
import Postgres
import SQLite

/// Opens both stores for a switch, in either direction, and finds what is known of the move.
struct SwitchOpening {
  let settings: SwitchSettings
  let direction: Hook.Direction
  let stop: StopSignal

  func run<R>(
    _ body: (SyncSession, StateDirectory, borrowing Database, inout Connection) throws -> R
  ) throws -> R {
    do {
      return try open(body)
    } catch let error as SQLiteError {
      throw error.failure(path: settings.source)
    } catch is Stopped {
      throw Self.stopped
    } catch let error as PostgresError {
      if error.isStopped { throw Self.stopped }
      throw error.failure(operation: "switch on", subject: settings.target.safeDescription)
    }
  }

  private static let stopped = Failure(
    .checkFailed, "stopped as asked, before anything was decided", remedy: "both stores are as they were")

  private func open<R>(
    _ body: (SyncSession, StateDirectory, borrowing Database, inout Connection) throws -> R
  ) throws -> R {
    // Not even a dry run's lock for a moment: a writer may be in a long transaction.
    let database = try SourceFile.openForWriting(settings.source, takesLock: false)
    let (installation, state) = try Self.installed(database, settings)
    var connection = try connect()
    let schema = try settings.targetSchema ?? TargetInstaller.currentSchema(&connection)
    guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
      let record = try SwitchRecovery.agreedRecord(installation.source, catalogue, database, &connection)
    else {
      throw Failure(
        .configuration, "the target knows nothing of this source",
        remedy: "check --target, or run changeover sync first")
    }
    return try body(
      SyncSession(installation: installation, record: record, catalogue: catalogue), state, database, &connection)
  }

  /// What changeover has installed in the source, and the state directory that belongs to it.
  static func installed(
    _ database: borrowing Database, _ settings: SwitchSettings
  ) throws -> (SourceInstallation, StateDirectory) {
    guard let installation = try SourceInstallation.read(database) else {
      throw Failure(
        .configuration, "\(settings.source) is not prepared: no changeover sync has run on it",
        remedy: "start one: changeover sync --source \(settings.source)")
    }
    guard let state = StateDirectory(existing: settings.state), state.id == installation.owner else {
      throw Failure(
        .configuration, "\(settings.state) is not the state directory that \(settings.source) belongs to",
        remedy: "name the one that changeover sync uses with --state")
    }
    return (installation, state)
  }

  private func connect() throws -> Connection {
    do {
      return try Connection(
        settings.target, applicationName: "changeover \(direction.command)", stop: stop, timeoutSeconds: 10)
    } catch {
      throw error.failure(operation: "connect to", subject: settings.target.safeDescription)
    }
  }

  /// Ends a switch that was interrupted, where there is one, the way it had decided. The locks tell whether it still goes on; with them in
  /// hand it is over. Afterwards the record and the installation are as they stand.
  func recover(
    _ session: inout SyncSession, _ state: StateDirectory, _ database: borrowing Database,
    _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    guard settings.execute, [.switching, .switchingBack].contains(session.record.phase) else { return }
    let started = ContinuousClock.now
    let capture = try state.captureLock.acquire(stop: stop, seconds: settings.lockTimeout)
    let apply = try state.applyLock.acquire(stop: stop, seconds: settings.lockTimeout)
    database.setBusyDeadline(.now + .seconds(settings.lockTimeout))
    let outcome = try SwitchRecovery.resolve(session.record, session.catalogue, database, &connection)
    try Self.reread(&session, database, &connection)
    if outcome != .nothingToDo { steps.note("recovery", outcome.sentence, since: started) }
    _ = consume apply
    _ = consume capture
  }

  static func reread(
    _ session: inout SyncSession, _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    guard
      let record = try SwitchRecovery.agreedRecord(
        session.record.source, session.catalogue, database, &connection),
      let installation = try SourceInstallation.read(database)
    else { throw Failure(.badData, "the target no longer knows this source", remedy: "check --target") }
    session.record = record
    session.installation = installation
  }
}
