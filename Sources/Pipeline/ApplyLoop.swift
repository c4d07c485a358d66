import Apply
import Capture
import Journal
import Model
import Postgres
import SQLite
import Schema

/// The applying half of a sync: the first copy, then group after group, through lost connections.
struct ApplyLoop: StreamLoop, ~Copyable {
  static let operation = "apply changes to"
  private static let idleMilliseconds = 1_000
  /// A look for the next part of a group at least so often, though the capturing thread tells of each.
  private static let partMilliseconds = 10

  let options: SyncOptions
  let state: StateDirectory
  let progress: SyncProgress
  let report: Report
  var session: SyncSession
  var backoff = Backoff()
  private var reportedAt = ContinuousClock.now
  private var goals: [ChangeNumber] = []
  private var unreported = (groups: 0, changes: Int64(0))

  init(
    options: SyncOptions, state: StateDirectory, progress: SyncProgress, session: SyncSession, report: @escaping Report
  ) {
    self.options = options
    self.state = state
    self.progress = progress
    self.session = session
    self.report = report
  }

  func knownRecord(_ connection: inout Connection) throws -> SourceRecord? {
    guard let record = try SourceRecord.read(session.record.source, session.catalogue, &connection) else { return nil }
    // Whose it is by now tells better why its position is another one.
    if record.owner == session.record.owner, record.epoch <= session.record.epoch {
      try TargetHistory.requireKnown(record.applied, captured: progress.status.captured, in: state.journal)
    }
    return record
  }

  func tellSetBack(_ record: SourceRecord) {
    let had = progress.status.applied
    guard record.applied.group < had.group else { return }
    report(
      .warning(
        "PostgreSQL came back at group \(record.applied.group), before group \(had.group), which it had: what it lacks is "
          + "applied again from the journal"))
  }

  /// The file is the capturing thread's to watch.
  func lookAroundBetween() {}

  mutating func work(_ connection: inout Connection) throws -> StreamEnd {
    if session.record.phase == .switching || session.record.phase == .switchingBack {
      try session.resolveSwitch(options.source, state, stop: progress.stop, report: report, &connection)
    }
    if [.switched, .finished].contains(session.record.phase) { return .phaseMoved }
    var drainThrough: ChangeNumber?
    if session.record.phase == .preparing {
      try copy(&connection)
      drainThrough = try newestChange().number
    }
    // After the copy: the applier begins by learning what is in the quarantine.
    var applier = try GroupApplier(
      journal: state.journal, record: session.record, catalogue: session.catalogue, connection: &connection,
      planning: options.overrides)
    var position = session.record.applied
    progress.applied(position, quarantined: applier.quarantined)
    if applier.quarantined > 0 {
      report(
        .warning(
          "\(applier.quarantined) rows are in the quarantine, changeover quarantine list tells why: cutover is refused while there are any"
        ))
    }
    if drainThrough == nil { announceStreaming(position) }
    while true {
      try progress.stop.check()
      try applyAll(&applier, &position, &connection)
      if let through = drainThrough, position.sequence >= through {
        try completeCopy(&connection)
        try applier.retry(at: position, as: Ownership(session.record), to: &connection)
        progress.applied(position, quarantined: applier.quarantined)
        drainThrough = nil
        announceStreaming(position)
      }
      if options.untilCaughtUp, drainThrough == nil, try isCaughtUp(position) { return .caughtUp }
      progress.captured.wait(milliseconds: options.untilCaughtUp ? 20 : Self.idleMilliseconds, stop: progress.stop)
      try progress.stop.check()
      if try state.journal.group(position.group.next) == nil,
        try !session.record.stillStands(session.catalogue, &connection)
      {
        throw Self.phaseMoved
      }
    }
  }

  /// Whether everything is applied that was there when this was asked for the first time, and then once more what was
  /// there at that moment: under an application that never rests there is no moment at which nothing is on its way.
  private mutating func isCaughtUp(_ position: Position) throws -> Bool {
    let (newest, isTakenUp) = try newestChange()
    if !isTakenUp { return false }
    if position.sequence >= newest { return true }
    if let goal = goals.last, position.sequence < goal { return false }
    goals.append(newest)
    return goals.count > 2
  }

  private func announceStreaming(_ position: Position) {
    progress.setState(.streaming)
    report(.streaming(position: position))
  }

  /// Applies every group that is there, the lock taken for each.
  private mutating func applyAll(
    _ applier: inout GroupApplier, _ position: inout Position, _ connection: inout Connection
  ) throws {
    while true {
      try progress.stop.check()
      guard var parts = try nextGroup(after: position) else {
        // A later group without this one would be a hole: finding none at all is the usual case.
        if progress.status.captured.group > position.group { _ = try state.journal.groups(after: position.group) }
        break
      }
      let held = try state.applyLock.acquire(stop: progress.stop)
      // A verify that came between has left the number of the group that it applied.
      if held.mark ?? 0 >= parts.number.rawValue, try followOthers(&applier, &position, &connection) { continue }
      // A switch and its way back may both have passed unseen, however short they were.
      if parts.headers.first?.direction == .reverse {
        if try followOthers(&applier, &position, &connection) { continue }
        guard try session.record.stillStands(session.catalogue, &connection) else { throw Self.phaseMoved }
      }
      if parts.isWhole { FaultPoint.reach("group-journaled") }
      let applied: GroupApplier.Applied
      do {
        applied = try applier.apply(&parts, after: position, as: Ownership(session.record), to: &connection)
      } catch is GroupParts.GivenUp {
        continue
      } catch let error as PostgresError where error.isSuperseded {
        guard try followOthers(&applier, &position, &connection) else { throw error }
        continue
      }
      FaultPoint.reach("group-applied")
      _ = consume held
      for note in applied.notes { report(.note(note)) }
      session.record.plan = applier.plan
      unreported.groups += 1
      unreported.changes += applied.position.sequence.rawValue - position.sequence.rawValue
      position = applied.position
      progress.applied(position, quarantined: applier.quarantined)
      if applied.quarantined > 0 {
        report(
          .warning(
            "\(applied.quarantined) rows of group \(parts.number) are in the quarantine: cutover is refused while there are any"
          ))
      }
      tell(position)
    }
    tell(position)
  }

  /// The next group: whole, or while the capturing thread still writes it, so that a backlog is staged as it is read.
  private func nextGroup(after position: Position) throws -> GroupParts? {
    let number = position.group.next
    let progress = progress
    // Asked before looking: what it wrote by then is seen.
    let isCapturing = progress.isCapturing
    if let group = try state.journal.group(number) { return try GroupParts(group, in: state.journal) }
    guard isCapturing else { return nil }
    return try GroupParts(beingWritten: number, in: state.journal) {
      try progress.stop.check()
      let mayFollow = progress.isCapturing
      if mayFollow { progress.captured.wait(milliseconds: Self.partMilliseconds, stop: progress.stop) }
      return mayFollow
    }
  }

  private static let phaseMoved = PostgresError.superseded("the phase is another one")

  /// Another process applied groups meanwhile: goes on where it left the target. False where nobody did.
  private mutating func followOthers(
    _ applier: inout GroupApplier, _ position: inout Position, _ connection: inout Connection
  ) throws -> Bool {
    guard let record = try SourceRecord.read(session.record.source, session.catalogue, &connection),
      record.epoch == session.record.epoch, record.phase == session.record.phase,
      record.applied.group > position.group
    else { return false }
    session.record = record
    position = record.applied
    // What is in the quarantine may be another number too.
    applier = try GroupApplier(
      journal: state.journal, record: record, catalogue: session.catalogue, connection: &connection,
      planning: options.overrides)
    progress.applied(position, quarantined: applier.quarantined)
    return true
  }

  private mutating func tell(_ position: Position) {
    guard unreported.groups > 0, reportedAt.duration(to: .now) > .seconds(5) else { return }
    let lag = progress.status.captured.sequence.rawValue - position.sequence.rawValue
    report(.applied(groups: unreported.groups, changes: unreported.changes, lag: max(lag, 0)))
    unreported = (0, 0)
    reportedAt = .now
  }

  private mutating func copy(_ connection: inout Connection) throws {
    guard session.record.plan.isDraft == true else { return try copyRows(nil, &connection) }
    let database = try SourceFile.openAgain(options.source, stop: progress.stop)
    let proof = try PlanProof(
      of: session, options.overrides, options.selection,
      TargetInstaller.citext(schema: session.record.plan.schema, &connection), database, progress.stop)
    FaultPoint.reach("proof-begun")
    var settled: TargetPlan
    var isCopied = false
    repeat {
      do {
        try copyRows(proof, &connection)
        isCopied = true
      } catch is Disproved {}
      settled = try proof.finish(database, progress.stop)
    } while !isCopied
    FaultPoint.reach("plan-proven")
    tellNews(of: settled)
    try session.record.settle(settled, session.catalogue, &connection)
    session.survey = nil
  }

  /// Notes that the draft did not have.
  private func tellNews(of plan: TargetPlan) {
    for (table, draft) in zip(plan.tables, session.record.plan.tables) {
      for note in table.notes where !draft.notes.contains(note) { report(.note("\(table.sourceName): \(note)")) }
    }
  }

  private func copyRows(_ proof: PlanProof?, _ connection: inout Connection) throws {
    let tables = try CopyProgress.read(session.record.source, session.catalogue, &connection)
    try FirstCopy(
      sourcePath: options.source, target: options.target, catalogue: session.catalogue,
      installation: session.installation, record: session.record, proof: proof, jobs: options.jobs, stop: progress.stop,
      report: report
    ).run(tables)
  }

  private mutating func completeCopy(_ connection: inout Connection) throws {
    try CopyCompletion(
      target: options.target, plan: session.record.plan, jobs: options.jobs, stop: progress.stop, report: report
    ).run(&connection)
    FaultPoint.reach("copy-complete")
    try TargetPhase(session.catalogue, session.record.source).move(
      Ownership(session.record), to: .syncing, &connection)
    FaultPoint.reach("syncing")
    session.record.phase = .syncing
  }

  /// The source's newest change, and whether its schema is the one taken up last.
  private func newestChange() throws -> (number: ChangeNumber, isTakenUp: Bool) {
    let database = try SourceFile.openAgain(options.source, stop: progress.stop)
    return try database.whenReadable(progress.stop) { database in
      try database.transaction(.deferred) { database in
        let number = ChangeNumber(try database.integer("SELECT max(seq) FROM \(SourceNames.change)"))
        do {
          var watch = try SchemaWatch(installation: session.installation, in: database)
          try watch.check(database)
          return (number, true)
        } catch is SchemaMoved {
          return (number, false)
        }
      }
    }
  }
}
