/// What a batch says of a row. Declarations of tables, and a change of the schema, are taken in by the cursor.
package enum Entry {
  /// The row's image follows: one value a column.
  case upsert(JournalTable)
  /// The row is gone; its key follows: one value a key column.
  case delete(JournalTable)
  /// The rows of this table that no later entry of the group writes are gone; no value follows.
  case replaceTable(JournalTable)

  package var table: JournalTable {
    switch self {
    case .upsert(let table), .delete(let table), .replaceTable(let table): table
    }
  }
}

/// The bytes that begin an entry.
enum EntryKind {
  static let table: UInt8 = 1
  static let upsert: UInt8 = 2
  static let delete: UInt8 = 3
  static let replaceTable: UInt8 = 4
  static let schema: UInt8 = 5
  static let known = table...schema
}
