import Apply
import Capture
import Journal
import Model
import Postgres
import SQLite

/// How far the target is behind, from whatever can be reached: both stores, the journal, and what the sync wrote down.
package struct LagReport: Sendable {
  package enum State: String, Sendable { case copying, streaming, stopped, switched, reversed }

  package var state: State
  package var syncRunning: Bool
  /// The newest change of the source; nil where it cannot be read.
  package var sourceSequence: Int64?
  /// The last change on the target; from the sync's notes where the target is away.
  package var appliedSequence: Int64?
  package var changes: Int64?
  /// Age of the oldest change not applied; nil where it is not known.
  package var seconds: Double?
  package var secondsIsUpperBound = false
  package var quarantined: Int64?
  package var targetReachable: Bool
  /// Whether the first copy is complete, as far as known.
  package var isCopied = true

  /// Looks now.
  package static func look(
    source path: String, target: ConnectionTarget, state statePath: String, targetSchema: String?,
    clock: any WallClock = SystemClock(), stop: StopSignal = StopSignal()
  ) throws -> LagReport {
    let state = StateDirectory(existing: statePath)
    let database = try SourceFile.openForReading(path)
    do {
      guard let installation = try SourceInstallation.read(database) else {
        throw Failure(
          .configuration, "\(path) is not prepared: no changeover sync has run on it",
          remedy: "start one: changeover sync --source \(path)")
      }
      let newest = try database.integer("SELECT max(seq) FROM \(SourceNames.change)")
      return try look(installation, newest: newest, target, state, targetSchema, clock, stop)
    } catch let error as SQLiteError {
      throw error.failure(path: path)
    }
  }

  private static func look(
    _ installation: SourceInstallation, newest: Int64, _ target: ConnectionTarget, _ state: StateDirectory?,
    _ targetSchema: String?, _ clock: any WallClock, _ stop: StopSignal
  ) throws -> LagReport {
    let notes = state.flatMap { SyncStatus.read($0.statusPath) }
    let record = try record(of: installation.source, target, targetSchema, stop)
    let runsHere = try state.map { try $0.syncLock.tryAcquire() == nil } ?? false
    // The lock of this directory's own sync tells better than its last heartbeat, which it may have left behind.
    let runsElsewhere =
      record.map { found in
        found.record.owner != state?.id
          && (found.record.heartbeatAge.map { $0 < Heartbeat.freshness && $0 >= 0 } ?? false)
      } ?? false
    let runs = runsHere || runsElsewhere
    var report = LagReport(
      state: runs ? .streaming : .stopped, syncRunning: runs, sourceSequence: newest,
      targetReachable: record != nil)
    report.appliedSequence = (record?.record.applied ?? notes?.applied)?.sequence.rawValue
    report.quarantined = record?.quarantined ?? notes?.quarantined
    report.isCopied = record.map { $0.record.phase != .preparing } ?? (notes?.state == .streaming)
    if record?.record.phase == .switched || installation.switchID != nil {
      report.state = .switched
    } else if runs, !report.isCopied {
      report.state = .copying
    }
    guard let applied = report.appliedSequence else { return report }
    report.changes = max(newest - applied, 0)
    if report.changes == 0 {
      report.seconds = 0
    } else {
      report.age(
        group: (record?.record.applied ?? notes?.applied)?.group, applied: applied, notes, state, runsHere, clock.now)
    }
    return report
  }

  /// Age of the oldest change after `applied`: as seen by the running sync, else bounded by the look before the capture
  /// that took it, else by the last look there was.
  private mutating func age(
    group: GroupNumber?, applied: Int64, _ notes: SyncStatus?, _ state: StateDirectory?, _ runsHere: Bool,
    _ now: Instant
  ) {
    if runsHere, let notes, let since = notes.pendingSince, let through = notes.pendingThrough,
      applied < through.rawValue, notes.applied.sequence.rawValue <= applied
    {
      seconds = max(now.seconds(since: since), 0)
      return
    }
    secondsIsUpperBound = true
    if let group, let state, let next = try? state.journal.header(of: BatchName(group: group.next, part: 0)) {
      seconds = max(now.seconds(since: next.previousLookAt), 0)
    } else if let notes, notes.captured.sequence.rawValue <= applied {
      seconds = max(now.seconds(since: notes.lookedAt), 0)
    }
  }

  /// Nil while the target is away or knows nothing of this source.
  private static func record(
    of source: RandomID, _ target: ConnectionTarget, _ targetSchema: String?, _ stop: StopSignal
  ) throws -> (record: SourceRecord, quarantined: Int64)? {
    do {
      var connection = try Connection(target, applicationName: "changeover lag", stop: stop, timeoutSeconds: 3)
      connection.deadline = .now + .seconds(5)
      let schema = try targetSchema ?? TargetInstaller.currentSchema(&connection)
      guard let catalogue = try TargetCatalogue.find(&connection, schema: schema),
        let record = try SourceRecord.read(source, catalogue, &connection)
      else { return nil }
      return (record, try SourceRecord.quarantined(source, catalogue, &connection))
    } catch let error as PostgresError {
      switch error {
      case .connect, .connectionLost, .timedOut: return nil
      default: throw error.failure(operation: "ask", subject: target.safeDescription)
      }
    }
  }

  /// Whether lag is within the limits; what is not known is not within.
  package func isWithin(seconds limit: Double?, changes changeLimit: Int64?) -> Bool {
    if state == .switched { return true }
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
      ("target_reachable", .bool(targetReachable)),
    ])
  }
}
