import Model

/// What has changed in the target's schema since the switch: a reason against the way back, until it is mended or waived
/// by its name.
package struct Deviation: Sendable, Hashable, Codable {
  package enum Kind: String, Sendable, Hashable, Codable {
    case newTable, renamedTable, childTables, newColumn, droppedColumn, renamedColumn
    /// Nothing of the table goes back any more: its changes wait in its log.
    case paused
  }

  package var kind: Kind
  /// The table as the source calls it; a table that the source does not have, as the target does.
  package var table: String
  /// The column as the source calls it; one that the source does not have, as the target does.
  package var column: String?
  /// For people: what happened, and what it means for the source.
  package var reason: String

  package init(_ kind: Kind, table: String, column: String? = nil, reason: String) {
    self.kind = kind
    self.table = table
    self.column = column
    self.reason = reason
  }

  /// The name by which a person accepts it.
  package var waiver: String { column.map { "column:\(table).\($0)" } ?? "table:\(table)" }

  /// "table 'orders', column 'note'".
  package var subject: String { "table '\(table)'" + (column.map { ", column '\($0)'" } ?? "") }
}
