import Model

/// The names of what changeover creates in the source; nothing else there begins like this.
package enum SourceNames {
  package static let prefix = "_changeover_"
  package static let change = "_changeover_change"
  package static let table = "_changeover_table"
  package static let meta = "_changeover_meta"
  package static let canary = "_changeover_canary"
  /// The schema as it was when it was last taken up.
  package static let schema = "_changeover_schema"
  /// What became of tables when it was.
  package static let step = "_changeover_step"
  /// The view that stands in the way of rebuilding a fenced table.
  package static let fenceGuard = "_changeover_guard"
  /// Rows that came back from the target and that SQLite does not take; made when the first one comes.
  package static let quarantine = "_changeover_quarantine"

  static let tables = [change, table, meta, canary, schema, step, quarantine]

  static func trigger(_ table: TableID, _ part: String) -> String { "\(prefix)\(table)_\(part)" }

  /// The fence of a table that came after the switch, and has no number.
  static func fence(ofNew table: String, _ event: String) -> String { "\(prefix)fence_\(event)_\(table)" }
}
