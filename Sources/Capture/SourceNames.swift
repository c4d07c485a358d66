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

  static func trigger(_ table: TableID, _ part: String) -> String { "\(prefix)\(table)_\(part)" }
}
