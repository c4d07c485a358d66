import Apply
import Capture
import Model
import Postgres
import SQLite

extension SyncSession {
  /// Where the source stands on the way back: at the last group that came back, or where it was switched.
  func sourcePosition(in database: borrowing Database) throws -> Position {
    try SourceInstallation.reversePosition(in: database) ?? record.applied
  }

  /// A switch began and left, in either direction: with its locks in our hands it is over, one way or the other.
  mutating func resolveSwitch(
    _ source: String, _ state: StateDirectory, stop: StopSignal, report: Report, _ connection: inout Connection
  ) throws {
    let capture = try state.captureLock.acquire(stop: stop)
    let apply = try state.applyLock.acquire(stop: stop)
    let database = try SourceFile.openForWriting(source)
    let outcome = try SwitchRecovery.resolve(record, catalogue, database, &connection)
    if outcome != .nothingToDo { report(.note(outcome.sentence)) }
    try refresh(database, &connection)
    _ = consume apply
    _ = consume capture
  }

  /// Reads both stores again.
  mutating func refresh(_ database: borrowing Database, _ connection: inout Connection) throws {
    if let record = try SourceRecord.read(record.source, catalogue, &connection) { self.record = record }
    if let installation = try SourceInstallation.read(database) { self.installation = installation }
  }
}
