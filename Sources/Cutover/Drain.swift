import Apply
import Capture
import Journal
import Model
import Pipeline
import Postgres
import ReverseCapture
import SQLite
import Schema

/// What speaks against the switch once it has begun.
struct SwitchRefused: Error, CustomStringConvertible {
  let description: String
  init(_ reason: String) { description = reason }
}

/// Captures and applies in the cutover's own hands, with both locks of the state directory held.
struct Drain: ~Copyable {
  private let session: SyncSession
  private let state: StateDirectory
  private var capturer: Capturer
  private var applier: GroupApplier
  /// What the target has.
  private(set) var position: Position

  /// Rounds of catching up before the pause, so that the last one is small.
  private static let rounds = 5

  init(
    session: SyncSession, state: StateDirectory, clock: any WallClock, stop: StopSignal,
    _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    guard let record = try SourceRecord.read(session.record.source, session.catalogue, &connection) else {
      throw Failure(.badData, "the target no longer knows this source", remedy: "check --target")
    }
    guard record.phase == .syncing else {
      throw Failure(
        .tryAgain, "the target is in phase '\(record.phase.rawValue)' by now", remedy: "run changeover cutover again")
    }
    let applier = try GroupApplier(
      journal: state.journal, record: record, catalogue: session.catalogue, connection: &connection)
    var capturer = try Capturer(
      installation: session.installation, position: record.applied, journal: state.journal, clock: clock, stop: stop,
      in: database)
    try capturer.resume(applied: record.applied)
    var current = session
    current.record = record
    self.session = current
    self.state = state
    self.capturer = capturer
    self.applier = applier
    position = record.applied
  }

  /// Brings the target as near as it gets while writers go on.
  mutating func catchUp(_ database: borrowing Database, _ connection: inout Connection) throws {
    try applyJournaled(&connection)
    for _ in 0..<Self.rounds {
      guard try capturer.capture(from: database) != nil else { break }
      try applyJournaled(&connection)
    }
    guard applier.quarantined == 0 else {
      throw Failure(
        .checkFailed, "rows that do not fit the target came in with the last changes: they are in the quarantine",
        remedy: "mend or discard them (changeover quarantine list), then run changeover cutover again")
    }
  }

  private mutating func applyJournaled(_ connection: inout Connection) throws {
    while let group = try state.journal.group(position.group.next) {
      position = try applier.apply(group, after: position, as: ownership, to: &connection).position
    }
  }

  /// Changes that the target does not have yet.
  func backlog(_ database: borrowing Database) throws -> Int64 {
    try newest(database).rawValue - position.sequence.rawValue
  }

  /// The last group, inside the transaction that stops the writers, and with it the switch's own statements.
  mutating func last(
    _ switchID: RandomID, leavingOut keys: Set<String>, _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    let plan = session.record.plan
    var finishing = TargetPhase.sequences(of: plan, handedOut: try handedOut(database))
    finishing += ForeignKeys(plan).creation(leavingOut: keys)
    finishing += TargetPhase.triggers(of: plan)
    finishing.append(
      try ReverseMemory.statement(of: plan, session.record.source, switchID, session.catalogue, &connection))
    finishing.append(
      TargetPhase(session.catalogue, session.record.source).beginSwitch(switchID, epoch: session.record.epoch))
    let captured = try capturer.capture(from: database)
    let group = try state.journal.group(position.group.next)
    let newest = try newest(database)
    guard captured.map({ $0.position.sequence }) ?? position.sequence == newest, (captured == nil) == (group == nil)
    else {
      throw SwitchRefused("the journal does not end at the source's newest change (\(newest))")
    }
    FaultPoint.reach("captured")
    guard let group else { return try applier.commit(finishing, at: position, as: ownership, to: &connection) }
    let applied = try applier.apply(group, after: position, as: ownership, finishing: finishing, to: &connection)
    position = applied.position
    guard applied.quarantined == 0 else {
      throw SwitchRefused(
        "a row of the last changes does not fit the target: it is in the quarantine, mend it in SQLite")
    }
    guard position.sequence == newest else {
      throw SwitchRefused("the target is at change \(position.sequence), the source at \(newest)")
    }
  }

  private func newest(_ database: borrowing Database) throws(SQLiteError) -> ChangeNumber {
    ChangeNumber(try database.integer("SELECT max(seq) FROM \(SourceNames.change)"))
  }

  private func handedOut(_ database: borrowing Database) throws -> [String: Int64] {
    guard try database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'") > 0 else {
      return [:]
    }
    var numbers: [String: Int64] = [:]
    try database.forEach("SELECT name, seq FROM sqlite_sequence") { numbers[$0.string(0) ?? ""] = $0.integer(1) }
    return numbers
  }

  private var ownership: Ownership { Ownership(session.record) }
}
