import Apply
import Backup
import Capture
import Journal
import Model
import Pipeline
import Postgres
import ReverseApply
import SQLite
import Schema

/// The end of a move: changeover leaves the authority, and the old store stays closed. A dry run unless told to execute.
///
/// The first step, the target's phase `finished`, is the decision: it closes the way back. Every later one removes what
/// is there and may be repeated, so that running it again completes what was interrupted.
package struct Finish {
  private let options: FinishOptions
  private let stop: StopSignal
  private let clock: any WallClock
  private let tell: @Sendable (Checkpoint) -> Void

  package init(
    _ options: FinishOptions, stop: StopSignal = StopSignal(), clock: any WallClock = SystemClock(),
    report: @escaping @Sendable (Checkpoint) -> Void
  ) {
    self.options = options
    self.stop = stop
    self.clock = clock
    tell = report
  }

  package func run() throws -> FinishOutcome {
    do {
      return try runUnexplained()
    } catch let error as SQLiteError {
      throw error.failure(path: options.source)
    } catch let error as PostgresError {
      if error.isStopped { throw Stopped() }
      throw error.failure(operation: "finish on", subject: options.target.safeDescription)
    }
  }

  private func runUnexplained() throws -> FinishOutcome {
    guard let state = StateDirectory(existing: options.state) else {
      throw Failure(
        .configuration, "\(options.state) is not a state directory of changeover",
        remedy: "name the one that changeover sync used with --state")
    }
    let old = OldStore(path: options.source)
    let look = try old.look()
    guard let source = look.installation?.source ?? state.knownSource else { throw notOurs }
    var connection = try connect()
    let schema = try options.targetSchema ?? TargetInstaller.currentSchema(&connection)
    guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
      let record = try SourceRecord.read(source, catalogue, &connection)
    else {
      throw Failure(
        .configuration, "the target knows nothing of this source", remedy: "check --target and --target-schema")
    }
    if let mark = look.installation?.mark,
      case .refuse(let contradiction) = SwitchDecision(target: .init(record), source: mark)
    {
      throw contradiction.failure(path: options.source)
    }
    guard record.owner == state.id else { throw notOurs }
    guard let sync = try state.syncLock.tryAcquire(), let capture = try state.captureLock.tryAcquire(),
      let apply = try state.applyLock.tryAcquire()
    else { return try run(record, catalogue, state, old, look, isSyncRunning: true, &connection) }
    let outcome = try run(record, catalogue, state, old, look, isSyncRunning: false, &connection)
    _ = consume apply
    _ = consume capture
    _ = consume sync
    return outcome
  }

  private var notOurs: Failure {
    Failure(
      .configuration, "\(options.state) is not the state directory that \(options.source) belongs to",
      remedy: "name the one that changeover sync uses with --state")
  }

  private func connect() throws -> Connection {
    do {
      return try Connection(options.target, applicationName: "changeover finish", stop: stop, timeoutSeconds: 10)
    } catch {
      throw error.failure(operation: "connect to", subject: options.target.safeDescription)
    }
  }

  private func run(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ state: StateDirectory, _ old: OldStore,
    _ look: OldStore.Look, isSyncRunning: Bool, _ connection: inout Connection
  ) throws -> FinishOutcome {
    let started = ContinuousClock.now
    var outcome = FinishOutcome()
    let remains = try Dismantling(record, catalogue).remains(&connection)
    let quarantine =
      record.phase == .finished ? (0, 0) : try SourceRecord.quarantine(record.source, catalogue, &connection)
    let undelivered = remains.reduce(0) { $0 + $1.undelivered }
    let gates = FinishGates(
      phase: record.phase, source: look.state, isSyncRunning: isSyncRunning, quarantinedOnTarget: quarantine.0,
      quarantinedOnSource: look.quarantined, discarded: quarantine.1 + look.discarded, undelivered: undelivered)
    for finding in gates.findings { add(finding.name, finding.detail, ok: finding.ok, since: started, to: &outcome) }
    guard outcome.isGo else { return outcome }
    guard options.execute else {
      for table in remains where !table.isEmpty {
        let detail = "\(table.table.targetName): \(parts(of: table).joined(separator: ", "))"
        add("to remove", detail, ok: true, since: started, to: &outcome)
      }
      outcome.finished = record.phase == .finished && remains.allSatisfy(\.isEmpty)
      return outcome
    }

    return try execute(record, catalogue, state, old, look, remains, gates, outcome, &connection)
  }

  private func execute(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ state: StateDirectory, _ old: OldStore,
    _ look: OldStore.Look, _ remains: [Dismantling.Remains], _ gates: FinishGates, _ begun: FinishOutcome,
    _ connection: inout Connection
  ) throws -> FinishOutcome {
    var outcome = begun
    let dismantling = Dismantling(record, catalogue)
    var started = ContinuousClock.now
    func note(_ name: String, _ detail: String) {
      add(name, detail, ok: true, since: started, to: &outcome)
      started = .now
    }
    var report = try begin(record, catalogue, state, remains, gates, &connection)
    FaultPoint.reach("finish-begin")
    try dismantling.decide(&connection)
    FaultPoint.reach("finish-decided")
    note("decision", "there is no way back any more")
    let deadline = started + .seconds(min(options.lockTimeout, 1e9))
    for table in remains where !table.isEmpty {
      try remove(table, dismantling, until: deadline, &report, &connection)
      FaultPoint.reach("finish-table")
    }
    note("target", "\(report.tables.reduce(0) { $0 + $1.removed.count }) objects removed")
    let validation = try ForeignKeys(record.plan).validate(except: [], &connection)
    FaultPoint.reach("finish-validated")
    report.foreignKeysValid = validation.valid
    report.foreignKeysOpen =
      validation.orphaned.map { "\($0) (rows lead nowhere)" } + validation.unchecked.map { "\($0.key) (\($0.reason))" }
    report.triggersDisabled = try dismantling.disabledTriggers(&connection)
    let open = report.foreignKeysOpen.joined(separator: ", ")
    note("foreign keys", "\(validation.valid) valid" + (open.isEmpty ? "" : "; left NOT VALID: \(open)"))
    for (index, table) in remains.enumerated() {
      guard let relation = table.relation else { continue }
      try Dismantling.analyze(relation, &connection)
      report.tables[index].rows = try Dismantling.rows(of: relation, &connection)
    }
    note("statistics", "\(report.tables.count { $0.rows != nil }) tables analyzed and counted")
    report.sourceState = try old.finish(look, removesFence: options.removesFence)
    FaultPoint.reach("finish-source")
    note("source", report.sourceState)
    try dismantling.clearCatalogue(&connection)
    FaultPoint.reach("finish-cleared")
    note("catalogue", "one record of the move stays on the target")
    report.journal = "\(state.journal.path), \(try state.journal.files().count) batches"
    let backups = Backup.defaultDirectory(state: state.path)
    report.backups = "\(backups), \(try Backup.list(in: backups).count) of them"
    report.isComplete = true
    try report.write(state)
    outcome.report = report
    outcome.finished = true
    return outcome
  }

  /// The report as far as it can be told now: after the decision some of it is gone. An earlier run's is gone on with.
  private func begin(
    _ record: SourceRecord, _ catalogue: TargetCatalogue, _ state: StateDirectory, _ remains: [Dismantling.Remains],
    _ gates: FinishGates, _ connection: inout Connection
  ) throws -> FinishReport {
    let earlier = record.phase == .finished ? FinishReport.read(state, of: record.switchID) : nil
    if let earlier, earlier.tables.count == remains.count { return earlier }
    let tables = remains.map { table in
      let hidden = options.keepsHiddenColumns ? table.hiddenColumn : nil
      return FinishReport.Table(
        name: table.table.sourceName, target: table.relation ?? table.table.targetName, rows: nil,
        removed: parts(of: table), kept: hidden.map { ["column \($0): as asked for"] } ?? [])
    }
    let isOver = record.phase == .finished
    let report = FinishReport(
      finishedAt: clock.now.text, sourcePath: options.source,
      target: "\(options.target.database) \(options.target.place)", record, tables: tables,
      rowsGivenUp: gates.discarded, undelivered: gates.undelivered,
      lastVerify: isOver ? nil : try VerifyRecord.latest(of: record.source, catalogue, &connection).any)
    try report.write(state)
    return report
  }

  private func remove(
    _ remains: Dismantling.Remains, _ dismantling: Dismantling, until deadline: ContinuousClock.Instant,
    _ report: inout FinishReport, _ connection: inout Connection
  ) throws {
    let kept = try dismantling.remove(
      remains, keepsHiddenColumn: options.keepsHiddenColumns, until: deadline, stop: stop, &connection)
    guard let kept, let index = report.tables.firstIndex(where: { $0.name == remains.table.sourceName }) else { return }
    report.tables[index].removed.removeAll { $0 == "column \(kept.hiddenColumn)" }
    report.tables[index].kept = ["column \(kept.hiddenColumn): \(kept.reason)"]
  }

  private func add(
    _ name: String, _ detail: String, ok: Bool, since started: ContinuousClock.Instant, to outcome: inout FinishOutcome
  ) {
    let milliseconds = started.duration(to: .now) / .milliseconds(1)
    let checkpoint = Checkpoint(name, ok: ok, detail: detail, milliseconds: milliseconds)
    outcome.checkpoints.append(checkpoint)
    tell(checkpoint)
  }

  private func parts(of remains: Dismantling.Remains) -> [String] {
    var remains = remains
    if options.keepsHiddenColumns { remains.hiddenColumn = nil }
    return remains.parts
  }
}
