import Apply
import Capture
import Journal
import Model
import Postgres
import ReverseApply
import ReverseCapture
import SQLite

/// The sync after the switch: takes what the application writes to PostgreSQL out of the logs, group after group, and
/// applies it to the fenced SQLite file, through lost connections, until the phase is another one.
///
/// One thread does both: a group is applied only once the transaction that took it from the target has committed.
struct ReverseLoop: StreamLoop, ~Copyable {
  static let operation = "take changes from"
  /// How soon after a group the logs are looked at again; doubled with each look in vain.
  private static let busyMilliseconds = 2
  private static let idleMilliseconds = 1_000
  private static let statusMilliseconds = 250

  let options: SyncOptions
  let progress: SyncProgress
  let report: Report
  var session: SyncSession
  var backoff = Backoff()
  private let state: StateDirectory
  private let clock: any WallClock
  private var retention: JournalRetention
  private var watcher: SourceWatcher
  private var fence: FenceWatch
  private var told: [Deviation] = []
  private var toldAt: ContinuousClock.Instant?
  private var reportedAt = ContinuousClock.now
  private var unreported = (groups: 0, changes: Int64(0))
  /// When something was first seen that is not captured yet.
  private var newsSeen: Instant?

  init(
    options: SyncOptions, state: StateDirectory, progress: SyncProgress, session: SyncSession, clock: any WallClock,
    report: @escaping Report
  ) {
    self.options = options
    self.state = state
    self.progress = progress
    self.session = session
    self.clock = clock
    self.report = report
    retention = JournalRetention(options.retention, state.journal, clock)
    watcher = SourceWatcher(path: options.source)
    fence = FenceWatch()
  }

  func knownRecord(_ connection: inout Connection) throws -> SourceRecord? {
    let database = try SourceFile.openAgain(options.source, stop: progress.stop)
    return try SwitchRecovery.agreedRecord(session.record.source, session.catalogue, database, &connection)
  }

  func tellSetBack(_ record: SourceRecord) {
    let gave = progress.status.captured
    guard record.phase == .switched, record.reversePosition.group < gave.group else { return }
    report(
      .warning(
        "PostgreSQL came back at group \(record.reversePosition.group), before group \(gave.group), which it had given "
          + "away and SQLite does not have yet: it has lost what was written there, and SQLite follows it"))
  }

  mutating func lookAroundBetween() throws { try watcher.checkIdentity() }

  mutating func work(_ connection: inout Connection) throws -> StreamEnd {
    if session.record.phase == .switching || session.record.phase == .switchingBack {
      try session.resolveSwitch(options.source, state, stop: progress.stop, report: report, &connection)
    }
    let database = try SourceFile.openAgain(options.source, stop: progress.stop)
    try session.refresh(database, &connection)
    guard session.record.phase == .switched else { return .phaseMoved }
    // A file that was put in the fenced one's place has no fence, or another one.
    _ = try SwitchRecovery.agreedRecord(session.record.source, session.catalogue, database, &connection)
    try ReverseApplier.prepare(database)
    var position = try session.sourcePosition(in: database)
    try TargetHistory.requireLeads(from: position, to: session.record.reversePosition, in: state.journal)
    var applier = try ReverseApplier(
      journal: state.journal, plan: session.record.plan, installation: session.installation, stop: progress.stop,
      in: database)
    var capturer = ReverseCapturer(
      record: session.record, catalogue: session.catalogue, journal: state.journal, clock: clock)
    progress.applied(position, quarantined: applier.quarantined)
    report(.streamingBack(position: position))
    var wait = Self.busyMilliseconds
    while true {
      try progress.stop.check()
      let captured = try capture(&capturer, database, &connection)
      if !captured { try capturer.tidy(&connection) }
      try applyAll(&applier, &capturer, &position, database, &connection)
      try lookAround(capturer, position, database)
      if options.untilCaughtUp, !captured {
        if let end = try whetherCaughtUp(capturer, position, &connection) { return end }
      }
      wait = captured ? Self.busyMilliseconds : min(wait * 2, Self.idleMilliseconds)
      progress.stop.wait(milliseconds: options.untilCaughtUp ? min(wait, 20) : wait)
    }
  }

  // MARK: Capturing

  /// One look, and a group where there is something; true for a group.
  private mutating func capture(
    _ capturer: inout ReverseCapturer, _ database: borrowing Database, _ connection: inout Connection
  ) throws -> Bool {
    let seen = clock.now
    guard try capturer.hasNews(&connection) else {
      newsSeen = nil
      progress.looked(at: seen)
      return false
    }
    newsSeen = newsSeen ?? seen
    let held = try state.captureLock.acquire(stop: progress.stop)
    try requireSameSwitch(database)
    let captured = try capturer.capture(from: &connection)
    _ = consume held
    tell(capturer.deviations)
    guard let captured else { return false }
    progress.captured(captured.position, seen: newsSeen ?? seen, lookedAt: capturer.lookedAt)
    newsSeen = nil
    return true
  }

  /// A way back and another switch may both have passed unseen: then everything begins anew.
  private func requireSameSwitch(_ database: borrowing Database) throws {
    guard try SourceInstallation.currentSwitch(in: database) == session.installation.switchID else {
      throw PostgresError.superseded("the switch is another one")
    }
  }

  /// Names what has changed in the target's schema, once.
  private mutating func tell(_ deviations: [Deviation]) {
    for deviation in deviations where !told.contains(deviation) {
      let effect = deviation.kind == .paused ? "nothing of it goes back any more; " : ""
      report(
        .warning(
          "PostgreSQL: \(deviation.subject) \(deviation.reason); \(effect)rollback is refused unless it is waived"))
    }
    for deviation in told where !deviations.contains(deviation) {
      report(.note("PostgreSQL: \(deviation.subject) is as it was again"))
    }
    told = deviations
  }

  // MARK: Applying

  /// Applies every group that the target gave away, the lock taken for each.
  private mutating func applyAll(
    _ applier: inout ReverseApplier, _ capturer: inout ReverseCapturer, _ position: inout Position,
    _ database: borrowing Database, _ connection: inout Connection
  ) throws {
    while position.group < capturer.position.group {
      try progress.stop.check()
      let held = try state.applyLock.acquire(stop: progress.stop)
      try requireSameSwitch(database)
      // Another command may have applied groups meanwhile.
      position = try session.sourcePosition(in: database)
      if position.group >= capturer.position.group { break }
      guard let group = try state.journal.group(position.group.next) else {
        throw TargetHistory.lost(position.group.next, state.journal)
      }
      let applied = try applier.apply(group, after: position, to: database)
      _ = consume held
      unreported.groups += 1
      unreported.changes += applied.position.sequence.rawValue - position.sequence.rawValue
      position = applied.position
      progress.applied(position, quarantined: applier.quarantined)
      if applied.quarantined > 0 {
        report(
          .warning(
            "\(applied.quarantined) rows of group \(group.number) do not fit SQLite and are in the quarantine: rollback is "
              + "refused while there are any"))
      }
      if !applied.awaited.isEmpty { try capturer.request(whole: applied.awaited, &connection) }
      tellApplied(capturer, position)
    }
    progress.applied(position, quarantined: applier.quarantined)
    tellApplied(capturer, position)
  }

  private mutating func tellApplied(_ capturer: borrowing ReverseCapturer, _ position: Position) {
    guard unreported.groups > 0, reportedAt.duration(to: .now) > .seconds(5) else { return }
    let lag = capturer.position.sequence.rawValue - position.sequence.rawValue
    report(.applied(groups: unreported.groups, changes: unreported.changes, lag: max(lag, 0)))
    unreported = (0, 0)
    reportedAt = .now
  }

  // MARK: Beside

  /// What is looked at now and then: notes for `lag`, the journal's size, the file and its fence.
  private mutating func lookAround(
    _ capturer: borrowing ReverseCapturer, _ position: Position, _ database: borrowing Database
  ) throws {
    guard toldAt.map({ $0.duration(to: .now) > .milliseconds(Self.statusMilliseconds) }) ?? true else { return }
    toldAt = .now
    try progress.status.write(to: state.statusPath)
    try retention.look(applied: position.group)
    try watcher.checkIdentity()
    for name in try fence.mend(session.installation, database) {
      report(
        .warning("the fence of '\(name)' in SQLite was gone, with a CREATE, DROP or rebuild of the table: made again"))
    }
  }

  /// Nil while there is more to do.
  private func whetherCaughtUp(
    _ capturer: borrowing ReverseCapturer, _ position: Position, _ connection: inout Connection
  ) throws -> StreamEnd? {
    guard position == capturer.position else { return nil }
    if try capturer.pendingChanges(&connection) == 0 { return .caughtUp }
    let paused = capturer.deviations.filter { $0.kind == .paused }
    guard let first = paused.first else { return nil }
    throw Failure(
      .checkFailed, "\(first.subject) of PostgreSQL \(first.reason): its changes do not go back",
      remedy: "mend it in PostgreSQL; its changes wait there, and the other tables are caught up")
  }
}

/// Looks after the fence of a closed source, which DDL can take away with its table.
struct FenceWatch {
  private var schemaVersion: Int64?

  /// Makes again what is missing; returns the names of tables that were open.
  mutating func mend(_ installation: SourceInstallation, _ database: borrowing Database) throws -> [String] {
    do {
      let version = try database.integer("PRAGMA schema_version")
      guard version != schemaVersion else { return [] }
      let mended = try installation.fenceIsWhole(in: database) ? [] : installation.refence(in: database)
      schemaVersion = try database.integer("PRAGMA schema_version")
      return mended
    } catch let error as SQLiteError where error.isBusy {
      return []
    }
  }
}
