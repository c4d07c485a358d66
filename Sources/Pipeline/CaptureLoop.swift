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
  private static let paceMilliseconds = 5

  private let state: StateDirectory
  private let progress: SyncProgress
  private let options: SyncOptions
  /// Whether the first copy was going on at the start.
  private let isPreparing: Bool
  private let description: SchemaDescription
  private var retention: JournalRetention
  private let clock: any WallClock
  private let database: Database
  private let report: Report
  private var watcher: SourceWatcher
  private var commits = CommitWatch()
  private var capturer: Capturer
  private var pruner: ChangePruner
  private var prunedAt = ContinuousClock.now
  private var groupBegunAt: ContinuousClock.Instant?
  private var toldAt: ContinuousClock.Instant?
  private var unloggedToldAt: ContinuousClock.Instant?
  private var nextLook = Self.glanceMilliseconds

  init(
    options: SyncOptions, installation: SourceInstallation, position: Position, isPreparing: Bool,
    state: StateDirectory, progress: SyncProgress, clock: any WallClock, report: @escaping Report
  ) throws {
    let database = try SourceFile.openAgain(options.source, stop: progress.stop)
    database.setBusyPatience(milliseconds: 20)
    let description = SchemaDescription(overrides: options.overrides, stop: progress.stop)
    let capturer = try database.whenReadable(progress.stop) {
      try Capturer(
        installation: installation, position: position, journal: state.journal, clock: clock, stop: progress.stop,
        in: $0, describe: description.text, partWritten: progress.captured.raise)
    }
    let unapplied = try state.journal.groups(after: progress.status.applied.group)
    pruner = ChangePruner(
      boundaries: try unapplied.compactMap { try $0.parts.last.map { try state.journal.header(of: $0).last } })
    self.state = state
    self.progress = progress
    self.options = options
    self.isPreparing = isPreparing
    self.description = description
    self.retention = JournalRetention(options.retention, state.journal, clock)
    self.clock = clock
    self.database = database
    self.capturer = capturer
    self.report = report
    watcher = SourceWatcher(path: options.source)
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
    toldAt = .now
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
    progress.isCapturing = true
    defer { progress.isCapturing = false }
    do {
      if let captured = try captureWithSteps() {
        pruner.journaled(through: captured.position.sequence)
        progress.captured(captured.position, seen: seen, lookedAt: capturer.lookedAt)
      }
    } catch let error as SQLiteError where error.isBusy {
      // The application has the source to itself for a moment: the next look takes it up.
    }
    _ = consume held
  }

  /// A group, once whatever the application did to its schema is taken up.
  private mutating func captureWithSteps() throws -> Capturer.Captured? {
    while true {
      do {
        return try capturer.capture(from: database)
      } catch is SchemaMoved {
        try takeUpSchema()
      }
    }
  }

  private mutating func takeUpSchema() throws {
    let overrides = options.overrides
    let takeUp = SchemaTakeUp(
      selection: options.selection, policy: options.schemaPolicy,
      isCopying: isPreparing && progress.status.state == .copying,
      excludedColumns: { overrides.excludedColumns(of: $0) }, keyHolds: description.keyHolds)
    let outcome = try takeUp.run(in: database)
    FaultPoint.reach("schema-taken-up")
    for step in outcome.steps { report(.schemaStep(step)) }
    for view in outcome.newViews {
      report(
        .warning(
          "view '\(view)' was created since the first copy, and is not created in PostgreSQL: changeover schema shows how it "
            + "would read there"))
    }
    capturer = try Capturer(
      installation: outcome.installation, position: capturer.position, journal: state.journal, clock: clock,
      stop: progress.stop, in: database, describe: description.text, partWritten: progress.captured.raise)
    try capturer.resume(applied: progress.status.applied)
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
    // Once the file is fenced, what comes there comes from the target.
    guard try isOpen() else { return }
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
        FaultPoint.reach("slice-pruned")
      }
    } catch {
      // Without a write-ahead log a writer's commit keeps even readers out: there is time to prune later.
      if !error.isBusy { throw error }
    }
    // Where the application had the lock the next round tries again: once in half a second it would hardly ever be free.
    if !pruner.wasLocked { prunedAt = .now }
  }
}
