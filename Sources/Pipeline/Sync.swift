import Apply
import Capture
import Journal
import Model
import Postgres
import SQLite

/// The background process: installs, copies, streams, and resumes, in one place.
package struct Sync {
  private let options: SyncOptions
  private let stop: StopSignal
  private let clock: any WallClock
  private let report: Report

  package init(
    _ options: SyncOptions, stop: StopSignal, clock: any WallClock = SystemClock(), report: @escaping Report
  ) {
    self.options = options
    self.stop = stop
    self.clock = clock
    self.report = report
  }

  /// Runs until caught up (if asked for), until the switch, or until asked to stop.
  package func run() throws {
    do {
      try runUnexplained()
    } catch let error as SQLiteError {
      if error.isInterrupted, stop.isRequested { return }
      throw error.failure(path: options.source)
    } catch let error as PostgresError {
      if error.isStopped { return }
      throw error.failure(operation: "work on", subject: options.target.safeDescription)
    } catch let error as JournalError {
      throw error.failure
    } catch is Stopped {
      return
    }
  }

  private func runUnexplained() throws {
    let database = try SourceFile.openForWriting(options.source, stop: stop)
    // Who is running already is found before the target is asked; nothing is created before it answered.
    if let known = StateDirectory(existing: options.state), try known.syncLock.tryAcquire() == nil { throw isRunning }
    var connection = try connect()
    let state = try StateDirectory(creating: options.state)
    guard let lock = try state.syncLock.tryAcquire() else { throw isRunning }
    let opening = SyncOpening(options: options, state: state, stop: stop, report: report)
    var session = try opening.open(database, &connection)
    var open: Connection? = consume connection
    while !stop.isRequested {
      if session.record.phase == .finished {
        report(.finished)
        break
      }
      // A way back that was interrupted is resolved by the loop that follows PostgreSQL.
      let direction: Direction = [.switched, .switchingBack].contains(session.record.phase) ? .reverse : .forward
      let end: StreamEnd
      do {
        end =
          direction == .reverse
          ? try streamBack(&session, state, open.take()) : try streamForward(&session, state, database, open.take())
      } catch let new as StartOver {
        try state.noteStartingOver(session.installation.source)
        FaultPoint.reach("starting-over")
        report(.note("\(new.reason): the first copy begins anew"))
        var connection = try connect()
        session = try opening.open(database, &connection, survey: new.survey)
        open = consume connection
        continue
      }
      if case .caughtUp = end {
        report(.caughtUp(direction))
        break
      }
      switch session.record.phase {
      case .switched: report(.switched)
      case .syncing: report(.switchedBack)
      default: break
      }
    }
    _ = consume lock
  }

  private var isRunning: Failure {
    Failure(
      .tryAgain, "another changeover sync of \(options.source) is running",
      remedy: "it does the work already; stop it first if this one is to take its place")
  }

  private func connect() throws -> Connection {
    do {
      return try Connection(options.target, applicationName: "changeover sync", stop: stop, timeoutSeconds: 10)
    } catch {
      if error.isStopped { throw Stopped() }
      throw error.failure(operation: "connect to", subject: options.target.safeDescription)
    }
  }

  private func streamForward(
    _ session: inout SyncSession, _ state: StateDirectory, _ database: borrowing Database,
    _ connection: consuming Connection?
  ) throws -> StreamEnd {
    let position = try startingPosition(session, state, database)
    // Before anything is said of the target having everything.
    if session.installation.switchID == nil {
      try database.whenReadable(stop) { database in
        try SourceInstallation.requireHistory(through: position, in: database)
      }
    }
    let relay = StopRelay(from: stop)
    let progress = SyncProgress(
      captured: position, applied: session.record.applied, earlier: SyncStatus.read(state.statusPath),
      stop: relay.stop, clock: clock)
    let capture = Worker { [options, clock, report, session] in
      do {
        var loop = try CaptureLoop(
          options: options, installation: session.installation, position: position,
          isPreparing: session.record.phase == .preparing, state: state, progress: progress, clock: clock,
          report: report)
        try loop.run()
      } catch is Stopped {
        // Asked to, perhaps because the applying side failed: that failure is the one to report.
      } catch {
        progress.fail(error)
      }
    }
    let verify = startVerify(session, progress)
    var loop = ApplyLoop(options: options, state: state, progress: progress, session: session, report: report)
    let heartbeat = startHeartbeat(session, progress)
    let outcome: Result<StreamEnd, any Error>
    do {
      outcome = .success(try loop.run(first: connection))
    } catch {
      outcome = .failure(error)
    }
    progress.stop.request()
    try heartbeat.join()
    try capture.join()
    try verify?.join()
    try progress.status.write(to: state.statusPath)
    if let failure = progress.failure { throw failure }
    session = loop.session
    if let installation = try SourceInstallation.read(database) { session.installation = installation }
    return try outcome.get()
  }

  private func streamBack(
    _ session: inout SyncSession, _ state: StateDirectory, _ connection: consuming Connection?
  ) throws -> StreamEnd {
    let relay = StopRelay(from: stop)
    let progress = SyncProgress(
      captured: session.record.reversePosition, applied: session.record.reversePosition,
      earlier: SyncStatus.read(state.statusPath), stop: relay.stop, clock: clock)
    progress.setState(.reversed)
    var loop = ReverseLoop(
      options: options, state: state, progress: progress, session: session, clock: clock, report: report)
    let heartbeat = startHeartbeat(session, progress)
    let verify = startVerify(session, progress)
    let outcome: Result<StreamEnd, any Error>
    do {
      outcome = .success(try loop.run(first: connection))
    } catch {
      outcome = .failure(error)
    }
    progress.stop.request()
    try heartbeat.join()
    try verify?.join()
    try progress.status.write(to: state.statusPath)
    if let failure = progress.failure { throw failure }
    session = loop.session
    return try outcome.get()
  }

  /// The background verify, where it was asked for.
  private func startVerify(_ session: SyncSession, _ progress: SyncProgress) -> Worker<Void>? {
    options.verifyEvery.map { every in
      Worker { [options, clock, report] in
        VerifyLoop(
          options: options.verify, every: every, session: session, progress: progress, clock: clock, report: report
        ).run()
      }
    }
  }

  private func startHeartbeat(_ session: SyncSession, _ progress: SyncProgress) -> Worker<Void> {
    Worker { [options] in
      HeartbeatLoop(target: options.target, catalogue: session.catalogue, record: session.record, progress: progress)
        .run()
    }
  }

  /// Where capture goes on: where the journal ends, or, where there is none, where the target stands.
  private func startingPosition(
    _ session: SyncSession, _ state: StateDirectory, _ database: borrowing Database
  ) throws -> Position {
    let held = try state.captureLock.acquire(stop: stop)
    let applied = session.record.applied
    if session.installation.switchID == nil {
      let mending = JournalMending(journal: state.journal, source: session.installation.source, report: report)
      try database.whenReadable(stop) { try mending.mend(after: applied, $0) }
    }
    let journaled = try state.journal.recover(source: session.installation.source).position
    _ = consume held
    // A journal that lost its newest batches, or all, begins anew where the target stands; whether the source still
    // has what follows is checked there.
    guard let journaled, journaled.group >= applied.group else { return applied }
    try TargetHistory.requireSame(applied, in: state.journal)
    return journaled
  }
}
