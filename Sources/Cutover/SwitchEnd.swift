import Apply
import Model
import Pipeline
import Postgres
import SQLite

/// How a switch ends on the target, in either direction: insisted on once it is decided, taken back where it is not.
struct SwitchEnd {
  /// How long the target is told of a decision, in seconds. A sync, or the next command, does it otherwise.
  private static let patience: Double = 30

  let settings: SwitchSettings
  let session: SyncSession
  let direction: Hook.Direction

  /// Tries a step until the target has taken it; the last error where it did not.
  func insist(
    _ connection: inout Connection, _ step: (TargetPhase, inout Connection) throws -> Void
  ) -> (any Error)? {
    let end = ContinuousClock.now + .seconds(Self.patience)
    var isFirst = true
    while true {
      do {
        if !isFirst { connection = try connect() }
        isFirst = false
        connection.deadline = end
        try step(TargetPhase(session.catalogue, session.record.source), &connection)
        connection.deadline = nil
        return nil
      } catch {
        guard (error as? PostgresError)?.isTransient ?? false, ContinuousClock.now < end else { return error }
        StopSignal().wait(milliseconds: 50)
      }
    }
  }

  /// Takes the target back, or completes there what the source decided all the same, by a COMMIT that reported an error.
  /// True where it had; the connection is then a new one.
  func resolve(
    _ database: borrowing Database, _ connection: inout Connection, where isOurs: (SourceRecord) -> Bool
  ) throws -> Bool {
    // The old connection may be inside a transaction, or not answer at all.
    connection.deadline = .now + .seconds(1)
    if connection.isHealthy { try? connection.execute("ROLLBACK") }
    var fresh = try connect()
    fresh.deadline = .now + .seconds(10)
    database.setBusyDeadline(.now + .seconds(10))
    guard let record = try SourceRecord.read(session.record.source, session.catalogue, &fresh), isOurs(record),
      [.switchCompleted, .wayBackCompleted].contains(
        try SwitchRecovery.resolve(record, session.catalogue, database, &fresh))
    else { return false }
    fresh.deadline = nil
    connection = fresh
    return true
  }

  private func connect() throws(PostgresError) -> Connection {
    // Not with the signal that may have brought us here.
    try Connection(
      settings.target, applicationName: "changeover \(direction.command)", stop: StopSignal(), timeoutSeconds: 5)
  }
}
