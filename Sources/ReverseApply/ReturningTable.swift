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
  private let isKey: [Bool]
  private let keyIsLoose: Bool
  /// Whether a row could be inserted under another key than the one it has.
  private let mayMissKey: Bool
  private let sql: ReturningSQL

  private let find: Statement
  private let insert: Statement
  private let delete: Statement
  private var updates: [[Int]: Update] = [:]
  private var recent: Update?
  private var restoreStatements: Restore?
  /// So many sets of changed columns keep their statement; an application has few.
  private static let keptUpdates = 64

  private var scratch = WireBuffer()
  private var changed: [Int] = []
  /// How many spellings of each column were tried in vain for the current row.
  private var tried: [Int]

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

  // MARK: Inserting

  private func insertRow(_ fields: Fields, in database: borrowing Database) throws -> Outcome {
    for position in tried.indices { tried[position] = 0 }
    for (place, position) in written.enumerated() {
      if let refusal = try bind(fields[position], position, to: insert, at: place + 1) { return .refused(refusal) }
    }
    guard mayMissKey else {
      if let refusal = try run(insert, sql.insert, in: database) { return .refused(refusal) }
      return try settle(fields, written, in: database)
    }
    // The row may come to stand under a key that nobody knows.
    try database.execute("SAVEPOINT changeover_insert")
    var outcome = Outcome.done
    if let refusal = try run(insert, sql.insert, in: database) {
      outcome = .refused(refusal)
    } else {
      outcome = try settle(fields, written, in: database)
    }
    if outcome != .done { try database.execute("ROLLBACK TO changeover_insert") }
    try database.execute("RELEASE changeover_insert")
    return outcome
  }

  /// Puts a row back that was taken out for others to pass, with all that the target does not know of it.
  /// - Parameter stored: the row as `stored` gave it.
  func restore(_ fields: Fields, _ stored: [Value], in database: borrowing Database) throws -> Outcome {
    for position in tried.indices { tried[position] = 0 }
    let restore = try restoreStatements ?? Restore(sql, in: database)
    restoreStatements = restore
    for (place, position) in written.enumerated() {
      let isKept = stored[place].withView { columns[position].matches($0, fields[position], &scratch) }
      if isKept {
        try restore.insert.bind(stored[place], at: place + 1)
      } else if let refusal = try bind(fields[position], position, to: restore.insert, at: place + 1) {
        return .refused(refusal)
      }
    }
    for place in written.count..<stored.count { try restore.insert.bind(stored[place], at: place + 1) }
    if let refusal = try run(restore.insert, sql.restore, in: database) { return .refused(refusal) }
    return try settle(fields, written, in: database)
  }

  /// All of a row that can be written, in the order in which `restore` writes it; nil where there is no such row.
  func stored(_ key: Fields, in database: borrowing Database) throws -> [Value]? {
    let restore = try restoreStatements ?? Restore(sql, in: database)
    restoreStatements = restore
    defer { restore.select.reset() }
    guard try holds(key), try bind(key, to: restore.select), try restore.select.step() else { return nil }
    return (0..<restore.select.columnCount).map { restore.select.value($0) }
  }

  /// What takes a row out and puts it back.
  private final class Restore {
    let select: Statement
    let insert: Statement

    init(_ sql: ReturningSQL, in database: borrowing Database) throws(SQLiteError) {
      let select = try database.prepare(sql.select(sql.whole))
      insert = try database.prepare(sql.restore)
      self.select = select
    }
  }

  // MARK: Updating

  private func updateRow(_ fields: Fields, in database: borrowing Database) throws -> Outcome {
    for position in changed { tried[position] = 0 }
    if let refusal = try update(fields, in: database) { return .refused(refusal) }
    return try settle(fields, changed, in: database)
  }

  /// Writes the changed columns.
  private func update(_ fields: Fields, in database: borrowing Database) throws -> Refusal? {
    let update = try updateStatement(in: database)
    if let refusal = try bindKey(of: fields, to: update.statement) { return refusal }
    for (place, position) in changed.enumerated() {
      let refusal = try bind(
        fields[position], position, to: update.statement, at: keyPositions.count + place + 1, skipping: tried[position])
      if let refusal { return refusal }
    }
    return try run(update.statement, update.sql, in: database)
  }

  private func updateStatement(in database: borrowing Database) throws(SQLiteError) -> Update {
    if let recent, recent.columns == changed { return recent }
    let update: Update
    if let known = updates[changed] {
      update = known
    } else {
      if updates.count >= Self.keptUpdates { updates.removeAll() }
      update = try Update(changed, sql.update(changed), in: database)
      updates[changed] = update
    }
    recent = update
    return update
  }

  /// Sets one set of columns.
  private final class Update {
    let columns: [Int]
    let sql: String
    let statement: Statement

    init(_ columns: [Int], _ sql: String, in database: borrowing Database) throws(SQLiteError) {
      self.columns = columns
      self.sql = sql
      statement = try database.prepare(sql)
    }
  }

  // MARK: Looking again

  /// Reads what was written, and tries the next spelling of what SQLite altered.
  private func settle(_ fields: Fields, _ looking: [Int], in database: borrowing Database) throws -> Outcome {
    var looking = looking
    while true {
      if let refusal = try bindKey(of: fields, to: find) { return .refused(refusal) }
      defer { find.reset() }
      guard try find.step() else { return .refused(.otherKey(columns[keyPositions[0]].name)) }
      changed.removeAll(keepingCapacity: true)
      for position in looking where !columns[position].holds(find.view(position), fields[position], &scratch) {
        if isKey[position] { return .refused(.otherKey(columns[position].name)) }
        tried[position] += 1
        changed.append(position)
      }
      find.reset()
      if changed.isEmpty { return .done }
      if let refusal = try update(fields, in: database) { return .refused(refusal) }
      looking = changed
    }
  }

  // MARK: Statements

  /// Runs a statement of one row; what SQLite has against the row is no error.
  private func run(
    _ statement: borrowing Statement, _ sql: String, in database: borrowing Database
  ) throws(SQLiteError) -> Refusal? {
    do throws(SQLiteError) {
      try statement.run()
      return nil
    } catch {
      if let refusal = Refusal(error) { return refusal }
      // An expression of an index or a CHECK that raises; not a table that is gone.
      if error.isGenericError, database.compiles(sql) { return Refusal("refused by SQLite: \(error.message)") }
      throw error
    }
  }

  private func bindKey(of fields: Fields, to statement: borrowing Statement) throws(SQLiteError) -> Refusal? {
    for (place, position) in keyPositions.enumerated() {
      if let refusal = try bind(fields[position], position, to: statement, at: place + 1) { return refusal }
    }
    return nil
  }

  @inline(__always)
  private func bind(
    _ field: UnsafeRawBufferPointer?, _ position: Int, to statement: borrowing Statement, at place: Int,
    skipping tried: Int = 0
  ) throws(SQLiteError) -> Refusal? {
    if tried == 0, try columns[position].bindPlain(field, to: statement, at: place) { return nil }
    switch columns[position].image(of: field, skipping: tried) {
    case .success(let value):
      try statement.bind(value, at: place)
      return nil
    case .failure(let refusal): return refusal
    }
  }
}
