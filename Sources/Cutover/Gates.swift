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
  package var held: [TargetPlan.Hold]

  package init(
    phase: Phase, lag: Lag, maxLag: Double, quarantined: Int64, discarded: Int64 = 0,
    obstacles: [ForeignKeys.Obstacle], newTables: [String], unguarded: [String], waived: Set<String>, hook: HookState,
    held: [TargetPlan.Hold] = []
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
    self.held = held
  }

  package var findings: [Finding] {
    // Before the copy is finished there is nothing to say about the rest.
    guard phase == .syncing else { return [streaming] + hookFinding }
    return [streaming] + heldFindings + [lagFinding, quarantine] + foreignKeys + tables + [wayBack] + hookFinding
  }

  /// The name under which a table that does not move is waived.
  package static func waiver(ofTable table: String) -> String { "table:\(table)" }

  private var streaming: Finding {
    switch phase {
    case .syncing: Finding("streaming", true, "all tables are copied and follow")
    case .preparing: Finding("streaming", false, "the first copy is not finished: let changeover sync go on")
    case .switching:
      Finding("streaming", false, "an earlier cutover was interrupted: run it again with --execute, or start sync")
    case .switched: Finding("streaming", false, "PostgreSQL is the authority already")
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
          : "'\(table)' was created after the copy and does not move: sync --reseed, or accept with --waive \(name)")
    }
  }

  private var wayBack: Finding {
    if unguarded.isEmpty { return Finding("way back", true, "every write to PostgreSQL will be recorded") }
    return Finding(
      "way back", false,
      "triggers of changeover are missing or disabled on \(unguarded.joined(separator: ", ")): sync --reseed makes them"
    )
  }

  private var hookFinding: [Finding] {
    switch hook {
    case .none: []
    case .runnable: [Finding("hook runnable", true, "can be run")]
    case .missing(let program): [Finding("hook runnable", false, "'\(program)' is not a program that can be run")]
    }
  }
}
