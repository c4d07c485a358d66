import Capture
import Model
import SQLite

/// The statements that write to one table of the source. OR ABORT goes before what a constraint declares: `ON CONFLICT
/// REPLACE` would take other rows away.
struct ReturningSQL {
  /// Where the columns stand in the image that are written: not those that SQLite computes.
  let written: [Int]
  /// The image of a key's row, the key bound from ?1 on.
  let find: String
  let insert: String
  let delete: String
  /// What can be written of a row, with what does not move and with the rowid.
  let whole: [String]
  /// Inserts a whole row.
  let restore: String

  private let table: String
  private let condition: String
  private let keyCount: Int
  private let expressions: [String]

  init(_ table: SourceTable) {
    var expressions = table.columns.map { SQLiteText.identifier($0.name) }
    if case .rowid(let alias) = table.key { expressions.append(alias) }
    let written = expressions.indices.filter { $0 == table.columns.count || !table.columns[$0].isGenerated }
    let names = written.map { expressions[$0] }
    var whole = names + (table.excluded ?? []).filter { !$0.isGenerated }.map { SQLiteText.identifier($0.name) }
    if case .columns = table.key, case .rowid(let alias)? = KeyChoice.rowidKey(of: table) { whole.append(alias) }
    let name = SQLiteText.identifier(table.name)
    let condition = table.keyCondition
    func insertion(_ names: [String]) -> String {
      let values = (1...max(names.count, 1)).map { "?\($0)" }.joined(separator: ", ")
      return "INSERT OR ABORT INTO \(name) (\(names.joined(separator: ", "))) VALUES (\(values))"
    }
    find = "SELECT \(expressions.joined(separator: ", ")) FROM \(name) WHERE \(condition)"
    insert = insertion(names)
    delete = "DELETE FROM \(name) WHERE \(condition)"
    self.whole = whole
    restore = insertion(whole)
    self.table = name
    self.condition = condition
    self.written = written
    self.expressions = expressions
    keyCount = table.keyPositions.count
  }

  /// Reads of a key's row.
  func select(_ expressions: [String]) -> String {
    "SELECT \(expressions.joined(separator: ", ")) FROM \(table) WHERE \(condition)"
  }

  /// Sets these columns; their values are bound after the key's.
  func update(_ positions: [Int]) -> String {
    let set = positions.enumerated().map { "\(expressions[$1]) = ?\(keyCount + $0 + 1)" }.joined(separator: ", ")
    return "UPDATE OR ABORT \(table) SET \(set) WHERE \(condition)"
  }
}
