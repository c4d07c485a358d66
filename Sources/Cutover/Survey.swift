import Apply
import Capture
import Model
import Pipeline
import Postgres
import SQLite
import Schema

/// Collects what the gates of a cutover decide over.
struct Survey {
  let options: CutoverOptions
  let session: SyncSession
  let state: StateDirectory
  let clock: any WallClock
  let stop: StopSignal

  func look(_ database: borrowing Database, _ connection: inout Connection) throws -> Gates {
    let settings = options.settings
    let plan = session.record.plan
    let phase = TargetPhase(session.catalogue, session.record.source)
    let prepared = try OpenTransactions.look(phase.lockedForSwitch(plan), &connection).prepared
    // What reads the tables might wait for a prepared transaction for ever.
    let isSyncing = session.record.phase == .syncing && prepared.isEmpty
    let lag = try LagReport.look(
      source: settings.source, target: settings.target, state: settings.state, targetSchema: settings.targetSchema,
      clock: clock)
    let quarantine = try SourceRecord.quarantine(session.record.source, session.catalogue, &connection)
    var gates = Gates(
      phase: session.record.phase,
      lag: .init(seconds: lag.seconds, changes: lag.changes, isSyncRunning: lag.syncRunning), maxLag: settings.maxLag,
      quarantined: quarantine.blocking, discarded: quarantine.discarded,
      obstacles: isSyncing ? try ForeignKeys(plan).obstacles(&connection) : [],
      newTables: try NewTables.find(session, database),
      unguarded: isSyncing ? try TargetPhase.unguarded(plan, &connection) : [], waived: settings.waived,
      hook: Hook.state(of: settings.onSwitch))
    gates.hooks = [
      ("canary", Hook.state(of: settings.canary)), ("freeze", Hook.state(of: options.freeze)),
      ("thaw", Hook.state(of: options.thaw)),
    ]
    gates.held = plan.holds
    gates.prepared = prepared
    guard isSyncing else { return gates }
    gates.ownTriggers = try ownTriggers(database)
    gates.viewsLeftOut = plan.viewsLeftOut.map(\.name)
    gates.role = try role(&connection)
    gates.disks = Disks.look(source: settings.source, state: settings.state)
    if gates.unguarded.isEmpty { gates.trial = try trial(&connection) }
    gates.isVerifyRequired = options.requiresVerified
    // The costly one last, and only where it can still matter.
    gates.verified = try LastVerify.look(
      options, session, mayRun: settings.execute && gates.findings.allSatisfy(\.ok), stop, &connection)
    return gates
  }

  /// Tables of the user's own on the target may have triggers that do the same there.
  private func ownTriggers(_ database: borrowing Database) throws -> [String] {
    let withTriggers = try SourceCatalogue.read(database).tablesWithOwnTriggers
    return session.record.plan.tables.filter {
      withTriggers.contains($0.sourceName) && ($0.kept?.triggers ?? []).isEmpty
    }.map(\.sourceName).sorted()
  }

  private func role(_ connection: inout Connection) throws -> Gates.RoleRights {
    guard let role = options.applicationRole else { return .notNamed }
    switch try ApplicationRights.look(role, session.record.plan, &connection) {
    case .unknownRole: return .unknownRole(role)
    case .missing(let subjects): return subjects.isEmpty ? .complete(role) : .missing(role: role, on: subjects)
    }
  }

  private func trial(_ connection: inout Connection) throws -> Gates.Trial {
    switch try CaptureTrial(session.record, session.catalogue).run(&connection) {
    case .recorded(let tables, let empty): .recorded(tables: tables, empty: empty)
    case .locked(let table): .locked(table: table)
    case .failed(let table, let reason): .failed(table: table, reason: reason)
    }
  }
}
