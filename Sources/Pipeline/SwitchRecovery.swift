import Apply
import Capture
import Model
import Postgres
import SQLite

/// Finds out how an interrupted switch ended, in either direction, and ends it that way.
///
/// A switch holds the source's write lock from before the target says that it has begun until it has decided: whoever
/// gets that lock and reads both stores under it sees the decision, and a switch that merely hangs cannot decide later.
/// The lock is given back before the target is worked on, so that a slow target makes no writer wait; what is done there
/// names the switch by its id, and fails where another one has come.
package enum SwitchRecovery {
  package enum Outcome: Sendable {
    case switchCompleted, switchUndone, wayBackCompleted, wayBackUndone
    /// Somebody else had ended it.
    case nothingToDo

    /// For people.
    package var sentence: String {
      switch self {
      case .switchCompleted: "an earlier cutover had decided: completed"
      case .switchUndone: "an earlier cutover had not decided: taken back"
      case .wayBackCompleted: "an earlier rollback had decided: completed"
      case .wayBackUndone: "an earlier rollback had not decided: taken back"
      case .nothingToDo: "what was interrupted has been resolved already"
      }
    }
  }

  /// How long the target may take to say where it stands while the source's lock is held.
  private static let glance: Double = 5

  /// Call it with both locks of the state directory in hand. Afterwards the record on the target is to be read again.
  package static func resolve(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ database: borrowing Database,
    _ connection: inout Connection
  ) throws -> Outcome {
    guard let (current, decision) = try look(record, catalogue, database, &connection) else { return .nothingToDo }
    FaultPoint.reach("recovery-looked")
    let phase = TargetPhase(catalogue, current.source)
    let outcome: Outcome
    switch decision {
    case .agreed: return .nothingToDo
    case .refuse(let contradiction): throw contradiction.failure(path: database.path)
    case .completeSwitch(let id):
      try phase.complete(id, plan: current.plan, &connection)
      outcome = .switchCompleted
    case .undoSwitch(let id):
      try phase.undo(id, plan: current.plan, &connection)
      outcome = .switchUndone
    case .completeWayBack(let wayBack, let id):
      try phase.completeWayBack(wayBack, of: id, plan: current.plan, &connection)
      outcome = .wayBackCompleted
    case .undoWayBack(let wayBack, let id):
      try phase.undoWayBack(wayBack, of: id, plan: current.plan, &connection)
      outcome = .wayBackUndone
    }
    FaultPoint.reach("recovered")
    return outcome
  }

  /// Reads both stores under the source's write lock.
  private static func look(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ database: borrowing Database,
    _ connection: inout Connection
  ) throws -> (SourceRecord, SwitchDecision)? {
    try database.execute("BEGIN IMMEDIATE")
    defer { database.rollback() }
    let usual = connection.deadline
    connection.deadline = min(usual ?? .now + .seconds(glance), .now + .seconds(glance))
    defer { connection.deadline = usual }
    guard let current = try SourceRecord.read(record.source, catalogue, &connection),
      let installation = try SourceInstallation.read(database)
    else { return nil }
    try TargetHistory.requireGiven(installation.reversePosition, by: current)
    let decision = SwitchDecision(target: .init(current), source: installation.mark)
    if case .undoSwitch = decision {
      // Without a fence the file must at least be the one that was being switched, not an older copy of it.
      try SourceInstallation.requireHistory(through: current.applied, in: database)
    }
    return (current, decision)
  }

  /// The target's record, once it is found that the two stores do not contradict each other; nil where the target knows
  /// nothing of this source. A switch that has begun is not looked into: that is `resolve`'s.
  package static func agreedRecord(
    _ source: RandomID, _ catalogue: TargetCatalogue, _ database: borrowing Database, _ connection: inout Connection
  ) throws -> SourceRecord? {
    while true {
      let before = try SourceInstallation.read(database)
      guard let record = try SourceRecord.read(source, catalogue, &connection) else { return nil }
      // Read while a switch goes on, the two would be of different moments.
      guard let before, try SourceInstallation.read(database)?.mark == before.mark else { continue }
      try check(record, before, path: database.path)
      return record
    }
  }

  /// Throws where the stores contradict each other.
  /// - Parameter installation: as read before the record; its mark was still the same afterwards.
  static func check(_ record: SourceRecord, _ installation: SourceInstallation, path: String) throws {
    if case .refuse(let contradiction) = SwitchDecision(target: .init(record), source: installation.mark) {
      throw contradiction.failure(path: path)
    }
    try TargetHistory.requireGiven(installation.reversePosition, by: record)
  }
}
