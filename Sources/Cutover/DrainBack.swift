import Apply
import Capture
import Journal
import Model
import Pipeline
import Postgres
import ReverseApply
import ReverseCapture
import SQLite

/// Takes the target's changes and applies them to the source in the rollback's own hands, with both locks of the state
/// directory held.
struct DrainBack: ~Copyable {
  private let state: StateDirectory
  private let waived: Set<String>
  private var capturer: ReverseCapturer
  private var applier: ReverseApplier
  private var awaited: [TableID] = []
  /// What the source has.
  private(set) var position: Position

  /// Rounds of catching up before the pause, so that the last one is small.
  private static let rounds = 5

  init(
    session: SyncSession, state: StateDirectory, waived: Set<String>, clock: any WallClock, stop: StopSignal,
    _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    guard let record = try SourceRecord.read(session.record.source, session.catalogue, &connection),
      let installation = try SourceInstallation.read(database)
    else { throw Failure(.badData, "the target no longer knows this source", remedy: "check --target") }
    guard record.phase == .switched, record.switchID == session.record.switchID else {
      throw Failure(
        .tryAgain, "the target is in phase '\(record.phase.rawValue)' by now", remedy: "run changeover rollback again")
    }
    let applier = try ReverseApplier(
      journal: state.journal, plan: record.plan, installation: installation, stop: stop, in: database)
    self.state = state
    self.waived = waived
    self.applier = applier
    capturer = ReverseCapturer(record: record, catalogue: session.catalogue, journal: state.journal, clock: clock)
    // Before the first group since the switch, the switch's own position.
    position = installation.reversePosition ?? record.applied
  }

  /// Brings the source as near as it gets while writers go on.
  mutating func catchUp(_ database: borrowing Database, _ connection: inout Connection) throws {
    // A VACUUM of the fenced file shows even where no group follows it.
    awaited = try applier.awaited(in: database)
    if !awaited.isEmpty { try capturer.request(whole: awaited, &connection) }
    for _ in 0..<Self.rounds {
      let captured = try capturer.capture(from: &connection)
      try applyCaptured(database)
      if !awaited.isEmpty {
        try capturer.request(whole: awaited, &connection)
        continue
      }
      if captured == nil { break }
    }
    guard applier.quarantined == 0 else {
      throw Failure(
        .checkFailed, "rows that do not fit SQLite came in with the last changes: they are in the quarantine",
        remedy: "mend or discard them (changeover quarantine list), then run changeover rollback again")
    }
  }

  /// Applies what the target has given away. A group of the journal beyond that was never given away, and is not touched.
  private mutating func applyCaptured(_ database: borrowing Database) throws {
    while position.group < capturer.position.group {
      guard let group = try state.journal.group(position.group.next) else {
        throw Failure(
          .badData, "group \(position.group.next) is missing from the journal", remedy: "run changeover journal check")
      }
      let applied = try applier.apply(group, after: position, to: database)
      position = applied.position
      awaited = applied.awaited
    }
  }

  /// Changes that the source does not have yet.
  func backlog(_ connection: inout Connection) throws -> Int64 { try capturer.pendingChanges(&connection) }

  /// The last group, inside the transactions that keep the writers out on either side; whether there was one. Throws
  /// where anything is left that the source does not have.
  mutating func last(_ database: borrowing Database, _ connection: inout Connection) throws -> Bool {
    let before = position
    _ = try capturer.capture(from: &connection)
    try applyCaptured(database)
    for deviation in capturer.deviations where !waived.contains(deviation.waiver) {
      throw SwitchRefused("\(deviation.subject) on PostgreSQL \(deviation.reason)")
    }
    guard applier.quarantined == 0 else {
      throw SwitchRefused(
        "a row of the last changes does not fit SQLite: it is in the quarantine, mend it in PostgreSQL")
    }
    guard awaited.isEmpty else {
      throw SwitchRefused("rows of a table without a key are to be read anew: run it again")
    }
    // Those of a table that somebody gave up for the way back wait for ever.
    guard try capturer.deviations.contains(where: { $0.kind == .paused }) || backlog(&connection) == 0 else {
      throw SwitchRefused("PostgreSQL holds changes that could not be read: run it again")
    }
    guard position == capturer.position else {
      throw SwitchRefused("SQLite is at change \(position.sequence), PostgreSQL at \(capturer.position.sequence)")
    }
    return position != before
  }
}
