import Apply
import Backup
import Capture
import Model
import Pipeline
import Postgres
import SQLite
import Schema

/// The switch to the target: named checkpoints, a dry run unless told to execute.
package struct Cutover {
  private let options: CutoverOptions
  private let stop: StopSignal
  private let clock: any WallClock
  private let report: @Sendable (Checkpoint) -> Void

  package init(
    _ options: CutoverOptions, stop: StopSignal = StopSignal(), clock: any WallClock = SystemClock(),
    report: @escaping @Sendable (Checkpoint) -> Void
  ) {
    self.options = options
    self.stop = stop
    self.clock = clock
    self.report = report
  }

  private var settings: SwitchSettings { options.settings }

  private var opening: SwitchOpening { SwitchOpening(settings: settings, direction: .forward, stop: stop) }

  package func run() throws -> SwitchReport {
    try Steps.run(.forward, settings, clock, report: report) { steps in
      try opening.run { session, state, database, connection in
        try run(session, state, database, &connection, &steps)
      }
    }
  }

  private func run(
    _ opened: SyncSession, _ state: StateDirectory, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws {
    var session = opened
    let wasInterrupted = session.record.phase == .switching
    try opening.recover(&session, state, database, &connection, &steps)
    let freeze = Freeze(options, state)
    if settings.execute, !freeze.recover(&steps) { return }
    if session.record.phase == .finished {
      throw Failure(
        .checkFailed, "the move is over (changeover finish): PostgreSQL is the authority for good",
        remedy: "there is nothing left to switch")
    }
    if session.record.phase == .switched {
      return afterwards(session, state, isFresh: wasInterrupted, &connection, &steps)
    }
    if let finding = Postponement.finding(options.postponeFlag) { steps.add(finding) }
    var leftOutKeys = try gate(session, state, database, &connection, &steps)
    guard steps.outcome.isGo, settings.execute else { return }
    if let flag = options.postponeFlag {
      try Postponement(flag: flag, settings: settings, stop: stop, clock: clock).wait(
        session, state, database, &connection, &steps)
      // Hours may have passed.
      try SwitchOpening.reread(&session, database, &connection)
      leftOutKeys = try gate(session, state, database, &connection, &steps)
      guard steps.outcome.isGo else { return }
    }
    if options.makesBackup { try backUp(&steps) }
    guard try freeze.begin(&steps) else { return }
    defer { freeze.end(&steps) }
    try execute(session, state, leftOutKeys, database, &connection, &steps)
  }

  private func backUp(_ steps: inout Steps) throws {
    let started = ContinuousClock.now
    let order = BackupOrder(
      source: settings.source, directory: Backup.defaultDirectory(state: settings.state),
      pauseLimit: settings.pauseLimit)
    let backup = try Backup.make(order, stop: stop, clock: clock)
    steps.note("backup", "made and checked: \(backup.path)", since: started)
  }

  private func execute(
    _ session: SyncSession, _ state: StateDirectory, _ leftOutKeys: Set<String>, _ database: borrowing Database,
    _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    let decided = try Switch(
      settings: settings, session: session, state: state, stop: stop, clock: clock, leftOutKeys: leftOutKeys
    ).run(database, &connection, &steps)
    guard let decided else { return }
    let aftercare = Aftercare(settings, state, .forward)
    guard aftercare.runCanary(&steps) else {
      // The hook did not run: the application still knows only SQLite.
      return takeBack(session, state, runningHook: false, &steps)
    }
    aftercare.runHook(after: "\(decided.switchID)", &steps)
    steps.update { $0.refusedMilliseconds = decided.at.duration(to: .now) / .milliseconds(1) }
    aftercare.validate(session.record.plan, &connection, &steps)
    if let seconds = options.watch {
      let objection = Watch(options: options, stop: stop, clock: clock).run(seconds: seconds, &steps)
      if objection != nil, options.rollsBackOnFailure { takeBack(session, state, runningHook: true, &steps) }
    }
  }

  /// Takes the switch back with everything that was written meanwhile.
  private func takeBack(
    _ session: SyncSession, _ state: StateDirectory, runningHook: Bool, _ steps: inout Steps
  ) {
    let started = ContinuousClock.now
    steps.prefix = "rollback: "
    defer { steps.prefix = "" }
    var settings = settings
    if !runningHook { settings.onSwitch = nil }
    settings.canary = nil
    do {
      let isBack = try Rollback(RollbackOptions(settings), stop: StopSignal(), clock: clock, report: report)
        .takeBack(&steps)
      steps.update {
        $0.switched = !isBack
        $0.wasTakenBack = isBack
      }
    } catch {
      steps.fail("failed", "\(error): PostgreSQL is the authority; run changeover rollback", since: started)
    }
  }

  /// The target is the authority already: does what an interrupted run left undone.
  /// - Parameter isFresh: it became so in this very run.
  private func afterwards(
    _ session: SyncSession, _ state: StateDirectory, isFresh: Bool, _ connection: inout Connection,
    _ steps: inout Steps
  ) {
    steps.update {
      $0.switched = true
      $0.wasSwitchedBefore = true
    }
    guard settings.execute, let switchID = session.record.switchID else { return }
    let aftercare = Aftercare(settings, state, .forward)
    // As long as the application was not told, a canary may still take the switch back; later that is for people.
    let isUntold = isFresh || settings.onSwitch != nil && !Hook.hasRun(after: "\(switchID)", state)
    guard !isUntold || aftercare.runCanary(&steps) else {
      return takeBack(session, state, runningHook: false, &steps)
    }
    aftercare.runHook(after: "\(switchID)", &steps)
    aftercare.validate(session.record.plan, &connection, isRepeated: true, &steps)
  }

  /// Looks at everything that can be looked at before anything waits. Returns the foreign keys that cannot be created.
  private func gate(
    _ session: SyncSession, _ state: StateDirectory, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws -> Set<String> {
    let started = ContinuousClock.now
    let gates = try Survey(options: options, session: session, state: state, clock: clock, stop: stop).look(
      database, &connection)
    let took = started.duration(to: .now) / .milliseconds(1)
    for finding in gates.findings {
      steps.add(Checkpoint(finding.name, ok: finding.ok, detail: finding.detail, milliseconds: took))
    }
    return Set(gates.obstacles.filter { $0.orphans == nil }.map(\.key))
  }
}
