import Apply
import Capture
import Journal
import Model
import Postgres
import ReverseApply
import ReverseCapture
import SQLite

/// How far the store that follows is behind the authority, from whatever can be reached: both stores, the journal, and
/// what the sync wrote down.
package struct LagReport: Sendable {
  package enum State: String, Sendable { case copying, streaming, stopped, switched, reversed, finished }

  package var state: State
  package var syncRunning: Bool
  /// The newest change of the authority: the source, or after the switch the target; nil where it cannot be read.
  package var sourceSequence: Int64?
  /// The last change on the store that follows; from the sync's notes where that is the target and it is away.
  package var appliedSequence: Int64?
  package var changes: Int64?
  /// Age of the oldest change not applied; nil where it is not known.
  package var seconds: Double?
  package var secondsIsUpperBound = false
  package var quarantined: Int64?
  /// Tables that do not follow at the moment: nothing says how far behind they are.
  package var held: [String] = []
  package var targetReachable: Bool
  /// Why the target could not be asked; nil where it was.
  package var targetTrouble: String?
  /// Whether the first copy is complete: before that no number of changes says how far behind the target is.
  package var isCopied: Bool
  /// What the last verifies found; empty where the target cannot be asked.
  package var verified = VerifyRecord.Latest()
  /// Commits that the running sync, or the last one, saw change the source without a logged change.
  package var unlogged: Int64 = 0
  package var unloggedAt: Instant?
  /// After the switch: what has changed in the target's schema, and speaks against the way back.
  package var deviations: [Deviation] = []

  /// Looks now.
  package static func look(
    source path: String, target: ConnectionTarget, state statePath: String, targetSchema: String?,
    clock: any WallClock = SystemClock(), stop: StopSignal = StopSignal()
  ) throws -> LagReport {
    let state = StateDirectory(existing: statePath)
    let database = try SourceFile.openForReading(path)
    do {
      var seen: Known?
      while true {
        guard let installation = try SourceInstallation.read(database) else {
          throw Failure(
            .configuration, "\(path) is not prepared: no changeover sync has run on it",
            remedy: "start one: changeover sync --source \(path)")
        }
        let known = try Known.look(installation.source, target, state, targetSchema, stop)
        // Read while a switch goes on, the two would be of different moments.
        guard try SourceInstallation.read(database)?.mark == installation.mark else { continue }
        if let record = known.record { try SwitchRecovery.check(record, installation, path: path) }
        if installation.switchID != nil || known.record?.phase == .finished || installation.mark.phase == .finished {
          return try LagReport(fenced: installation, known, state, database, clock.now)
        }
        let newest = try database.integer("SELECT max(seq) FROM \(SourceNames.change)")
        guard let applied = known.applied, try !SourceInstallation.holds(applied, in: database) else {
          return try LagReport(installation, newest: newest, known, state, clock.now)
        }
        // The sync's notes may be older than what it has pruned since: then only a number too low tells a wrong file.
        if known.record == nil, newest >= applied.sequence.rawValue {
          return try LagReport(installation, newest: newest, known, state, clock.now)
        }
        // Applied and pruned between the two looks, or not the file that was captured: then it stays so.
        if seen?.applied == applied {
          // Or a server that lacks the last transactions: what it lacks is in the journal.
          guard let state, try TargetHistory.isBehind(applied, state.journal, database) else {
            throw SourceInstallation.historyFailure(applied, path: path)
          }
          return try LagReport(installation, newest: newest, known, state, clock.now)
        }
        seen = known
      }
    } catch let error as SQLiteError {
      throw error.failure(path: path)
    }
  }

  /// What is known besides the source.
  struct Known {
    /// From the target; nil while it is away or knows nothing of this source.
    var record: SourceRecord?
    var quarantined: Int64?
    var verified = VerifyRecord.Latest()
    /// From the state directory.
    var notes: SyncStatus?
    /// Why the target could not be asked.
    var trouble: String?
    /// After the switch: changes in the target's logs.
    var pending: Int64?
    var deviations: [Deviation] = []

    var applied: Position? { record?.applied ?? notes?.applied }

    static func look(
      _ source: RandomID, _ target: ConnectionTarget, _ state: StateDirectory?, _ targetSchema: String?,
      _ stop: StopSignal
    ) throws -> Known {
      // The notes first: the target is never behind them.
      let notes = state.flatMap { SyncStatus.read($0.statusPath) }
      var known = Known(notes: notes)
      do {
        var connection = try Connection(target, applicationName: "changeover lag", stop: stop, timeoutSeconds: 3)
        connection.deadline = .now + .seconds(5)
        let schema = try targetSchema ?? TargetInstaller.currentSchema(&connection)
        guard let catalogue = try TargetCatalogue.find(&connection, schema: schema) else { return known }
        known.record = try SourceRecord.read(source, catalogue, &connection)
        // At the end of the move the record stands alone.
        if known.record?.phase == .finished { return known }
        if let record = known.record, record.switchID != nil {
          known.pending = try ReverseCapturer.pendingChanges(of: source, record.plan, catalogue, &connection)
          known.deviations =
            try ReverseMemory.read(source, record.switchID, catalogue, &connection)?.deviations ?? []
          // The position last: a group taken between the two looks counts twice rather than not at all.
          known.record = try SourceRecord.read(source, catalogue, &connection)
        }
        known.quarantined = try SourceRecord.quarantined(source, catalogue, &connection)
        known.verified = try VerifyRecord.latest(of: source, catalogue, &connection)
        return known
      } catch let error as PostgresError {
        switch error {
        case .connect, .connectionLost, .timedOut:
          known.trouble = error.description
          return known
        default: throw error.failure(operation: "ask", subject: target.safeDescription)
        }
      }
    }
  }

  private init(
    _ installation: SourceInstallation, newest: Int64, _ known: Known, _ state: StateDirectory?, _ now: Instant
  ) throws {
    let runsHere = try Self.runsHere(state)
    syncRunning = runsHere || Self.runsElsewhere(known, state)
    self.state = syncRunning ? .streaming : .stopped
    sourceSequence = newest
    targetReachable = known.trouble == nil
    targetTrouble = known.trouble
    appliedSequence = known.applied?.sequence.rawValue
    held = Set((known.record?.plan.holds.map(\.name) ?? []) + installation.held.map(\.table.name)).sorted()
    quarantined = known.quarantined ?? known.notes?.quarantined
    verified = known.verified
    unlogged = known.notes?.unlogged ?? 0
    unloggedAt = known.notes?.unloggedAt
    isCopied = known.record.map { $0.phase != .preparing } ?? (known.notes.map { $0.state != .copying } ?? false)
    if syncRunning, !isCopied { self.state = .copying }
    guard let applied = known.applied else { return }
    // Before the first copy is complete no number says how far behind the target is.
    guard isCopied else { return }
    changes = max(newest - applied.sequence.rawValue, 0)
    if changes == 0 {
      seconds = 0
    } else {
      age(group: applied.group, applied: applied.sequence.rawValue, known.notes, state, runsHere, now)
    }
  }

  static func runsHere(_ state: StateDirectory?) throws -> Bool {
    try state.map { try $0.syncLock.tryAcquire() == nil } ?? false
  }

  /// The lock of this directory's own sync tells better than its last heartbeat, which it may have left behind.
  static func runsElsewhere(_ known: Known, _ state: StateDirectory?) -> Bool {
    guard let record = known.record, record.owner != state?.id else { return false }
    return record.heartbeatAge.map { $0 < Heartbeat.freshness && $0 >= 0 } ?? false
  }

  /// Age of the oldest change after `applied`: as seen by the running sync, else bounded by the look before the capture
  /// that took it, else by the last look there was.
  private mutating func age(
    group: GroupNumber, applied: Int64, _ notes: SyncStatus?, _ state: StateDirectory?, _ runsHere: Bool,
    _ now: Instant
  ) {
    if runsHere, let notes, let since = notes.pendingSince, let through = notes.pendingThrough,
      applied < through.rawValue, notes.applied.sequence.rawValue <= applied
    {
      seconds = max(now.seconds(since: since), 0)
      return
    }
    secondsIsUpperBound = true
    if let state, let next = try? state.journal.header(of: BatchName(group: group.next, part: 0)) {
      seconds = max(now.seconds(since: next.previousLookAt), 0)
    } else if let notes, notes.captured.sequence.rawValue <= applied {
      seconds = max(now.seconds(since: notes.lookedAt), 0)
    }
  }

  /// Whether lag is within the limits; what is not known is not within.
  package func isWithin(seconds limit: Double?, changes changeLimit: Int64?) -> Bool {
    if state == .finished { return true }
    if !held.isEmpty, limit != nil || changeLimit != nil { return false }
    if !isCopied, limit != nil || changeLimit != nil { return false }
    if let limit, !(seconds.map { $0 <= limit } ?? false) { return false }
    if let changeLimit, !(changes.map { $0 <= changeLimit } ?? false) { return false }
    return true
  }

  package var json: JSON {
    func number(_ value: Int64?) -> JSON { value.map { .integer($0) } ?? .null }
    return .object([
      ("state", .string(state.rawValue)), ("sync_running", .bool(syncRunning)),
      ("source_sequence", number(sourceSequence)), ("applied_sequence", number(appliedSequence)),
      ("changes", number(changes)), ("seconds", seconds.map { .number(($0 * 1_000).rounded() / 1_000) } ?? .null),
      ("seconds_is_upper_bound", .bool(secondsIsUpperBound)), ("quarantined", number(quarantined)),
      ("held", .array(held.map { .string($0) })),
      ("target_reachable", .bool(targetReachable)), ("unlogged_commits", .integer(unlogged)),
      ("last_verify", verified.any?.json ?? .null),
      (
        "deviations",
        .array(
          deviations.map { .object([("name", .string($0.waiver)), ("reason", .string("\($0.subject) \($0.reason)"))]) })
      ),
    ])
  }
}
