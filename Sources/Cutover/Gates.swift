import Model
import Schema

/// What is looked at before anything waits: pure decisions over what was found.
package struct Gates: Sendable {
  package struct Finding: Sendable, Equatable {
    package let name: String
    package let ok: Bool
    package let detail: String
  }

  package var phase: Phase
  package var lagSeconds: Double?
  package var maxLag: Double
  package var quarantined: Int64
  /// Rows that lead nowhere, by the name of the foreign key.
  package var orphans: [(key: String, table: String, rows: Int64)]
  /// Tables of the source that are not moved.
  package var newTables: [String]
  package var waived: Set<String>
  package var hook: HookState

  package enum HookState: Sendable, Equatable { case none, runnable, missing(String) }

  package init(
    phase: Phase, lagSeconds: Double?, maxLag: Double, quarantined: Int64,
    orphans: [(key: String, table: String, rows: Int64)], newTables: [String], waived: Set<String>, hook: HookState
  ) {
    self.phase = phase
    self.lagSeconds = lagSeconds
    self.maxLag = maxLag
    self.quarantined = quarantined
    self.orphans = orphans
    self.newTables = newTables
    self.waived = waived
    self.hook = hook
  }

  package var findings: [Finding] {
    [streaming, lag, quarantine] + foreignKeys + tables + hookFinding
  }

  private var streaming: Finding {
    Finding(
      name: "streaming", ok: phase == .syncing,
      detail: phase == .syncing
        ? "all tables are copied and follow" : "the first copy is not finished: let changeover sync go on")
  }

  private var lag: Finding {
    guard let lagSeconds else {
      return Finding(name: "lag", ok: false, detail: "not known: start changeover sync and let it catch up")
    }
    let text = "\((lagSeconds * 10).rounded() / 10) s behind"
    if lagSeconds <= maxLag { return Finding(name: "lag", ok: true, detail: text) }
    return Finding(name: "lag", ok: false, detail: "\(text), more than \(maxLag) s: wait, or raise --max-lag")
  }

  private var quarantine: Finding {
    if quarantined == 0 { return Finding(name: "quarantine", ok: true, detail: "empty") }
    return Finding(
      name: "quarantine", ok: false,
      detail: "\(quarantined) rows do not fit the target (see its table changeover.quarantine): mend them in SQLite")
  }

  private var foreignKeys: [Finding] {
    if orphans.isEmpty { return [Finding(name: "foreign keys", ok: true, detail: "no orphans")] }
    return orphans.map { orphan in
      let isWaived = waived.contains(orphan.key)
      let text = "\(orphan.rows) rows of '\(orphan.table)' lead nowhere"
      return Finding(
        name: "foreign key \(orphan.key)", ok: isWaived,
        detail: isWaived
          ? "\(text): waived, the key stays NOT VALID" : "\(text): mend them, or accept with --waive \(orphan.key)")
    }
  }

  private var tables: [Finding] {
    if newTables.isEmpty { return [Finding(name: "tables", ok: true, detail: "none besides those that move")] }
    return newTables.map { table in
      let name = "table:\(table)"
      let isWaived = waived.contains(name)
      return Finding(
        name: name, ok: isWaived,
        detail: isWaived
          ? "'\(table)' stays behind: waived"
          : "'\(table)' was created after the copy and does not move: sync --reseed, or accept with --waive \(name)")
    }
  }

  private var hookFinding: [Finding] {
    switch hook {
    case .none: []
    case .runnable: [Finding(name: "switch hook", ok: true, detail: "can be run")]
    case .missing(let program):
      [Finding(name: "switch hook", ok: false, detail: "'\(program)' is not a program that can be run")]
    }
  }
}
