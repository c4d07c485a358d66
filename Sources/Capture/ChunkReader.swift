import Model
import SQLite

/// Reads a table in the order of its key, a chunk at a time after a cursor.
package struct ChunkReader {
  private let table: SourceTable
  private let select: String
  private let terms: [String]
  private let nullable: [String]

  package init(_ table: SourceTable) {
    self.table = table
    select = "SELECT \(table.imageExpressions) FROM \(SQLiteText.identifier(table.name))"
    switch table.key {
    case .rowid(let alias):
      terms = [alias]
      nullable = []
    case .rowidColumn(let name):
      terms = [SQLiteText.identifier(name)]
      nullable = []
    case .columns(let key):
      terms = zip(key, table.keyPositions).map { term, position in
        let column = table.columns[position]
        let name = SQLiteText.identifier(column.name)
        // The index's own collation, or the index could not give the order.
        return term.collation == column.collation ? name : "\(name) COLLATE \(SQLiteText.identifier(term.collation))"
      }
      nullable = table.keyPositions.filter { !table.columns[$0].notNull && !table.isWithoutRowid }
        .map { SQLiteText.identifier(table.columns[$0].name) }
    }
  }

  /// Rows in key order after `cursor`; rows with a NULL in the key are not among them.
  package func statement(after cursor: [Value]?, limit: Int, in database: borrowing Database) throws -> Statement {
    try statement(after: cursor, limit: limit, where: nullable.map { "\($0) IS NOT NULL" }, in: database)
  }

  /// All rows in key order after `cursor`, those with a NULL in the key too.
  package func walk(after cursor: [Value]?, limit: Int = -1, in database: borrowing Database) throws -> Statement {
    try statement(after: cursor, limit: limit, where: [], in: database)
  }

  /// All rows, in whatever order reads fastest.
  package func scan(_ database: borrowing Database) throws -> Statement { try database.prepare(select) }

  private func statement(
    after cursor: [Value]?, limit: Int, where filters: [String], in database: borrowing Database
  ) throws -> Statement {
    var conditions = filters
    if cursor != nil {
      let parameters = terms.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
      conditions.append("(\(terms.joined(separator: ", "))) > (\(parameters))")
    }
    let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    let statement = try database.prepare(
      "\(select)\(filter) ORDER BY \(terms.joined(separator: ", ")) LIMIT \(limit)")
    if let cursor { try statement.bind(all: cursor) }
    return statement
  }

  /// Rows with a NULL in the key; nil where there can be none.
  package func nullKeyStatement(in database: borrowing Database) throws -> Statement? {
    guard !nullable.isEmpty else { return nil }
    return try database.prepare("\(select) WHERE \(nullable.map { "\($0) IS NULL" }.joined(separator: " OR "))")
  }

  package func hasNullKeys(in database: borrowing Database) throws -> Bool {
    guard let statement = try nullKeyStatement(in: database) else { return false }
    return try statement.step()
  }

  /// The key of the current row.
  package func key(of statement: borrowing Statement) -> [Value] {
    table.keyPositions.map { statement.value($0) }
  }

  /// The whole current row.
  package func image(of statement: borrowing Statement) -> [Value] {
    table.imageColumns.indices.map { statement.value($0) }
  }
}
