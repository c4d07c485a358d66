import Apply
import Capture
import Model
import Postgres
import SQLite

/// Captures and applies group by group in our own hands. Made without the locks of the state directory, used with both.
struct GroupStepper: ~Copyable {
  /// Rounds of catching up before the source's read transaction begins, so that its group is small.
  private static let rounds = 5

  private let state: StateDirectory
  private let stop: StopSignal
  private var capturer: Capturer
  private var applier: GroupApplier
  /// Where the target stands.
  private(set) var record: SourceRecord

  init(
    _ installation: SourceInstallation, _ record: SourceRecord, _ state: StateDirectory, _ catalogue: TargetCatalogue,
    clock: any WallClock, stop: StopSignal, _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    let applier = try GroupApplier(
      journal: state.journal, record: record, catalogue: catalogue, connection: &connection)
    let capturer = try Capturer(
      installation: installation, position: record.applied, journal: state.journal, clock: clock, stop: stop,
      in: database)
    self.state = state
    self.stop = stop
    self.capturer = capturer
    self.applier = applier
    self.record = record
  }

  /// With the locks in hand: goes on from where the target stands by now. False where the plan is another one.
  mutating func begin(at now: SourceRecord) throws -> Bool {
    guard now.plan == record.plan else { return false }
    record = now
    try capturer.resume(applied: now.applied)
    return true
  }

  mutating func catchUp(_ database: borrowing Database, _ connection: inout Connection) throws {
    try applyJournaled(&connection)
    for _ in 0..<Self.rounds {
      guard try capturer.capture(from: database) != nil else { return }
      try applyJournaled(&connection)
    }
  }

  /// One group, within the source's transaction where one is open.
  mutating func step(_ database: borrowing Database, _ connection: inout Connection) throws {
    _ = try capturer.capture(from: database)
    FaultPoint.reach("verify-captured")
    try applyJournaled(&connection)
    FaultPoint.reach("verify-applied")
  }

  private mutating func applyJournaled(_ connection: inout Connection) throws {
    while let group = try state.journal.group(record.applied.group.next) {
      try stop.check()
      record.applied = try applier.apply(
        group, after: record.applied, as: Ownership(record), to: &connection
      ).position
    }
  }
}
