import Capture
import Model
import SQLite

/// Names rows by their keys, and shows a value where it is asked for.
struct RowFinder {
  private static let longestShown = 64

  let table: SourceTable

  /// The names of the key's columns in the source.
  var keyColumns: [String] {
    switch table.key {
    case .rowid(let alias): [alias]
    case .rowidColumn(let name): [name]
    case .columns: table.keyPositions.map { table.columns[$0].name }
    }
  }

  /// A key as `id = 17` or `(a, b) = (1, 'x')`.
  func words(_ key: [Value]) -> String {
    let values = key.map { Self.words($0) }
    let names = keyColumns
    guard names.count > 1 else { return "\(names.first ?? "key") = \(values.first ?? "?")" }
    return "(\(names.joined(separator: ", "))) = (\(values.joined(separator: ", ")))"
  }

  static func words(_ value: Value) -> String {
    switch value {
    case .null: return "NULL"
    case .integer(let integer): return String(integer)
    case .real(let bits): return "\(Double(bitPattern: bits))"
    case .text(let bytes): return "'\(cut(String(decoding: bytes.prefix(longestShown * 4), as: UTF8.self)))'"
    case .blob(let bytes):
      let digits = bytes.prefix(longestShown / 2).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      return "x'\(digits)\(bytes.count > longestShown / 2 ? "…" : "")'"
    }
  }

  private static func cut(_ text: String) -> String {
    text.count > longestShown ? text.prefix(longestShown) + "…" : text
  }

  /// The key of the first row that meets a condition; reads until it comes to one.
  func firstKey(where condition: String, in database: borrowing Database) throws -> [Value]? {
    let keys = keyColumns.map { SQLiteText.identifier($0) }.joined(separator: ", ")
    let statement = try database.prepare(
      "SELECT \(keys) FROM \(SQLiteText.identifier(table.name)) WHERE \(condition) LIMIT 1")
    guard try statement.step() else { return nil }
    return (0..<statement.columnCount).map { statement.value($0) }
  }

  /// The value of a column in the row of a key; nil where the row is gone.
  func value(of column: String, key: [Value], in database: borrowing Database) throws -> String? {
    let conditions = keyColumns.enumerated().map { number, name in "\(SQLiteText.identifier(name)) IS ?\(number + 1)" }
    let sql = """
      SELECT \(SQLiteText.identifier(column)) FROM \(SQLiteText.identifier(table.name)) \
      WHERE \(conditions.joined(separator: " AND ")) LIMIT 1
      """
    return try database.scalar(sql, key).map { Self.words($0) }
  }
}
