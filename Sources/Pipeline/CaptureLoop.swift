import Capture
import Journal
import Model
import SQLite

/// The capturing half of a sync: waits for commits, journals them as groups, and prunes what is journaled.
struct CaptureLoop: ~Copyable {
  /// A look at least so often, in milliseconds, whatever inotify says.
  private static let idleMilliseconds = 1_000
  /// How soon after a write to look again, doubled up to `idleMilliseconds`: the kernel tells of the write to the log, and
  /// the commit shows only once the writer has synced it (or, without a log, has let go of its lock).
  private static let glanceMilliseconds = 1
  /// While the target is away groups are larger and fewer.
  private static let awayMilliseconds = 1_000
  private static let pruneMilliseconds = 500
  private static let statusMilliseconds = 250
  private static let unloggedSeconds = 60.0
  /// Under steady writes a group begins no sooner than this after the one before: hundreds of tiny batches a second
  /// would cost the disk and the target more than they gain.
  private static let paceMilliseconds = 10

  private let state: StateDirectory
  private let progress: SyncProgress
  private var retention: JournalRetention
  private let clock: any WallClock
  private let database: Database
  private let report: Report
  private var watcher: SourceWatcher
  private var newTables: NewTables
  private var commits = CommitWatch()
  private var capturer: Capturer
  private var pruner: ChangePruner
  private var prunedAt = ContinuousClock.now
  private var groupBegunAt: ContinuousClock.Instant?
  private var toldAt: ContinuousClock.Instant?
  private var unloggedToldAt: ContinuousClock.Instant?
  private var nextLook = Self.glanceMilliseconds

  init(
    source path: String, installation: SourceInstallation, position: Position, state: StateDirectory,
    progress: SyncProgress, retention: RetentionPolicy, clock: any WallClock, leftOut: [String],
    report: @escaping Report
  ) throws {
    let database = try SourceFile.openAgain(path, stop: progress.stop)
    database.setBusyPatience(milliseconds: 20)
    let capturer = try database.whenReadable(progress.stop) {
      try Capturer(
        installation: installation, position: position, journal: state.journal, clock: clock, stop: progress.stop,
        in: $0)
    }
    let unapplied = try state.journal.groups(after: progress.status.applied.group)
    pruner = ChangePruner(
      boundaries: try unapplied.compactMap { try $0.parts.last.map { try state.journal.header(of: $0).last } })
    self.state = state
    self.progress = progress
    self.retention = JournalRetention(retention, state.journal, clock)
    self.clock = clock
    self.database = database
    self.capturer = capturer
    self.report = report
    newTables = NewTables(known: Set(installation.tables.map(\.name) + leftOut))
    watcher = SourceWatcher(path: path)
  }

  /// Runs until asked to stop.
  mutating func run() throws {
    while !progress.stop.isRequested {
      try capture()
      try prune()
      try retention.look(applied: progress.status.applied.group)
      try tellStatus()
      try watcher.checkIdentity()
      if progress.status.targetAway {
        progress.stop.wait(milliseconds: Self.awayMilliseconds)
      } else {
        let wasWritten = watcher.wait(milliseconds: nextLook, stop: progress.stop)
        nextLook = wasWritten ? Self.glanceMilliseconds : min(nextLook * 2, Self.idleMilliseconds)
      }
    }
  }

  private mutating func tellStatus() throws {
    guard toldAt.map({ $0.duration(to: .now) > .milliseconds(Self.statusMilliseconds) }) ?? true else { return }
    try progress.status.write(to: state.statusPath)
    try tellNewTables()
    toldAt = .now
  }

  private mutating func tellNewTables() throws {
    do {
      for table in try newTables.look(in: database) {
        report(
          .warning(
            "table '\(table)' was created after the copy and does not move: sync --reseed takes it along, "
              + "cutover is refused unless it is waived"))
      }
    } catch let error as SQLiteError where error.isBusy {}
  }

  private mutating func capture() throws {
    try lookForUnlogged()
    let seen = clock.now
    guard try hasNews() else { return progress.looked(at: seen) }
    if let begun = groupBegunAt {
      let left = ContinuousClock.now.duration(to: begun + .milliseconds(Self.paceMilliseconds))
      progress.stop.wait(milliseconds: Int(left.wholeMilliseconds))
    }
    groupBegunAt = .now
    let held = try state.captureLock.acquire(stop: progress.stop)
    // A switch that the applying side has not seen yet: there is nothing to capture, and the journal goes on without us.
    guard try isOpen() else { return }
    let known = capturer.position.group
    try capturer.resume(applied: progress.status.applied)
    if capturer.position.group > known {
      try keepBoundaries(after: known)
      progress.captured(capturer.position, seen: seen, lookedAt: capturer.lookedAt)
    }
    do {
      if let captured = try capturer.capture(from: database) {
        pruner.journaled(through: captured.position.sequence)
        progress.captured(captured.position, seen: seen, lookedAt: capturer.lookedAt)
      }
    } catch let error as SQLiteError where error.isBusy {
      // The application has the source to itself for a moment: the next look takes it up.
    }
    _ = consume held
  }

  /// A verify or a cutover captured groups meanwhile: their last changes must stay until they are applied, like those of our own.
  private mutating func keepBoundaries(after known: GroupNumber) throws {
    for group in try state.journal.groups(after: known) {
      if let last = group.parts.last { pruner.journaled(through: try state.journal.header(of: last).last) }
    }
  }

  /// Counts commits that no trigger saw, and says so once in a while.
  private mutating func lookForUnlogged() throws {
    do {
      guard try commits.look(at: database) else { return }
    } catch {
      if error.isBusy { return }
      throw error
    }
    let count = progress.foundUnlogged(at: clock.now)
    guard unloggedToldAt.map({ $0.duration(to: .now) > .seconds(Self.unloggedSeconds) }) ?? true else { return }
    unloggedToldAt = .now
    report(
      .warning(
        "the source changed without a logged change (\(count) such commits): a blob written in place, triggers switched "
          + "off, or a table that does not move; changeover verify tells whether anything is missing"))
  }

  private func isOpen() throws -> Bool {
    do {
      return try SourceInstallation.currentSwitch(in: database) == nil
    } catch {
      if error.isBusy { return false }
      throw error
    }
  }

  /// A look without the lock, so that an idle sync costs next to nothing.
  private mutating func hasNews() throws -> Bool {
    do {
      return try capturer.hasNews(in: database)
    } catch {
      if error.isBusy { return false }
      throw error
    }
  }

  private mutating func prune() throws {
    guard prunedAt.duration(to: .now) > .milliseconds(Self.pruneMilliseconds) else { return }
    let applied = progress.status.applied.sequence
    do {
      for _ in 0..<20 where !progress.stop.isRequested {
        guard try pruner.pruneSlice(applied: applied, in: database) else { break }
      }
    } catch {
      // Without a write-ahead log a writer's commit keeps even readers out: there is time to prune later.
      if !error.isBusy { throw error }
    }
    // Where the application had the lock the next round tries again: once in half a second it would hardly ever be free.
    if !pruner.wasLocked { prunedAt = .now }
  }
}
