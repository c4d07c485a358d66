import Model
import SQLite

/// Writing a row, and looking at what SQLite made of it.
extension ReturningTable {
  // MARK: Inserting

  func insertRow(_ fields: Fields, in database: borrowing Database) throws -> Outcome {
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

  // MARK: Updating

  func updateRow(_ fields: Fields, in database: borrowing Database) throws -> Outcome {
    for position in changed { tried[position] = 0 }
    if let refusal = try update(fields, in: database) { return .refused(refusal) }
    return try settle(fields, changed, in: database)
  }

  /// Writes the changed columns.
  func update(_ fields: Fields, in database: borrowing Database) throws -> Refusal? {
    let update = try updateStatement(in: database)
    if let refusal = try bindKey(of: fields, to: update.statement) { return refusal }
    for (place, position) in changed.enumerated() {
      let refusal = try bind(
        fields[position], position, to: update.statement, at: keyPositions.count + place + 1, skipping: tried[position])
      if let refusal { return refusal }
    }
    return try run(update.statement, update.sql, in: database)
  }

  func updateStatement(in database: borrowing Database) throws(SQLiteError) -> ColumnUpdate {
    if let recent, recent.columns == changed { return recent }
    let update: ColumnUpdate
    if let known = updates[changed] {
      update = known
    } else {
      if updates.count >= Self.keptUpdates { updates.removeAll() }
      update = try ColumnUpdate(changed, sql.update(changed), in: database)
      updates[changed] = update
    }
    recent = update
    return update
  }

  // MARK: Looking again

  /// Reads what was written, and tries the next spelling of what SQLite altered.
  func settle(_ fields: Fields, _ looking: [Int], in database: borrowing Database) throws -> Outcome {
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
  func run(
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

  func bindKey(of fields: Fields, to statement: borrowing Statement) throws(SQLiteError) -> Refusal? {
    for (place, position) in keyPositions.enumerated() {
      if let refusal = try bind(fields[position], position, to: statement, at: place + 1) { return refusal }
    }
    return nil
  }

  @inline(__always)
  func bind(
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

/// A statement that sets one set of columns.
final class ColumnUpdate {
  let columns: [Int]
  let sql: String
  let statement: Statement

  init(_ columns: [Int], _ sql: String, in database: borrowing Database) throws(SQLiteError) {
    self.columns = columns
    self.sql = sql
    statement = try database.prepare(sql)
  }
}
