import Apply
import Capture
import Journal
import Model
import Postgres
import SQLite

/// Applies groups of the journal again: rows are states, not steps, so that doing it twice changes nothing.
package struct JournalReplay: Sendable {
  package struct Outcome: Sendable {
    /// Groups that the store that follows had.
    package var again = 0
    /// Groups that it had not.
    package var new = 0
    package var position: Position
    package var direction = Direction.forward
  }

  let source: String
  private let target: ConnectionTarget
  private let statePath: String
  private let targetSchema: String?

  package init(source: String, target: ConnectionTarget, state: String, targetSchema: String?) {
    self.source = source
    self.target = target
    statePath = state
    self.targetSchema = targetSchema
  }

  /// - Parameter from: the first group; nil for the one after the target's position.
  package func run(from: GroupNumber?, execute: Bool) throws -> Outcome {
    guard let state = StateDirectory(existing: statePath) else {
      throw Failure(
        .configuration, "\(statePath) is not a state directory of changeover", remedy: "name the right one with --state"
      )
    }
    guard let lock = try state.syncLock.tryAcquire() else {
      throw Failure(.tryAgain, "changeover sync of \(source) is running", remedy: "stop it first")
    }
    do {
      let outcome = try replay(state, from, execute)
      _ = consume lock
      return outcome
    } catch let error as PostgresError {
      throw error.failure(operation: "replay the journal to", subject: target.safeDescription)
    } catch let error as JournalError {
      throw error.failure
    } catch let error as SQLiteError {
      throw error.failure(path: source)
    }
  }

  private func replay(_ state: StateDirectory, _ from: GroupNumber?, _ execute: Bool) throws -> Outcome {
    let installation = try { () throws -> SourceInstallation? in
      let database = try SourceFile.openForReading(source)
      return try SourceInstallation.read(database)
    }()
    guard let installation else {
      throw Failure(.configuration, "\(source) is not prepared", remedy: "run changeover sync first")
    }
    guard state.id == installation.owner, state.knownSource ?? installation.source == installation.source else {
      throw Failure(
        .configuration, "\(statePath) is not the state directory that \(source) belongs to",
        remedy: "name the one that changeover sync uses with --state")
    }
    var connection = try Connection(
      target, applicationName: "changeover replay", stop: StopSignal(), timeoutSeconds: 10)
    let schema = try targetSchema ?? TargetInstaller.currentSchema(&connection)
    guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
      var record = try SourceRecord.read(installation.source, catalogue, &connection)
    else {
      throw Failure(.configuration, "the target knows nothing of this source", remedy: "check --target")
    }
    if record.phase == .switched {
      let session = SyncSession(installation: installation, record: record, catalogue: catalogue)
      return try replayBack(state, from, execute, session)
    }
    guard record.phase == .syncing else {
      throw Failure(
        .checkFailed, "the target is in phase '\(record.phase.rawValue)': groups are applied only while it follows",
        remedy: record.phase == .preparing ? "let changeover sync finish the first copy" : "the journal is history now")
    }
    let first = min(from ?? record.applied.group.next, record.applied.group.next)
    let groups = try state.journal.groups(after: GroupNumber(first.rawValue - 1))
    if let found = groups.first?.number, found != first {
      throw Self.holes(found, first)
    }
    for part in groups.flatMap(\.parts) where try state.journal.header(of: part).source != installation.source {
      throw Failure(
        .badData, "batch \(part) of the journal is of another source", remedy: "run changeover journal check")
    }
    let again = groups.filter { $0.number <= record.applied.group }
    let new = groups.filter { $0.number > record.applied.group }
    var outcome = Outcome(again: again.count, new: new.count, position: record.applied)
    if let last = new.last?.parts.last { outcome.position = try state.journal.header(of: last).position }
    guard execute else { return outcome }
    try record.takeOver(by: state.id, catalogue, &connection)
    var applier = try GroupApplier(
      journal: state.journal, record: record, catalogue: catalogue, connection: &connection)
    try applier.replay(again, at: record.applied, as: Ownership(record), to: &connection)
    var position = record.applied
    for group in new {
      position = try applier.apply(group, after: position, as: Ownership(record), to: &connection).position
    }
    outcome.position = position
    return outcome
  }

  static func holes(_ found: GroupNumber, _ first: GroupNumber) -> Failure {
    Failure(
      .badData, "the journal begins at group \(found), not at \(first)",
      remedy: "changeover journal list tells which there are")
  }
}
