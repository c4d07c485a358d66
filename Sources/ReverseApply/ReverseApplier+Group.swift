import Journal
import Model
import SQLite
import Schema

/// The entries of a group: rows that go first, so that their UNIQUE values are free; then rows that come; then those that
/// had to wait for others.
extension ReverseApplier {
  /// So many entries between two looks at the stop signal.
  private static let entriesBetweenLooks = 1_024

  /// Inside the transaction, with the desk open.
  /// - Parameter repeats: whether a key may come several times: then entries are taken in order, and the last one holds.
  mutating func run(
    _ parts: [BatchName], of group: GroupNumber, repeats: Bool, _ database: borrowing Database
  ) throws {
    guard let desk else { return }
    var pass = Pass(group: group, repeats: repeats, awaited: Set(try AwaitedTables.read(in: database)))
    try walk(parts, database) { entry, number, entries, database in
      try first(entry, number, &entries, &pass, desk, database)
    }
    for replaced in pass.replaced.values { try replaced.finish(in: database) }
    try walk(parts, database) { entry, number, entries, database in
      try second(entry, number, &entries, &pass, desk, database)
    }
    try settle(&pass, desk, database)
    try retry(pass.touched.sorted(), before: group, database)
  }

  /// What is known of a group while its entries are walked.
  private struct Pass {
    let group: GroupNumber
    let repeats: Bool
    /// Tables of which nothing is applied.
    var awaited: Set<TableID>
    var replaced: [TableID: ReplacedTable] = [:]
    let aside = RowsAside()
    var touched: Set<TableID> = []
    /// Reused from row to row.
    var fields: ReturningTable.Fields = []
    /// The table of the entry before, whose declaration was compared with the plan.
    var declared: JournalTable?
    /// The tables as they were declared last.
    var tables: [TableID: ReturningTable] = [:]
  }

  private func walk(
    _ parts: [BatchName], _ database: borrowing Database,
    _ body: (Entry, Int, inout EntryCursor, borrowing Database) throws -> Void
  ) throws {
    var number = 0
    for part in parts {
      let batch = try journal.batch(part)
      try batch.withEntries { entries in
        while let entry = try entries.next() {
          number += 1
          if number % Self.entriesBetweenLooks == 0 { try stop.check() }
          try body(entry, number, &entries, database)
        }
      }
    }
  }

  /// Deletes, and what a replaced table keeps.
  private func first(
    _ entry: Entry, _ number: Int, _ entries: inout EntryCursor, _ pass: inout Pass, _ desk: ReverseDesk,
    _ database: borrowing Database
  ) throws {
    let table = try table(entry.table, &pass, desk, database)
    switch entry {
    case .replaceTable:
      pass.replaced[table.table.id] = try ReplacedTable(table, at: number, in: database)
      pass.awaited.remove(table.table.id)
      try AwaitedTables.remove(table.table.id, in: database)
      try desk.quarantine.release(allOf: table.table.id, in: database)
    case .delete where !pass.repeats && !pass.awaited.contains(table.table.id):
      try read(table.keyPositions.count, of: &entries, into: &pass.fields)
      try table.delete(pass.fields)
      try desk.quarantine.release(key: pass.fields, of: table, in: database)
    case .upsert:
      guard let replaced = pass.replaced[table.table.id] else { return }
      try read(table.columns.count, of: &entries, into: &pass.fields)
      try replaced.keep(table.key(of: pass.fields))
    case .delete: break
    }
  }

  /// Rows that come; deletes only where a key may come several times.
  private func second(
    _ entry: Entry, _ number: Int, _ entries: inout EntryCursor, _ pass: inout Pass, _ desk: ReverseDesk,
    _ database: borrowing Database
  ) throws {
    let table = try table(entry.table, &pass, desk, database)
    let id = table.table.id
    guard !pass.awaited.contains(id), number >= pass.replaced[id]?.entry ?? 0 else { return }
    switch entry {
    case .replaceTable: break
    case .delete:
      guard pass.repeats else { return }
      try read(table.keyPositions.count, of: &entries, into: &pass.fields)
      try pass.aside.remove(key: pass.fields, of: table)
      try table.delete(pass.fields)
      try desk.quarantine.release(key: pass.fields, of: table, in: database)
    case .upsert:
      try read(table.columns.count, of: &entries, into: &pass.fields)
      if pass.repeats { try pass.aside.remove(key: table.key(of: pass.fields), of: table) }
      switch try table.upsert(pass.fields, in: database) {
      case .done: try release(pass.fields, of: table, desk, database)
      case .refused(let refusal) where refusal.isUniqueness:
        try pass.aside.add(table, pass.fields, in: database)
      case .refused(let refusal): try refuse(refusal, pass.fields, of: table, pass.group, desk, database)
      }
    }
  }

  /// Rows that were put aside.
  private func settle(_ pass: inout Pass, _ desk: ReverseDesk, _ database: borrowing Database) throws {
    let (group, tables) = (pass.group, pass.tables)
    try pass.aside.pass(in: database) { id, fields in
      guard let table = tables[id] else { return nil }
      guard fields.count == table.columns.count else { throw Self.mixed(table) }
      let stored = try table.stored(table.key(of: fields), in: database)
      try table.delete(table.key(of: fields))
      return stored
    } putBack: { id, fields, stored in
      guard let table = tables[id] else { return }
      let outcome =
        try stored.map { try table.restore(fields, $0, in: database) } ?? table.upsert(fields, in: database)
      switch outcome {
      case .done: try release(fields, of: table, desk, database)
      case .refused(let refusal): try refuse(refusal, fields, of: table, group, desk, database)
      }
    }
  }

  /// Puts a row into the quarantine, and takes what the table has of it away: no old version stays there.
  private func refuse(
    _ refusal: Refusal, _ fields: ReturningTable.Fields, of table: ReturningTable, _ group: GroupNumber,
    _ desk: ReverseDesk, _ database: borrowing Database
  ) throws {
    let key = table.key(of: fields)
    try table.delete(key)
    try desk.quarantine.add(refusal, of: table, key: key, image: fields, group: group, in: database)
  }

  private func release(
    _ fields: ReturningTable.Fields, of table: ReturningTable, _ desk: ReverseDesk,
    _ database: borrowing Database
  ) throws {
    guard desk.quarantine.holds(rowsOf: table.table.id) else { return }
    try desk.quarantine.release(key: table.key(of: fields), of: table, in: database)
  }

  private static func mixed(_ table: ReturningTable) -> Failure {
    Failure(
      .badData, "table '\(table.table.name)' has other columns in a later one of these groups",
      remedy: "replay from that group on")
  }

  /// The table of an entry, where plan and journal speak of the same columns: those that the target dropped are missing.
  private func table(
    _ declared: JournalTable, _ pass: inout Pass, _ desk: ReverseDesk, _ database: borrowing Database
  ) throws -> ReturningTable {
    if pass.declared == declared, let table = pass.tables[declared.id] { return table }
    guard var plan = plans[declared.id] else {
      throw Failure(
        .badData, "the journal names a table '\(declared.name)' that the target's plan does not know",
        remedy: "run changeover journal check")
    }
    let key = plan.keyColumns.map(\.sourceName)
    let names = Set(declared.columns)
    plan.columns.removeAll { !names.contains($0.sourceName) }
    plan.keyPositions = declared.keyPositions
    // Names, not only their number: a table with its columns in another order would be filled crosswise.
    guard declared.columns == plan.columns.map(\.sourceName), plan.keyColumns.map(\.sourceName) == key else {
      throw Failure(
        .badData, "table '\(declared.name)' has other columns in the journal than in the target's plan",
        remedy: "run changeover journal check")
    }
    let table = try desk.table(plan, in: database)
    pass.declared = declared
    pass.tables[declared.id] = table
    pass.touched.insert(declared.id)
    return table
  }

  /// Reads the values of an entry, which are lent by its batch.
  private func read(
    _ count: Int, of entries: inout EntryCursor, into fields: inout ReturningTable.Fields
  ) throws {
    fields.removeAll(keepingCapacity: true)
    for _ in 0..<count {
      switch try entries.value() {
      case .null: fields.append(nil)
      case .blob(let bytes): fields.append(bytes)
      default:
        throw Failure(
          .badData, "the journal has a value that is none of the target's in a group of the way back",
          remedy: "run changeover journal check")
      }
    }
  }
}
