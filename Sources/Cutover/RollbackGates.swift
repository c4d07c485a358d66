import Apply
import Model

/// What is looked at before anything waits on the way back: pure decisions over what was found.
package struct RollbackGates: Sendable {
  package typealias Finding = Gates.Finding

  package var phase: Phase
  package var lag: Gates.Lag
  /// In seconds.
  package var maxLag: Double
  /// Rows that SQLite does not take.
  package var quarantined: Int64 = 0
  package var discarded: Int64 = 0
  /// Whether the source's fence is whole.
  package var fenceIsWhole = true
  /// Changes of the target's schema that the source cannot follow, by the name to waive them by.
  package var drift: [Drift] = []
  /// Tables of the source that only the application's SQLite can write, with the reason.
  package var obstacles: [(table: String, reason: String)] = []
  package var transactions = OpenTransactions()
  package var disks: [Gates.Disk] = []
  /// The last verify since the switch, where there was one.
  package var verified: LastVerify.Findings?
  package var waived: Set<String> = []
  package var hook = Gates.HookState.none
  package var canary = Gates.HookState.none

  package struct Drift: Sendable, Equatable {
    package var name: String
    package var detail: String

    package init(name: String, detail: String) {
      self.name = name
      self.detail = detail
    }
  }

  package init(phase: Phase, lag: Gates.Lag, maxLag: Double) {
    self.phase = phase
    self.lag = lag
    self.maxLag = maxLag
  }

  package var findings: [Finding] {
    guard phase == .switched else { return [authority] + hooks }
    return [authority, fence, lagFinding, quarantine] + schema + tables + transactionFindings + diskFindings
      + verifiedFinding + hooks
  }

  private var authority: Finding {
    let name = "authority"
    switch phase {
    case .switched: return Finding(name, true, "PostgreSQL")
    case .preparing, .syncing: return Finding(name, false, "SQLite is the authority: there is nothing to go back from")
    case .switching:
      return Finding(name, false, "a cutover was interrupted: run it again with --execute, or start sync")
    case .switchingBack:
      return Finding(name, false, "an earlier rollback was interrupted: run it again with --execute, or start sync")
    case .finished: return Finding(name, false, "the move is over: SQLite was not kept in step since changeover finish")
    }
  }

  private var fence: Finding {
    fenceIsWhole
      ? Finding("fence", true, "SQLite is closed by this switch")
      : Finding("fence", false, "a part of SQLite's fence is gone: start changeover sync, which makes it whole")
  }

  private var lagFinding: Finding {
    guard lag.isSyncRunning else {
      let changes = lag.changes.map { "\($0) changes" } ?? "what is missing"
      return Finding("lag", true, "no sync is running: \(changes) come back by rollback itself, before writers wait")
    }
    guard let seconds = lag.seconds else { return Finding("lag", false, "not known: let changeover sync catch up") }
    let text = "SQLite is \((seconds * 10).rounded() / 10) s behind"
    if seconds <= maxLag { return Finding("lag", true, text) }
    return Finding("lag", false, "\(text), more than \(maxLag) s: wait, or raise --max-lag")
  }

  private var quarantine: Finding {
    if quarantined == 0 {
      return Finding(
        "quarantine", true, discarded == 0 ? "empty" : "\(discarded) rows are discarded and do not come back")
    }
    return Finding(
      "quarantine", false,
      "\(quarantined) rows do not fit SQLite (see changeover quarantine list): mend them in PostgreSQL, or discard them"
    )
  }

  private var schema: [Finding] {
    if drift.isEmpty { return [Finding("schema", true, "PostgreSQL's tables are those of the switch")] }
    return drift.map { drift in
      let isWaived = waived.contains(drift.name)
      return Finding(
        drift.name, isWaived,
        isWaived ? "\(drift.detail): waived" : "\(drift.detail): undo it, or accept with --waive \(drift.name)")
    }
  }

  private var tables: [Finding] {
    if obstacles.isEmpty { return [Finding("tables", true, "SQLite takes rows of all of them")] }
    return obstacles.map { Finding("table \($0.table)", false, $0.reason) }
  }

  private var transactionFindings: [Finding] {
    let sessions = transactions.sessions.map(\.sentence)
    let text =
      sessions.isEmpty ? "none is open on the tables" : "will be waited for: \(sessions.joined(separator: "; "))"
    return Gates.findings(ofPrepared: transactions.prepared) + [Finding("transactions", true, text)]
  }

  private var diskFindings: [Finding] { Gates.findings(of: disks) }

  /// Tells, and asks for nothing: the way back must be open when it is needed.
  private var verifiedFinding: [Finding] {
    guard let verified else { return [] }
    let text = verified.sentence
    return [
      Finding("verified", true, verified.isEqual ? text : "\(text): changeover verify --repair mends them beforehand")
    ]
  }

  private var hooks: [Finding] { Gates.findings(of: [("hook", hook), ("canary", canary)]) }
}
