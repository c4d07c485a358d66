import Capture
import Model
import SQLite

/// Counts the rows whose foreign key leads nowhere, a chunk of rows in each read transaction.
struct ForeignKeyCheck {
  private static let chunkRows = 20_000
  /// Without a write-ahead log no writer can commit while a chunk is read.
  private static let chunkTime = Duration.seconds(2)

  let table: SourceTable
  /// Until when it may go on.
  let deadline: ContinuousClock.Instant

  /// One finding for each foreign key with orphans.
  func findings(
    _ tables: [SourceTable], _ database: borrowing Database, stop: StopSignal, _ report: () -> Void
  ) throws -> [Finding] {
    var findings: [Finding] = []
    for key in table.foreignKeys {
      // Without an index over the parent's columns the foreign key is none that PostgreSQL could have.
      guard let parent = tables.first(where: { $0.name.lowercased() == key.parent.lowercased() }),
        let columns = parentColumns(of: key, in: parent), columns.count == key.columns.count,
        isIndexed(columns, in: parent)
      else { continue }
      report()
      if let finding = try finding(key, parent, columns, database, stop) { findings.append(finding) }
    }
    return findings
  }

  private func parentColumns(of key: SourceForeignKey, in parent: SourceTable) -> [String]? {
    guard key.parentColumns.isEmpty else {
      let known = Set(parent.columns.map { $0.name.lowercased() })
      return key.parentColumns.allSatisfy { known.contains($0.lowercased()) } ? key.parentColumns : nil
    }
    if case .rowidColumn(let name) = parent.key { return [name] }
    return parent.indexes.first { $0.origin == .primaryKey }?.terms.compactMap { term in
      if case .column(let name) = term.subject { name } else { nil }
    }
  }

  private func isIndexed(_ columns: [String], in parent: SourceTable) -> Bool {
    let wanted = Set(columns.map { $0.lowercased() })
    if case .rowidColumn(let name) = parent.key, wanted == [name.lowercased()] { return true }
    return parent.indexes.contains { index in
      let names = index.terms.compactMap { term -> String? in
        if case .column(let name) = term.subject { name.lowercased() } else { nil }
      }
      return index.isUnique && index.predicate == nil && names.count == index.terms.count && Set(names) == wanted
    }
  }

  private func finding(
    _ key: SourceForeignKey, _ parent: SourceTable, _ parentColumns: [String], _ database: borrowing Database,
    _ stop: StopSignal
  ) throws -> Finding? {
    let name = "foreign key (\(key.columns.joined(separator: ", "))) to '\(key.parent)'"
    let column = key.columns.count == 1 ? key.columns.first : nil
    var count: Int64 = 0
    var example: [Value]?
    var chunkEnd = deadline
    do {
      try database.interrupting(when: { stop.isRequested || ContinuousClock.now > chunkEnd }) { database in
        try countOrphans(key, parent, parentColumns, database, &count, &example) {
          try stop.check()
          chunkEnd = min(deadline, .now + Self.chunkTime)
        }
      }
    } catch let error as SQLiteError where error.isInterrupted {
      try stop.check()
      return Finding(
        .orphansUncounted, table: table.name, column: column,
        "\(name): given up for lack of time, \(Words.count(count, "orphan")) until then", count: count)
    }
    guard count > 0 else { return nil }
    return Finding(
      .orphans, table: table.name, column: column,
      "\(name): \(Words.count(count, "row leads", "rows lead")) nowhere",
      count: count, exampleKey: example.map { RowFinder(table: table).words($0) })
  }

  private func countOrphans(
    _ key: SourceForeignKey, _ parent: SourceTable, _ parentColumns: [String], _ database: borrowing Database,
    _ count: inout Int64, _ example: inout [Value]?, _ beginChunk: () throws -> Void
  ) throws {
    let finder = RowFinder(table: table)
    let keys = finder.keyColumns.map { SQLiteText.identifier($0) }
    let columns = key.columns.map { "c.\(SQLiteText.identifier($0))" }
    // The parent's column on the left: its collation decides, as it does when SQLite enforces the key.
    let match = zip(parentColumns, columns).map { "p.\(SQLiteText.identifier($0)) = \($1)" }
    let isOrphan = """
      \(columns.map { "\($0) IS NOT NULL" }.joined(separator: " AND ")) AND NOT EXISTS \
      (SELECT 1 FROM \(SQLiteText.identifier(parent.name)) AS p WHERE \(match.joined(separator: " AND ")))
      """
    let child = SQLiteText.identifier(table.name)
    guard case .rowid(let alias)? = KeyChoice.rowidKey(of: table) else {
      try beginChunk()
      let statement = try database.prepare(
        "SELECT \(keys.map { "c.\($0)" }.joined(separator: ", ")) FROM \(child) AS c WHERE \(isOrphan)")
      while try statement.step() { note(statement, keys.count, &count, &example) }
      return
    }
    let last = try database.prepare(
      "SELECT max(r) FROM (SELECT \(alias) AS r FROM \(child) WHERE \(alias) > ?1 ORDER BY \(alias) LIMIT \(Self.chunkRows))"
    )
    let orphans = try database.prepare(
      """
      SELECT \(keys.map { "c.\($0)" }.joined(separator: ", ")) FROM \(child) AS c \
      WHERE c.\(alias) > ?1 AND c.\(alias) <= ?2 AND \(isOrphan)
      """)
    var cursor = Int64.min
    while true {
      try beginChunk()
      try last.bind(cursor, at: 1)
      guard try last.step(), last.storageClass(0) == .integer else { return last.reset() }
      let end = last.integer(0)
      last.reset()
      try orphans.bind(cursor, at: 1)
      try orphans.bind(end, at: 2)
      while try orphans.step() { note(orphans, keys.count, &count, &example) }
      orphans.reset()
      cursor = end
    }
  }

  private func note(
    _ statement: borrowing Statement, _ columns: Int, _ count: inout Int64, _ example: inout [Value]?
  ) {
    count &+= 1
    if example == nil { example = (0..<columns).map { statement.value($0) } }
  }
}
