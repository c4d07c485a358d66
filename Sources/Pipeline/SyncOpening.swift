import Apply
import Capture
import Model
import Postgres
import SQLite
import Schema

/// What a sync works on once both stores are prepared.
package struct SyncSession: Sendable {
  package var installation: SourceInstallation
  package var record: SourceRecord
  package var catalogue: TargetCatalogue
  /// What the plan was made of, while it is a draft; nil where another sync made it.
  var survey: Survey?

  package init(installation: SourceInstallation, record: SourceRecord, catalogue: TargetCatalogue) {
    self.installation = installation
    self.record = record
    self.catalogue = catalogue
  }
}

/// Prepares both stores: checks everything that can be checked before anything is written, then installs what is missing.
struct SyncOpening {
  let options: SyncOptions
  let state: StateDirectory
  let stop: StopSignal
  let report: Report

  /// - Parameter survey: what all rows hold, where they were just read.
  func open(
    _ database: borrowing Database, _ connection: inout Connection, survey: Survey? = nil
  ) throws -> SyncSession {
    let session = try prepare(database, &connection, survey)
    state.endStartingOver()
    return session
  }

  private func prepare(
    _ database: borrowing Database, _ connection: inout Connection, _ survey: Survey?
  ) throws -> SyncSession {
    let schema = try options.targetSchema ?? TargetInstaller.currentSchema(&connection)
    if try options.reseed || isStartingOver(database) { try reseed(schema, database, &connection) }
    let installation = try SourceInstallation.read(database)
    let catalogue = try TargetCatalogue.choose(&connection, schema: schema)
    if let installation {
      try checkOwner(installation)
      if let session = try resume(installation, catalogue, database, &connection) {
        try state.remember(installation.source)
        return session
      }
    } else if state.knownSource != nil {
      throw Failure(
        .badData,
        "\(database.path) bears no trace of changeover, and its state directory belongs to a file that does: "
          + "an older copy was probably put in its place, or changeover was uninstalled",
        remedy: "nothing was changed: put the right file back, or start over from this one with sync --reseed")
    }
    let session = try begin(installation, schema, catalogue, survey, database, &connection)
    FaultPoint.reach("target-ready")
    try state.remember(session.installation.source)
    FaultPoint.reach("remembered")
    return session
  }

  /// Whether this source is to be forgotten because its copy begins anew; an end of the process may have come between.
  private func isStartingOver(_ database: borrowing Database) throws -> Bool {
    guard let forgotten = state.startingOver else { return false }
    return try forgotten == SourceInstallation.read(database)?.source ?? state.knownSource
  }

  /// Goes on where an earlier sync ended; nil where the target knows nothing of this source yet.
  private func resume(
    _ installation: SourceInstallation, _ catalogue: TargetCatalogue, _ database: borrowing Database,
    _ connection: inout Connection
  ) throws -> SyncSession? {
    guard try TargetCatalogue.find(&connection, schema: catalogue.schema) != nil,
      // Before anything is written: a file restored after the switch is refused, the target untouched.
      var record = try SwitchRecovery.agreedRecord(installation.source, catalogue, database, &connection)
    else {
      guard try state.journal.files().isEmpty else {
        throw Failure(
          .badData, "the target knows nothing of this source, which was copied before",
          remedy: "name the target that it was copied to, or start over with sync --reseed")
      }
      return nil
    }
    if record.phase == .finished {
      return SyncSession(installation: installation, record: record, catalogue: catalogue)
    }
    if record.owner != state.id {
      if let age = record.heartbeatAge, age < Heartbeat.freshness {
        throw Failure(
          .tryAgain, "another changeover owns this source: its last heartbeat was \(Int(age)) s ago",
          remedy: "stop it first, on whatever machine it runs")
      }
      guard options.takeOver else { throw Self.ownedByAnother }
    }
    if record.phase == .finished {
      return SyncSession(installation: installation, record: record, catalogue: catalogue)
    }
    for table in installation.tables where options.selection.leavesOut(table.name) {
      report(
        .warning(
          "'\(table.name)' moves all the same: which tables move was settled at the start; sync --reseed settles it anew"
        ))
    }
    try catalogue.complete(&connection)
    try record.takeOver(by: state.id, catalogue, &connection)
    FaultPoint.reach("taken-over")
    if installation.owner != state.id { try SourceInstallation.setOwner(state.id, in: database) }
    return SyncSession(installation: installation, record: record, catalogue: catalogue)
  }

  private static let ownedByAnother = Failure(
    .tryAgain, "this source belongs to another state directory",
    remedy: "use that one with --state; if it is gone for good, take the source over with --take-over")

  private func checkOwner(_ installation: SourceInstallation) throws {
    guard installation.owner != state.id, !options.takeOver else { return }
    // Whether it still runs only the target can tell; without a word from there this is refused below.
    if installation.switchID == nil { return }
    throw Self.ownedByAnother
  }

  /// Plans, checks, and installs in both stores.
  private func begin(
    _ installed: SourceInstallation?, _ schema: String, _ catalogue: TargetCatalogue, _ known: Survey?,
    _ database: borrowing Database, _ connection: inout Connection
  ) throws -> SyncSession {
    if let installed, installed.owner != state.id, !options.takeOver { throw Self.ownedByAnother }
    if installed?.switchID != nil {
      throw Failure(
        .configuration, "\(database.path) is fenced since its switch, and this target knows nothing of it",
        remedy: "name the target that it moved to; nothing was changed")
    }
    try TargetInstaller.checkRights(schema: schema, &connection)
    let found = try SourceCatalogue.read(database, selection: options.selection)
    for table in found.leftOut { report(.leftOut(table: table.name, reason: table.reason)) }
    for table in found.tablesWithOwnTriggers.sorted() {
      report(.warning("table '\(table)' has triggers of the application's own: they stay in SQLite"))
    }
    let surveyor = SourceSurvey(overrides: options.overrides, stop: stop, report: report)
    let tables = try surveyor.settled(installed?.tables, found)
    for table in tables {
      for index in table.unprobedIndexes {
        report(
          .warning(
            "a REPLACE that displaces a row of '\(table.name)' through the UNIQUE index '\(index)' is not seen: its "
              + "expression could fail inside a trigger"))
      }
    }
    let adoption = try Adoption(of: tables, schema: schema, options.overrides, &connection)
    let citext = try TargetInstaller.citext(schema: schema, &connection)
    var survey = Survey(tables: [], views: found.views, citext: citext)
    if let known, known.inputs.map(\.table) == tables {
      survey.tables = known.tables
    } else {
      survey.tables = try surveyor.scan(
        tables, adoption.overrides, isInstalled: installed != nil,
        mayDraft: adoption.isEmpty && state.startingOver == nil && isWAL(database), database)
    }
    let inputs = survey.inputs
    let first = try adoption.adopt(survey.plan(schema: schema, overrides: adoption.overrides), inputs)
    try TargetInstaller.checkCitext(first, citext)
    try TargetInstaller.checkIsFree(first, &connection)
    tellNotes(of: first)
    let installation =
      try installed ?? SourceInstallation.install(inputs.map(\.table), owner: state.id, in: database)
    // Another one was faster by a moment.
    guard installed != nil || installation.owner == state.id else { throw Self.ownedByAnother }
    FaultPoint.reach("source-installed")
    report(.installed(tables: installation.tables.count))
    survey = survey.numbered(installation.tables)
    var plan = try adoption.adopt(survey.plan(schema: schema, overrides: adoption.overrides), inputs)
    plan.leftOut = found.leftOut.map(\.name)
    let record: SourceRecord
    do {
      record = try TargetInstaller.create(
        plan, source: installation.source, label: options.source, owner: state.id, base: installation.base, catalogue,
        &connection)
    } catch let error as PostgresError {
      // The target said no: nothing stays half-done. Where it said nothing the next sync goes on from here.
      if case .server = error, installed == nil { try SourceInstallation.uninstall(database) }
      throw error
    }
    FaultPoint.reach("target-created")
    let expected = survey.tables.map { ($0.input.table.id, $0.rows) }
    try CopyProgress.setExpected(
      Dictionary(uniqueKeysWithValues: expected), of: installation.source, catalogue, &connection)
    let standing = plan.tables.filter(\.isUserMade).count
    if standing > 0 {
      report(.note("\(standing) of the tables stood in schema '\(schema)' and are filled, closed until cutover"))
    }
    if standing < plan.tables.count {
      report(.targetCreated(tables: plan.tables.count - standing, schema: schema))
    }
    var session = SyncSession(installation: installation, record: record, catalogue: catalogue)
    if survey.isSample { session.survey = survey }
    return session
  }

  private func tellNotes(of plan: TargetPlan) {
    for table in plan.tables {
      for note in table.notes { report(.note("\(table.sourceName): \(note)")) }
    }
    for view in plan.viewsLeftOut { report(.leftOut(table: view.name, reason: "view: \(view.reason)")) }
  }

  /// Without a write-ahead log nobody commits while the rows of a table are counted.
  private func isWAL(_ database: borrowing Database) throws -> Bool {
    try database.string("PRAGMA journal_mode") == "wal"
  }

  /// Forgets everything: the target's tables of this source, the triggers, the journal.
  private func reseed(_ schema: String, _ database: borrowing Database, _ connection: inout Connection) throws {
    let installation = try SourceInstallation.read(database)
    if let source = installation?.source ?? state.knownSource,
      let catalogue = try TargetCatalogue.find(&connection, schema: schema),
      let record = try SourceRecord.read(source, catalogue, &connection)
    {
      try Self.refuseAuthority([.switched, .finished].contains(record.phase) || installation?.switchID != nil)
      if [.switching, .switchingBack].contains(record.phase) {
        throw Failure(
          .tryAgain, "a switch has begun and is not resolved", remedy: "run changeover sync once, then --reseed")
      }
      if record.owner != state.id, let age = record.heartbeatAge, age < Heartbeat.freshness {
        throw Failure(
          .tryAgain, "another changeover owns this source: its last heartbeat was \(Int(age)) s ago",
          remedy: "stop it first, on whatever machine it runs")
      }
      try TargetInstaller.remove(record, catalogue, &connection)
      FaultPoint.reach("target-forgotten")
    }
    try SourceInstallation.uninstall(database)
    FaultPoint.reach("source-forgotten")
    try clearJournal()
    FaultPoint.reach("journal-forgotten")
    report(.note("started over: the target's tables of this source, the triggers and the journal were removed"))
  }

  private static func refuseAuthority(_ isSwitched: Bool) throws {
    guard isSwitched else { return }
    throw Failure(
      .configuration, "the target is the authority since the switch: copying over it would lose what was written there",
      remedy: "nothing to do; drop the target's tables by hand if that is really meant")
  }

  private func clearJournal() throws {
    try state.journal.remove(try state.journal.files().map(\.name))
    try state.forget()
  }
}
