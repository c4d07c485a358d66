import Apply
import Capture
import Model
import Pipeline
import Postgres
import ReverseApply
import ReverseCapture
import SQLite
import Schema

/// The switch back to the source: named checkpoints, a dry run unless told to execute.
package struct Rollback {
  private let options: RollbackOptions
  private let stop: StopSignal
  private let clock: any WallClock
  private let report: @Sendable (Checkpoint) -> Void

  package init(
    _ options: RollbackOptions, stop: StopSignal = StopSignal(), clock: any WallClock = SystemClock(),
    report: @escaping @Sendable (Checkpoint) -> Void
  ) {
    self.options = options
    self.stop = stop
    self.clock = clock
    self.report = report
  }

  private var settings: SwitchSettings { options.settings }
  private var opening: SwitchOpening { SwitchOpening(settings: settings, direction: .back, stop: stop) }

  package func run() throws -> SwitchReport {
    try Steps.run(.back, settings, clock, report: report) { steps in
      if options.abandonsTarget { return try Abandonment(settings: settings, stop: stop, clock: clock).run(&steps) }
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
    try opening.recover(&session, state, database, &connection, &steps)
    if session.record.phase == .syncing, let wayBack = session.record.wayBack {
      steps.update {
        $0.switched = true
        $0.wasSwitchedBefore = true
      }
      if settings.execute {
        Aftercare(settings, state, .back).runHook(after: "\(wayBack)", &steps)
      }
      return
    }
    try gate(session, state, database, &connection, &steps)
    guard steps.outcome.isGo, settings.execute else { return }
    try execute(session, state, &connection, &steps)
  }

  /// From the locks to the hooks.
  private func execute(
    _ session: SyncSession, _ state: StateDirectory, _ connection: inout Connection, _ steps: inout Steps
  ) throws {
    let decided = try SwitchBack(
      settings: settings, terminates: options.terminates, session: session, state: state, stop: stop, clock: clock
    ).run(&connection, &steps)
    guard let decided else { return }
    let aftercare = Aftercare(settings, state, .back)
    // A canary that fails leaves the source the authority: to switch again is a decision for people.
    _ = aftercare.runCanary(&steps)
    aftercare.runHook(after: "\(decided.switchID)", &steps)
    steps.update { $0.refusedMilliseconds = decided.at.duration(to: .now) / .milliseconds(1) }
  }

  /// Takes back a switch that a cutover made a moment ago; whether the source is the authority then. Gates are not asked:
  /// what makes the way back impossible is found on it.
  func takeBack(_ steps: inout Steps) throws -> Bool {
    let wasSwitched = steps.outcome.switched
    steps.update { $0.switched = false }
    defer { if !steps.outcome.switched { steps.update { $0.switched = wasSwitched } } }
    var isBack = false
    try opening.run { session, state, _, connection in
      try execute(session, state, &connection, &steps)
      isBack = steps.outcome.switched
    }
    return isBack
  }

  /// What has changed in the target's schema since the switch, as of now: a drain without writing.
  private func drift(_ session: SyncSession, _ connection: inout Connection) throws -> [RollbackGates.Drift] {
    try ReverseCapturer.deviations(session.record, session.catalogue, &connection).map {
      .init(name: $0.waiver, detail: "\($0.subject) on PostgreSQL \($0.reason)")
    }
  }

  private func gate(
    _ session: SyncSession, _ state: StateDirectory, _ database: borrowing Database, _ connection: inout Connection,
    _ steps: inout Steps
  ) throws {
    let started = ContinuousClock.now
    let lag = try LagReport.look(
      source: settings.source, target: settings.target, state: settings.state, targetSchema: settings.targetSchema,
      clock: clock)
    var gates = RollbackGates(
      phase: session.record.phase,
      lag: .init(seconds: lag.seconds, changes: lag.changes, isSyncRunning: lag.syncRunning), maxLag: settings.maxLag)
    gates.waived = settings.waived
    gates.hook = Hook.state(of: settings.onSwitch)
    gates.canary = Hook.state(of: settings.canary)
    if session.record.phase == .switched {
      let plan = session.record.plan
      let quarantine = try ReverseQuarantine.count(in: database)
      gates.quarantined = quarantine.blocking
      gates.discarded = quarantine.discarded
      gates.fenceIsWhole = try session.installation.fenceIsWhole(in: database)
      gates.drift = try drift(session, &connection)
      gates.obstacles = ReverseApplier.obstacles(plan, session.installation, in: database)
      gates.transactions = try OpenTransactions.look(
        TargetPhase(session.catalogue, session.record.source).standing(plan, &connection), &connection)
      gates.disks = Disks.look(source: settings.source, state: settings.state)
      gates.verified = try LastVerify.sinceSwitch(session.record, session.catalogue, &connection)
    }
    let took = started.duration(to: .now) / .milliseconds(1)
    for finding in gates.findings {
      steps.add(Checkpoint(finding.name, ok: finding.ok, detail: finding.detail, milliseconds: took))
    }
  }
}
