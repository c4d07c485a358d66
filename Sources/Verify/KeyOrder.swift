import Model
import Schema

/// Whether both stores sort a table's keys alike, so that it can be walked in step.
enum KeyOrder {
  /// - Parameter encoding: the source's text encoding, as its PRAGMA tells.
  static func isShared(_ table: SourceTable, _ plan: TablePlan, encoding: String) -> Bool {
    guard case .columns(let terms) = table.key else { return true }  // The rowid.
    guard terms.count == plan.keyPositions.count else { return false }
    for (term, column) in zip(terms, plan.keyColumns) {
      guard isShared(column, collation: term.collation.uppercased(), isUTF8: encoding == "UTF-8") else { return false }
    }
    return true
  }

  /// Whatever does not fit its column is not on the target, so that only values that fit count here.
  private static func isShared(_ column: ColumnPlan, collation: String, isUTF8: Bool) -> Bool {
    let reading = column.reading
    /// Text in the source, sorted by its bytes in UTF-8.
    let textSorts = collation == "BINARY" && isUTF8
    switch column.type {
    case .smallint, .integer, .bigint, .real, .double: return true
    case .text, .varchar:
      // A type of the user's may have any collation.
      return textSorts && column.typeSQL == nil && reading.nul != .strip
    case .bytea: return reading.nul != .bytea
    case .boolean, .numeric: return reading.spelling == .integer
    case .uuid: return reading.spelling == .blob || (reading.spelling?.storageClass == .text && textSorts)
    case .date, .time, .timestamp, .timestamptz:
      if reading.spelling == .integer || reading.spelling == .real { return true }
      // ISO 8601 in one form sorts as time does; local time does not where a clock is put back.
      guard reading.format == nil, let spelling = reading.spelling, let form = TimeSpelling(spelling) else {
        return false
      }
      return textSorts && spelling.storageClass == .text && (column.type != .timestamptz || form.zone != .none)
    case .char, .citext, .enumeration, .json, .jsonb, .anyText, .keyText: return false
    }
  }
}
