import Apply
import Model
import Schema

/// What is looked at before anything waits: pure decisions over what was found.
package struct Gates: Sendable {
  package struct Finding: Sendable, Equatable {
    package let name: String
    package let ok: Bool
    package let detail: String

    init(_ name: String, _ ok: Bool, _ detail: String) {
      self.name = name
      self.ok = ok
      self.detail = detail
    }
  }

  /// How far the target is behind, and whether somebody works on it.
  package struct Lag: Sendable, Equatable {
    package var seconds: Double?
    package var changes: Int64?
    package var isSyncRunning: Bool

    package init(seconds: Double?, changes: Int64?, isSyncRunning: Bool) {
      self.seconds = seconds
      self.changes = changes
      self.isSyncRunning = isSyncRunning
    }
  }

  package enum HookState: Sendable, Equatable { case none, runnable, missing(String) }

  /// What a test write to the target showed, which was rolled back.
  package enum Trial: Sendable, Equatable {
    /// So many tables recorded it, so many have no row to try it with.
    case recorded(tables: Int, empty: Int)
    /// Another session keeps a table to itself.
    case locked(table: String)
    case failed(table: String, reason: String)
    /// Not tried, because other findings come first.
    case notTried
  }

  /// What the application's role lacks.
  package enum RoleRights: Sendable, Equatable {
    /// Nobody named the role.
    case notNamed
    case unknownRole(String)
    case complete(String)
    /// Rights by the name of what they are missing on.
    case missing(role: String, on: [String])
  }

  /// Room on a disk that is written to.
  package struct Disk: Sendable, Equatable {
    package var path: String
    package var free: Int64
    package var needed: Int64

    package init(path: String, free: Int64, needed: Int64) {
      self.path = path
      self.free = free
      self.needed = needed
    }
  }

  package var phase: Phase
  package var lag: Lag
  /// In seconds.
  package var maxLag: Double
  /// Rows in the quarantine that nobody discarded, and those that somebody did.
  package var quarantined: Int64
  package var discarded: Int64
  package var obstacles: [ForeignKeys.Obstacle]
  /// Tables of the source that are not moved.
  package var newTables: [String]
  /// Tables of the target without the triggers that record the application's writes.
  package var unguarded: [String]
  package var waived: Set<String>
  package var hook: HookState
  /// Tables that do not follow at the moment.
  package var held: [TargetPlan.Hold] = []
  /// The other commands, by their option's name.
  package var hooks: [(name: String, state: HookState)] = []
  /// Tables with triggers of the application's own in SQLite that have none on the target.
  package var ownTriggers: [String] = []
  /// Views of the source that have no counterpart.
  package var viewsLeftOut: [String] = []
  /// Prepared transactions that hold locks on the target's tables, by their names.
  package var prepared: [String] = []
  package var trial = Trial.notTried
  package var role = RoleRights.notNamed
  package var disks: [Disk] = []
  /// Nil where there is nothing to compare yet.
  package var verified: LastVerify?
  package var isVerifyRequired = false

  package init(
    phase: Phase, lag: Lag, maxLag: Double, quarantined: Int64, discarded: Int64 = 0,
    obstacles: [ForeignKeys.Obstacle], newTables: [String], unguarded: [String], waived: Set<String>, hook: HookState,
    verified: LastVerify? = nil
  ) {
    self.phase = phase
    self.lag = lag
    self.maxLag = maxLag
    self.quarantined = quarantined
    self.discarded = discarded
    self.obstacles = obstacles
    self.newTables = newTables
    self.unguarded = unguarded
    self.waived = waived
    self.hook = hook
    self.verified = verified
  }

  package var findings: [Finding] {
    // Before the copy is finished there is nothing to say about the rest.
    guard phase == .syncing else { return [streaming] + hookFindings }
    // The rest was not looked at: it would have waited for them.
    guard prepared.isEmpty else { return [streaming] + Self.findings(ofPrepared: prepared) + hookFindings }
    return [streaming] + heldFindings + [lagFinding, quarantine] + foreignKeys + tables + triggers
      + [views, roleFinding, wayBack] + diskFindings + hookFindings + verifiedFinding
  }

  /// The name under which the application's triggers on a table are waived.
  package static func waiver(ofTriggersOn table: String) -> String { "triggers:\(table)" }

  /// The name under which a table that does not move is waived.
  package static func waiver(ofTable table: String) -> String { "table:\(table)" }

  private var streaming: Finding {
    switch phase {
    case .syncing: Finding("streaming", true, "all tables are copied and follow")
    case .preparing: Finding("streaming", false, "the first copy is not finished: let changeover sync go on")
    case .switching:
      Finding("streaming", false, "an earlier cutover was interrupted: run it again with --execute, or start sync")
    case .switched: Finding("streaming", false, "PostgreSQL is the authority already")
    case .switchingBack:
      Finding("streaming", false, "an earlier rollback was interrupted: run it again with --execute, or start sync")
    case .finished: Finding("streaming", false, "the move is over: PostgreSQL is the authority for good")
    }
  }

  private var heldFindings: [Finding] {
    held.map { held in
      Finding("table \(held.name)", false, "does not follow: \(held.hold.reason); \(held.hold.remedy(held.name))")
    }
  }

  private var lagFinding: Finding {
    guard lag.isSyncRunning else {
      guard let changes = lag.changes else { return Finding("lag", false, "not known: start changeover sync") }
      return Finding(
        "lag", true, "no sync is running: \(changes) changes are applied by cutover itself, before writers wait")
    }
    guard let seconds = lag.seconds else {
      return Finding("lag", false, "not known: let changeover sync catch up")
    }
    let text = "\((seconds * 10).rounded() / 10) s behind"
    if seconds <= maxLag { return Finding("lag", true, text) }
    return Finding("lag", false, "\(text), more than \(maxLag) s: wait, or raise --max-lag")
  }

  private var quarantine: Finding {
    if quarantined == 0 {
      return Finding("quarantine", true, discarded == 0 ? "empty" : "\(discarded) rows are discarded and do not move")
    }
    return Finding(
      "quarantine", false,
      "\(quarantined) rows do not fit the target (see changeover quarantine list): mend them in SQLite, or discard them"
    )
  }

  private var foreignKeys: [Finding] {
    if obstacles.isEmpty { return [Finding("foreign keys", true, "no orphans")] }
    return obstacles.map { obstacle in
      let name = "foreign key \(obstacle.key)"
      let isWaived = waived.contains(obstacle.key)
      guard let rows = obstacle.orphans else {
        let text = "the columns that '\(obstacle.table)' refers to are not unique on the target"
        return Finding(
          name, isWaived,
          isWaived
            ? "\(text): waived, the key is left out" : "\(text): mend them, or accept with --waive \(obstacle.key)")
      }
      let text = "\(rows) rows of '\(obstacle.table)' lead nowhere"
      return Finding(
        name, isWaived,
        isWaived
          ? "\(text): waived, the key stays NOT VALID" : "\(text): mend them, or accept with --waive \(obstacle.key)")
    }
  }

  private var tables: [Finding] {
    if newTables.isEmpty { return [Finding("tables", true, "none besides those that move")] }
    return newTables.map { table in
      let name = Self.waiver(ofTable: table)
      let isWaived = waived.contains(name)
      return Finding(
        name, isWaived,
        isWaived
          ? "'\(table)' stays behind: waived"
          : "'\(table)' does not move: let changeover sync take it up, or accept with --waive \(name)")
    }
  }

  private var triggers: [Finding] {
    if ownTriggers.isEmpty { return [Finding("triggers", true, "the application has none that stay behind")] }
    return ownTriggers.map { table in
      let name = Self.waiver(ofTriggersOn: table)
      let isWaived = waived.contains(name)
      return Finding(
        name, isWaived,
        isWaived
          ? "the triggers on '\(table)' stay in SQLite: waived"
          : "the application's triggers on '\(table)' stay in SQLite: write them for PostgreSQL, then accept with "
            + "--waive \(name)")
    }
  }

  private var views: Finding {
    if viewsLeftOut.isEmpty { return Finding("views", true, "all are there") }
    return Finding("views", true, "without a counterpart on PostgreSQL: \(viewsLeftOut.joined(separator: ", "))")
  }

  private var roleFinding: Finding {
    let name = "application's role"
    switch role {
    case .notNamed: return Finding(name, true, "not looked at: name it with --app-role")
    case .unknownRole(let role): return Finding(name, false, "PostgreSQL knows no role '\(role)'")
    case .complete(let role): return Finding(name, true, "'\(role)' may read and write every table")
    case .missing(let role, let subjects):
      return Finding(
        name, false,
        "'\(role)' lacks rights on \(subjects.joined(separator: ", ")): GRANT them (docs/permissions.md has the statements)"
      )
    }
  }

  private var wayBack: Finding {
    guard unguarded.isEmpty else {
      return Finding(
        "way back", false,
        "triggers of changeover are missing or disabled on \(unguarded.joined(separator: ", ")): sync --reseed makes them"
      )
    }
    switch trial {
    case .notTried: return Finding("way back", true, "every write to PostgreSQL will be recorded")
    case .recorded(let tables, let empty):
      let rest = empty == 0 ? "" : ", \(empty) are empty and were not tried"
      return Finding(
        "way back", true, "a test write to each of \(tables) tables was recorded, and rolled back\(rest)")
    case .locked(let table):
      return Finding("way back", true, "no test write was made: another session keeps a lock on '\(table)'")
    case .failed(let table, let reason):
      return Finding("way back", false, "a test write to '\(table)' was not recorded: \(reason)")
    }
  }

  private var verifiedFinding: [Finding] {
    verified.map { [$0.finding(isWaived: waived.contains(LastVerify.waiver), isRequired: isVerifyRequired)] } ?? []
  }

  private var diskFindings: [Finding] { Self.findings(of: disks) }

  /// Nobody waits for these: they last until a person ends them, through a restart of the server too.
  static func findings(ofPrepared transactions: [String]) -> [Finding] {
    guard !transactions.isEmpty else { return [] }
    return [
      Finding(
        "prepared transactions", false,
        "\(transactions.joined(separator: ", ")) hold locks on the tables until somebody ends them: COMMIT PREPARED or "
          + "ROLLBACK PREPARED")
    ]
  }

  static func findings(of disks: [Disk]) -> [Finding] {
    if disks.isEmpty { return [] }
    let short = disks.filter { $0.free < $0.needed }
    if short.isEmpty { return [Finding("disk", true, "there is room")] }
    let text = short.map { "\($0.free >> 20) MiB are free where \($0.path) is, \($0.needed >> 20) are needed" }
    return [Finding("disk", false, text.joined(separator: "; "))]
  }

  private var hookFindings: [Finding] { Self.findings(of: [("hook", hook)] + hooks) }

  static func findings(of hooks: [(name: String, state: HookState)]) -> [Finding] {
    hooks.compactMap { hook in
      let name = "\(hook.name) runnable"
      switch hook.state {
      case .none: return nil
      case .runnable: return Finding(name, true, "can be run")
      case .missing(let program): return Finding(name, false, "'\(program)' is not a program that can be run")
      }
    }
  }
}
