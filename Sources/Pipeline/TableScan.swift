import Capture
import Model
import SQLite
import Schema

/// Learns what the columns of one table hold, row by row.
struct TableScan: ~Copyable {
  private var columns: [ColumnScan]
  private var scratch = WireBuffer()
  private(set) var rows: Int64 = 0

  /// - Throws: `Failure` where a setting names a zone or a pattern that there is not.
  init(_ table: SourceTable, _ overrides: Overrides, measuresTexts: Bool = false) throws {
    columns = try table.columns.map { column in
      let role = Planner.role(of: column, in: table)
      let settings = overrides.settings(of: column.name, in: table.name)
      return try ColumnScan(
        TypeCandidates.candidates(of: column, settings, isRowid: role.contains(.rowid)),
        findsUnits: settings.time == nil, needsSpellings: !role.isDisjoint(with: [.key, .unique]),
        measuresTexts: measuresTexts)
    }
  }

  /// Looks at the statement's current row, which begins with the table's columns.
  @inline(__always)
  mutating func take(_ statement: borrowing Statement, _ reader: ChunkReader) {
    rows &+= 1
    for column in columns.indices {
      if columns[column].take(statement, column, &scratch) { columns[column].note(key: reader.key(of: statement)) }
    }
  }

  /// A NULL that the rows did not show: those without a key are not read in its order.
  mutating func addNull(_ column: Int) { columns[column].addNull() }

  /// - Parameter isSample: whether there are rows that were not shown.
  mutating func facts(isSample: Bool = false) -> [ColumnFacts] {
    columns.indices.map { columns[$0].result(sampledRows: isSample ? rows : nil) }
  }
}
