import Apply
import Capture
import Model
import Postgres
import SQLite

/// Finds out how an interrupted switch ended, and ends it that way.
///
/// The source's COMMIT is the decision: a fence with the switch's id completes it, none takes it back. The source's
/// write lock is held while looking, so that a switch that merely hangs cannot decide meanwhile.
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
    try database.execute("BEGIN IMMEDIATE")
    do {
      let isFenced = try SourceInstallation.read(database)?.switchID == switchID
      if isFenced {
        try phase.complete(switchID, plan: record.plan, &connection)
      } else {
        try phase.undo(switchID, plan: record.plan, &connection)
      }
      database.rollback()
      return isFenced ? .completed : .undone
    } catch {
      database.rollback()
      throw error
    }
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
