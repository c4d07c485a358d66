import Journal
import Model
import SQLite

/// Finds the current row of a key and encodes it, straight from SQLite's memory into the batch.
package final class RowReader {
  let table: SourceTable
  let journalTable: JournalTable
  private let statement: Statement
  private let keyCount: Int
  private let columnCount: Int

  init(_ table: SourceTable, in database: borrowing Database) throws {
    self.table = table
    keyCount = table.keyPositions.count
    columnCount = table.imageColumns.count
    journalTable = JournalTable(
      id: table.id, name: table.name, columns: table.imageColumns, keyPositions: table.keyPositions)
    statement = try database.prepare(Self.query(table))
  }

  /// Selects the row of a key.
  package static func query(_ table: SourceTable) -> String {
    "SELECT \(table.imageExpressions) FROM \(SQLiteText.identifier(table.name)) WHERE \(table.keyCondition)"
  }

  /// Columns 1… of `key`'s row are the key as the trigger logged it.
  func encode(key: borrowing Statement, into encoder: inout EntryEncoder) throws {
    defer { statement.reset() }
    for position in 0..<keyCount { try statement.bind(column: position + 1, of: key, at: position + 1) }
    try encoder.declare(journalTable)
    if try statement.step() {
      encoder.beginUpsert(table.id)
      for column in 0..<columnCount { statement.encode(column, into: &encoder) }
    } else {
      encoder.beginDelete(table.id)
      for position in 0..<keyCount { key.encode(position + 1, into: &encoder) }
    }
  }

  /// The current row of a statement that selects whole images.
  func encode(row: borrowing Statement, into encoder: inout EntryEncoder) throws(JournalError) {
    try encoder.declare(journalTable)
    encoder.beginUpsert(table.id)
    for column in 0..<columnCount { row.encode(column, into: &encoder) }
  }
}

extension SourceTable {
  /// Finds the row of a key, which is bound from ?1 on, by the key's own index, and insists on the same bytes and
  /// storage class.
  package var keyCondition: String {
    switch key {
    case .rowid(let alias): return "\(alias) = ?1"
    case .rowidColumn(let name): return "\(SQLiteText.identifier(name)) = ?1"
    case .columns(let terms):
      return zip(terms, keyPositions).enumerated().map { number, pair in
        let (term, position) = pair
        let column = columns[position]
        let name = SQLiteText.identifier(column.name)
        let parameter = "?\(number + 1)"
        let equals = column.notNull || isWithoutRowid ? "=" : "IS"
        var condition = "\(name) COLLATE \(SQLiteText.identifier(term.collation)) \(equals) \(parameter)"
        if term.collation.uppercased() != "BINARY" { condition += " AND \(name) COLLATE BINARY \(equals) \(parameter)" }
        if column.affinity == .blob { condition += " AND typeof(\(name)) = typeof(\(parameter))" }
        return condition
      }.joined(separator: " AND ")
    }
  }

  /// The columns of an image as a SELECT list.
  package var imageExpressions: String {
    var expressions = columns.map { SQLiteText.identifier($0.name) }
    if case .rowid(let alias) = key { expressions.append(alias) }
    return expressions.joined(separator: ", ")
  }
}

extension Statement {
  /// Appends a column's value to the batch without a copy in between.
  @inline(__always) func encode(_ column: Int, into encoder: inout EntryEncoder) {
    switch view(column) {
    case .null: encoder.null()
    case .integer(let integer): encoder.integer(integer)
    case .real(let real): encoder.real(real)
    case .text(let bytes): encoder.text(bytes)
    case .blob(let bytes): encoder.blob(bytes)
    }
  }
}
