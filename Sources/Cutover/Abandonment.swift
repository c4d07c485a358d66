import Apply
import Capture
import Journal
import Model
import Pipeline
import Postgres
import ReverseApply
import SQLite

/// Opens the source without its target, which is gone for good, and says how far behind it it is.
struct Abandonment {
  let settings: SwitchSettings
  let stop: StopSignal
  let clock: any WallClock

  func run(_ steps: inout Steps) throws {
    do {
      try open(&steps)
    } catch let error as SQLiteError {
      throw error.failure(path: settings.source)
    } catch let error as JournalError {
      throw error.failure
    }
  }

  private func open(_ steps: inout Steps) throws {
    let database = try SourceFile.openForWriting(settings.source, takesLock: false, stop: stop)
    let (installation, state) = try SwitchOpening.installed(database, settings)
    guard let switchID = installation.switchID else {
      if let abandoned = installation.mark.abandoned { return afterwards(abandoned, state, &steps) }
      return steps.fail("source", "\(settings.source) is open: there is nothing to go back from")
    }
    guard isGone(installation, &steps), try isAlone(state, &steps) else { return }
    try ReverseApplier.prepare(database)
    let capture = try state.captureLock.acquire(stop: stop, seconds: settings.lockTimeout)
    let apply = try state.applyLock.acquire(stop: stop, seconds: settings.lockTimeout)
    _ = try state.journal.recover(source: installation.source)
    let groups = try journaled(after: installation, state)
    steps.note("journal", "\(groups.count) groups of PostgreSQL's writes are not in SQLite yet, and will be")
    let known = try knownThrough(installation, groups, state)
    steps.note("how far behind", Self.sentence(known, now: clock.now))
    guard settings.execute else { return }
    try execute(switchID, installation, groups, state, database, &steps)
    _ = consume apply
    _ = consume capture
  }

  /// It was opened before: does what an interrupted run left undone.
  private func afterwards(_ switchID: RandomID, _ state: StateDirectory, _ steps: inout Steps) {
    steps.update {
      $0.switched = true
      $0.wasSwitchedBefore = true
    }
    if settings.execute { runHook(switchID, state, &steps) }
  }

  private func runHook(_ switchID: RandomID, _ state: StateDirectory, _ steps: inout Steps) {
    Aftercare(settings, state, .back).runHook(after: "abandoned \(switchID)", &steps)
  }

  /// False where PostgreSQL answers and knows this source: then the other rollback is the right one.
  private func isGone(_ installation: SourceInstallation, _ steps: inout Steps) -> Bool {
    let started = ContinuousClock.now
    do {
      var connection = try Connection(
        settings.target, applicationName: "changeover rollback", stop: stop, timeoutSeconds: 5)
      connection.deadline = .now + .seconds(10)
      let schema = try settings.targetSchema ?? TargetInstaller.currentSchema(&connection)
      if let catalogue = try TargetCatalogue.find(&connection, schema: schema),
        try SourceRecord.read(installation.source, catalogue, &connection) != nil
      {
        steps.fail(
          "target", "PostgreSQL answers and knows this source: go back with changeover rollback, nothing is lost then",
          since: started)
        return false
      }
      steps.note("target", "it answers, and knows nothing of this source", since: started)
    } catch {
      steps.note(
        "target",
        "cannot be reached (\(error)): make sure that no application reaches it either, from now on both would be written",
        since: started)
    }
    return true
  }

  private func isAlone(_ state: StateDirectory, _ steps: inout Steps) throws -> Bool {
    if try state.syncLock.tryAcquire() != nil { return true }
    steps.fail("sync", "changeover sync runs: stop it first, it has nothing to follow any more")
    return false
  }

  /// Groups that came from the target and that the source does not have.
  private func journaled(after installation: SourceInstallation, _ state: StateDirectory) throws -> [JournalGroup] {
    // Before the first group since the switch, those that came from the source itself are passed by.
    let first = installation.reversePosition?.group ?? GroupNumber(0)
    return try state.journal.groups(after: first).filter { group in
      try group.parts.first.map { try state.journal.header(of: $0).direction == .reverse } ?? false
    }
  }

  private struct Known {
    /// Everything that PostgreSQL had committed by then comes back; nil where nothing tells.
    var through: Instant?
    /// Nothing was seen to be written there after that.
    var lookedAt: Instant?
  }

  private func knownThrough(
    _ installation: SourceInstallation, _ groups: [JournalGroup], _ state: StateDirectory
  ) throws -> Known {
    let last = try groups.last ?? state.journal.groups(after: GroupNumber(0)).last
    let header = try last?.parts.last.map { try state.journal.header(of: $0) }
    var known = Known(through: header?.capturedAt)
    if let notes = SyncStatus.read(state.statusPath), notes.captured.group == last?.number {
      known.lookedAt = notes.lookedAt
    }
    return known
  }

  private static func sentence(_ known: Known, now: Instant) -> String {
    guard let through = [known.through, known.lookedAt].compactMap({ $0 }).max() else {
      return "not known: the journal holds nothing; what was written to PostgreSQL since the switch is lost to SQLite"
    }
    let age = Int(now.seconds(since: through).rounded())
    return "SQLite will have everything that PostgreSQL had committed by \(through.text), \(age) s ago; what was "
      + "written there after that is lost to it"
  }

  private func execute(
    _ switchID: RandomID, _ installation: SourceInstallation, _ groups: [JournalGroup], _ state: StateDirectory,
    _ database: borrowing Database, _ steps: inout Steps
  ) throws {
    let started = ContinuousClock.now
    FaultPoint.reach("abandon-begin")
    guard try Switch.begin(database, until: started + .seconds(settings.lockTimeout), stop) else {
      return steps.fail(
        "source lock", "another process keeps \(settings.source) locked: nothing was changed", since: started)
    }
    do {
      try finish(switchID, installation, groups, state, database, &steps)
      FaultPoint.reach("abandon-applied")
      try database.execute("COMMIT")
    } catch {
      database.rollback()
      throw error
    }
    steps.update { $0.switched = true }
    steps.note(
      "decision",
      "SQLite is open, and nothing follows it: changeover sync --reseed into an empty database moves again, "
        + "changeover uninstall takes the rest out", since: started)
    FaultPoint.reach("abandoned")
    runHook(switchID, state, &steps)
  }

  private func finish(
    _ switchID: RandomID, _ installation: SourceInstallation, _ groups: [JournalGroup], _ state: StateDirectory,
    _ database: borrowing Database, _ steps: inout Steps
  ) throws {
    if let first = groups.first?.parts.first {
      let header = try state.journal.header(of: first)
      guard let plan = PlanCopy.read(state) else {
        throw Failure(
          .badData, "\(state.path) has no copy of the plan that the journal's groups can be read with",
          remedy: "nothing was changed; was the state directory restored from a copy?")
      }
      var position = try installation.reversePosition ?? Self.position(before: header, database)
      var applier = try ReverseApplier(
        journal: state.journal, plan: plan, installation: installation, stop: stop, in: database)
      for group in groups { position = try applier.apply(group, after: position, to: database).position }
      if applier.quarantined > 0 {
        steps.fail("quarantine", "\(applier.quarantined) rows do not fit SQLite: changeover quarantine list has them")
      }
    }
    do {
      let report = try FullText.rebuild(in: database)
      if !report.rebuilt.isEmpty {
        steps.note("full-text indexes", "rebuilt: \(report.rebuilt.joined(separator: ", "))")
      }
    } catch let failure as Failure {
      // The data is what counts on such a day.
      steps.fail("full-text indexes", failure.description)
    }
    try installation.abandon(switchID, in: database)
  }

  /// Where the switch was made, which only the target knew: at the newest change that the source logged.
  private static func position(before first: BatchHeader, _ database: borrowing Database) throws -> Position {
    guard
      case .integer(let nonce)? = try database.scalar(
        "SELECT nonce FROM \(SourceNames.change) WHERE seq = ?1", [.integer(first.after.rawValue)])
    else { throw SourceInstallation.historyFailure(first.position, path: database.path) }
    return Position(group: GroupNumber(first.group.rawValue - 1), sequence: first.after, nonce: nonce)
  }
}
