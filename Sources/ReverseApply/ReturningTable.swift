import Capture
import Model
import SQLite
import Schema

/// Writes the target's rows into one table of the source, and leaves alone what is there already.
///
/// Statements are prepared once; the fields of a row are lent by the batch and bound from there.
final class ReturningTable {
  typealias Fields = [UnsafeRawBufferPointer?]

  /// What came of a row.
  enum Outcome: Equatable {
    case done
    case refused(Refusal)
  }

  let table: SourceTable
  let plan: TablePlan
  let columns: [ReturningColumn]
  let keyPositions: [Int]
  /// The columns that are written: not those that SQLite computes.
  let written: [Int]
  let isKey: [Bool]
  let keyIsLoose: Bool
  /// Whether a row could be inserted under another key than the one it has.
  let mayMissKey: Bool
  let sql: ReturningSQL

  let find: Statement
  let insert: Statement
  let delete: Statement
  var updates: [[Int]: ColumnUpdate] = [:]
  var recent: ColumnUpdate?
  var restoreStatements: Restore?
  /// So many sets of changed columns keep their statement; an application has few.
  static let keptUpdates = 64

  var scratch = WireBuffer()
  var changed: [Int] = []
  /// How many spellings of each column were tried in vain for the current row.
  var tried: [Int]

  /// - Throws: `Failure` where the table is not as it was, or where only the application's SQLite could write to it.
  init(_ table: SourceTable, _ plan: TablePlan, in database: borrowing Database) throws {
    self.table = table
    self.plan = plan
    try SourceInstallation.requireUnchanged(table, in: database)
    let habits = try HabitSurvey(table, plan).habits(in: database)
    let columns = try plan.columns.indices.map { position in
      let column = table.columns.indices.contains(position) ? table.columns[position] : nil
      return try ReturningColumn(plan.columns[position], of: column, habit: habits[position])
    }
    self.columns = columns
    keyPositions = plan.keyPositions
    let sql = ReturningSQL(table)
    self.sql = sql
    written = sql.written
    isKey = plan.columns.indices.map { plan.keyPositions.contains($0) }
    keyIsLoose = plan.keyPositions.contains { columns[$0].isLoose }
    mayMissKey = keyIsLoose || plan.keyPositions.contains { !sql.written.contains($0) }
    tried = plan.columns.map { _ in 0 }
    do throws(SQLiteError) {
      find = try database.prepare(sql.find)
      insert = try database.prepare(sql.insert)
      delete = try database.prepare(sql.delete)
    } catch {
      throw Failure(
        .configuration, "rows cannot come back into table '\(table.name)' of \(database.path): \(error.message)",
        remedy: "its indexes, CHECKs or generated columns need what only the application's SQLite has")
    }
  }

  // MARK: Rows

  /// Brings a row to what the fields say. What is stored already stays untouched, value and storage class.
  func upsert(_ fields: Fields, in database: borrowing Database) throws -> Outcome {
    if let refusal = try bindKey(of: fields, to: find) { return .refused(refusal) }
    guard try find.step() else {
      find.reset()
      return try insertRow(fields, in: database)
    }
    changed.removeAll(keepingCapacity: true)
    for position in keyPositions where !columns[position].holds(find.view(position), fields[position], &scratch) {
      find.reset()
      return .refused(.otherKey(columns[position].name))
    }
    for position in written where !isKey[position] {
      if !columns[position].matches(find.view(position), fields[position], &scratch) { changed.append(position) }
    }
    find.reset()
    return changed.isEmpty ? .done : try updateRow(fields, in: database)
  }

  /// Takes a row away; nothing where there is none.
  /// - Parameter key: the fields of the key's columns, in the key's order.
  func delete(_ key: Fields) throws {
    guard try holds(key), try bind(key, to: delete) else { return }
    try delete.run()
  }

  /// Whether what SQLite finds by a key would be that key's row: true without a look where keys cannot meet.
  func holds(_ key: Fields) throws -> Bool {
    guard keyIsLoose else { return true }
    guard try bind(key, to: find) else { return false }
    defer { find.reset() }
    guard try find.step() else { return false }
    for (place, position) in keyPositions.enumerated()
    where !columns[position].holds(find.view(position), key[place], &scratch) { return false }
    return true
  }

  /// Binds a key from ?1 on; false where SQLite cannot spell it, and so has no such row.
  func bind(_ key: Fields, to statement: borrowing Statement) throws -> Bool {
    for (place, position) in keyPositions.enumerated() {
      if try bind(key[place], position, to: statement, at: place + 1) != nil { return false }
    }
    return true
  }

  /// Reads of a key's row.
  func select(_ expressions: [String]) -> String { sql.select(expressions) }

  func key(of fields: Fields) -> Fields { keyPositions.map { fields[$0] } }

  /// What tells the row's key from others in the quarantine and among rows put aside.
  func identity(ofKey key: Fields) -> [Value] {
    zip(keyPositions, key).map { position, field in field.map { columns[position].identity(of: $0) } ?? .null }
  }

  /// The key as SQLite would write it, for people.
  func image(ofKey key: Fields) -> [Value] {
    zip(keyPositions, key).map { position, field in
      if case .success(let value) = columns[position].image(of: field, skipping: 0) { return value }
      return field.map { .blob(Array($0)) } ?? .null
    }
  }
}
