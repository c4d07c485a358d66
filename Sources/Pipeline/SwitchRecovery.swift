import Apply
import Capture
import Model
import Postgres
import SQLite

/// Finds out how an interrupted switch ended, and ends it that way.
///
/// The source's COMMIT is the decision: a fence with the switch's id completes it, none takes it back. A switch holds the
/// source's write lock from before the target says `switching` until it has decided: whoever gets that lock after
/// reading `switching` sees the decision, and a switch that merely hangs cannot decide later. The lock is given back
/// before the target is worked on, so that a slow target makes no writer wait.
package enum SwitchRecovery {
  package enum Outcome: Sendable { case completed, undone }

  package static func resolve(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ database: borrowing Database,
    _ connection: inout Connection
  ) throws -> Outcome {
    guard let switchID = record.switchID else {
      throw Failure(.internalError, "the target is switching without a switch id", remedy: "report this")
    }
    let phase = TargetPhase(catalogue, record.source)
    let isFenced = try isFenced(record, switchID, database)
    FaultPoint.reach("recovery-looked")
    if isFenced {
      try phase.complete(switchID, plan: record.plan, &connection)
    } else {
      try phase.undo(switchID, plan: record.plan, &connection)
    }
    FaultPoint.reach("recovered")
    return isFenced ? .completed : .undone
  }

  private static func isFenced(
    _ record: SourceRecord, _ switchID: RandomID, _ database: borrowing Database
  ) throws -> Bool {
    try database.execute("BEGIN IMMEDIATE")
    defer { database.rollback() }
    if try SourceInstallation.read(database)?.switchID == switchID { return true }
    // Without a fence the file must at least be the one that was being switched, not an older copy of it.
    try SourceInstallation.requireHistory(through: record.applied, in: database)
    return false
  }

  /// After the switch the source must carry its fence; without it the file was restored from somewhere.
  package static func checkFence(_ record: SourceRecord, _ database: borrowing Database) throws {
    guard record.phase == .switched else { return }
    guard let switchID = record.switchID, try SourceInstallation.read(database)?.switchID == switchID else {
      throw Failure(
        .badData,
        "PostgreSQL is the authority since the switch, but \(database.path) is not fenced: it was restored from a copy",
        remedy: "put the fenced file back or keep the application from writing to this one; nothing was changed")
    }
  }
}
