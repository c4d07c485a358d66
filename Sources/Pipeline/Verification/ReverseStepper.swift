import Apply
import Capture
import Journal
import Model
import Postgres
import ReverseApply
import ReverseCapture
import SQLite

/// Takes group by group out of the target's logs and applies it to the source, in our own hands. Made without the locks of
/// the state directory, used with both.
///
/// It has a connection of its own: the drain's transaction lends its snapshot to the connection that compares.
struct ReverseStepper: ~Copyable {
  /// Rounds of catching up before the last group, so that it is small.
  private static let rounds = 5

  /// Where the target stood when it was made.
  let record: SourceRecord
  private let state: StateDirectory
  private let stop: StopSignal
  private var connection: Connection
  private var capturer: ReverseCapturer
  private var applier: ReverseApplier

  init(
    _ installation: SourceInstallation, _ record: SourceRecord, _ state: StateDirectory, _ catalogue: TargetCatalogue,
    _ target: ConnectionTarget, clock: any WallClock, stop: StopSignal, _ database: borrowing Database
  ) throws {
    try ReverseApplier.prepare(database)
    let applier = try ReverseApplier(
      journal: state.journal, plan: record.plan, installation: installation, stop: stop, in: database)
    let connection = try Connection(target, applicationName: "changeover verify", stop: stop, timeoutSeconds: 10)
    self.record = record
    self.state = state
    self.stop = stop
    self.connection = connection
    self.applier = applier
    capturer = ReverseCapturer(record: record, catalogue: catalogue, journal: state.journal, clock: clock)
  }

  /// Whether it is made for where the target stands by now.
  func fits(_ now: SourceRecord) -> Bool {
    now.epoch == record.epoch && now.owner == record.owner && now.switchID == record.switchID
      && now.wayBack == record.wayBack && now.plan == record.plan && connection.isHealthy
  }

  /// Changes of the target that the source has not, of tables that are not kept in step too.
  mutating func backlog() throws -> Int64 { try capturer.pendingChanges(&connection) }

  mutating func catchUp(_ database: borrowing Database) throws {
    // VACUUM may have renumbered rows since the last group.
    try request(try applier.awaited(in: database))
    for _ in 0..<Self.rounds {
      guard try capturer.hasNews(&connection), try capturer.capture(from: &connection) != nil else { return }
      try applyAll(database)
    }
  }

  /// One group, with the transaction that drains it lent before its COMMIT. Nil where the target would not have it now, or
  /// rows have to come again.
  mutating func step(
    _ database: borrowing Database, sharing share: (inout Connection, DrainedView) throws -> Void
  ) throws -> Position? {
    guard let position = try capturer.capture(from: &connection, sharing: share) else { return nil }
    FaultPoint.reach("verify-captured")
    guard try applyAll(database) else { return nil }
    FaultPoint.reach("verify-applied")
    return position
  }

  /// False where rows of a whole table are to come with another group.
  @discardableResult
  private mutating func applyAll(_ database: borrowing Database) throws -> Bool {
    var position = try SourceInstallation.reversePosition(in: database) ?? record.applied
    var awaited: [TableID] = []
    while position.group < capturer.position.group {
      try stop.check()
      guard let group = try state.journal.group(position.group.next) else {
        throw Failure(
          .badData, "group \(position.group.next) of PostgreSQL's writes is in neither the journal nor SQLite",
          remedy: "restore \(state.journal.path) from a copy of the disk")
      }
      let applied = try applier.apply(group, after: position, to: database)
      position = applied.position
      awaited = applied.awaited
    }
    try request(awaited)
    return awaited.isEmpty
  }

  private mutating func request(_ tables: [TableID]) throws {
    if !tables.isEmpty { try capturer.request(whole: tables, &connection) }
  }
}
