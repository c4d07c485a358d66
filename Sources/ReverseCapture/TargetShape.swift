import Model

/// What the target's tables looked like when the way back last drained them: columns by their numbers, which a rename does
/// not change. Kept on the target, written with the drain that relied on it.
struct TargetShape: Sendable, Hashable, Codable {
  var tables: [TableShape]
  /// Tables of the same schema that are none of ours, at the switch.
  var others: [String]

  func table(_ id: TableID) -> TableShape? { tables.first { $0.id == id } }
}

/// A table of the plan on the target.
struct TableShape: Sendable, Hashable, Codable {
  var id: TableID
  /// The table's number in PostgreSQL's catalogue; 0 where there was none.
  var oid: Int64
  /// In the plan's order.
  var columns: [ColumnShape]
  /// Numbers of columns that the table had at the switch and the source has not.
  var extras: [Int64] = []
  /// Its changes are not drained: once they are again, all of its rows are read.
  var isPaused = false
}

/// A column of the plan on the target.
struct ColumnShape: Sendable, Hashable, Codable {
  /// The column's number in its table; 0 where there was none.
  var number: Int64
  var name: String
  /// The type, with its limits and collation, as something to compare.
  var type: String
  /// What the type's values look like when they are sent: one word for all that send text.
  var form: String
}
