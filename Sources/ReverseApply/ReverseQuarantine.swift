import Capture
import Journal
import Model
import SQLite
import TriggerTemplates

/// Rows that came back from the target and that SQLite does not take, kept in the source itself, in the transactions that
/// apply. Key and image are the target's: what its types' send functions give.
package final class ReverseQuarantine {
  /// How many rows a table has in the quarantine, discarded ones included.
  private var rows: [TableID: Int64] = [:]
  /// Rows that nobody discarded.
  private(set) var blocking: Int64 = 0
  private var isThere: Bool
  private var statements: Statements?

  private final class Statements {
    let find: Statement
    let add: Statement
    let remove: Statement

    init(in database: borrowing Database) throws(SQLiteError) {
      let name = SourceNames.quarantine
      let find = try database.prepare("SELECT discarded_at IS NOT NULL FROM \(name) WHERE tbl = ?1 AND key = ?2")
      let add = try database.prepare(
        """
        INSERT INTO \(name)
          (tbl, key, name, key_text, column_name, reason, code, image, seen_group, first_seen, last_seen)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \(ReverseQuarantine.now), \(ReverseQuarantine.now))
        ON CONFLICT (tbl, key) DO UPDATE SET key_text = excluded.key_text, column_name = excluded.column_name,
          reason = excluded.reason, code = excluded.code, image = excluded.image, seen_group = excluded.seen_group,
          last_seen = excluded.last_seen
        """)
      remove = try database.prepare("DELETE FROM \(name) WHERE tbl = ?1 AND key = ?2")
      self.find = find
      self.add = add
    }
  }

  static let now = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"

  /// Whether the table was ever made.
  static func exists(in database: borrowing Database) throws(SQLiteError) -> Bool {
    try database.integer("SELECT count(*) FROM sqlite_schema WHERE name = ?1", [.text(SourceNames.quarantine)]) > 0
  }

  /// How many rows nobody discarded, and how many were discarded; none where the table was never made.
  package static func count(in database: borrowing Database) throws -> (blocking: Int64, discarded: Int64) {
    guard try exists(in: database) else { return (0, 0) }
    let rows = try database.integer("SELECT count(*) FROM \(SourceNames.quarantine)")
    let discarded = try database.integer("SELECT count(discarded_at) FROM \(SourceNames.quarantine)")
    return (rows - discarded, discarded)
  }

  init(in database: borrowing Database) throws {
    isThere = try Self.exists(in: database)
    if !isThere { return }
    var (rows, blocking) = ([TableID: Int64](), Int64(0))
    try database.forEach("SELECT tbl, count(*), count(discarded_at) FROM \(SourceNames.quarantine) GROUP BY tbl") {
      rows[TableID($0.integer(0))] = $0.integer(1)
      blocking += $0.integer(1) - $0.integer(2)
    }
    self.rows = rows
    self.blocking = blocking
  }

  func holds(rowsOf table: TableID) -> Bool { rows[table] ?? 0 > 0 }

  /// Takes a row in; true where it blocks the way back. One that is there already stays what it is, first seen then and
  /// discarded or not.
  func add(
    _ refusal: Refusal, of table: ReturningTable, key: ReturningTable.Fields, image: ReturningTable.Fields,
    group: GroupNumber, in database: borrowing Database
  ) throws -> Bool {
    if !isThere {
      try database.execute(TriggerTemplate.sourceQuarantine.fill([:]))
      isThere = true
    }
    let id = table.table.id
    let identity = Value.blob(ValueList.encode(table.identity(ofKey: key)))
    let statements = try prepared(in: database)
    let isDiscarded = try self.isDiscarded(id, identity, statements)
    try statements.add.bind(all: [
      .integer(id.rawValue), identity, .text(table.table.name), .text(KeyText.text(of: table.image(ofKey: key))),
      refusal.column.map { .text($0) } ?? .null, .text(refusal.reason),
      refusal.code.map { .integer(Int64($0)) } ?? .null, .blob(ValueList.encode(image.map { $0.value })),
      .integer(group.rawValue),
    ])
    try statements.add.run()
    if isDiscarded == nil {
      rows[id, default: 0] += 1
      blocking += 1
    }
    return isDiscarded != true
  }

  /// Lets go of a key whose newest image is good, or which is gone.
  func release(key: ReturningTable.Fields, of table: ReturningTable, in database: borrowing Database) throws {
    let id = table.table.id
    guard holds(rowsOf: id) else { return }
    let identity = Value.blob(ValueList.encode(table.identity(ofKey: key)))
    let statements = try prepared(in: database)
    guard let isDiscarded = try isDiscarded(id, identity, statements) else { return }
    try statements.remove.bind(id.rawValue, at: 1)
    try statements.remove.bind(identity, at: 2)
    try statements.remove.run()
    rows[id, default: 0] -= 1
    if !isDiscarded { blocking -= 1 }
  }

  /// Nil where the key is not in the quarantine.
  private func isDiscarded(
    _ table: TableID, _ identity: Value, _ statements: Statements
  ) throws(SQLiteError) -> Bool? {
    try statements.find.bind(table.rawValue, at: 1)
    try statements.find.bind(identity, at: 2)
    defer { statements.find.reset() }
    return try statements.find.step() ? statements.find.integer(0) != 0 : nil
  }

  private func prepared(in database: borrowing Database) throws -> Statements {
    let statements = try self.statements ?? Statements(in: database)
    self.statements = statements
    return statements
  }

  /// Lets go of all keys of a table, whose rows are all written anew.
  func release(allOf table: TableID, in database: borrowing Database) throws {
    guard holds(rowsOf: table) else { return }
    blocking -= try database.integer(
      "SELECT count(*) FROM \(SourceNames.quarantine) WHERE tbl = ?1 AND discarded_at IS NULL",
      [.integer(table.rawValue)])
    let statement = try database.prepare("DELETE FROM \(SourceNames.quarantine) WHERE tbl = ?1")
    try statement.bind(table.rawValue, at: 1)
    try statement.run()
    rows[table] = 0
  }

  /// Lets go of everything.
  func clear(in database: borrowing Database) throws {
    guard isThere else { return }
    try database.execute("DELETE FROM \(SourceNames.quarantine)")
    rows = [:]
    blocking = 0
  }

  /// Images that a constraint refused, in the order of their keys: the next ones after `key`. Those of this very group are
  /// not among them, nor large ones, which wait for their next image.
  func constraintCases(
    of table: TableID, after key: [UInt8], before group: GroupNumber, limit: Int, in database: borrowing Database
  ) throws -> [(key: [UInt8], image: [UInt8])] {
    guard holds(rowsOf: table) else { return [] }
    var cases: [(key: [UInt8], image: [UInt8])] = []
    try database.forEach(
      """
      SELECT key, image FROM \(SourceNames.quarantine)
      WHERE tbl = ?1 AND key > ?2 AND seen_group < ?3 AND code IS NOT NULL AND length(image) <= 1 << 20
      ORDER BY key LIMIT \(limit)
      """, [.integer(table.rawValue), .blob(key), .integer(group.rawValue)]
    ) { row in
      cases.append((row.withBlob(0) { Array($0) }, row.withBlob(1) { Array($0) }))
    }
    return cases
  }
}

extension UnsafeRawBufferPointer? {
  /// The field as the journal has it.
  var value: Value { map { .blob(Array($0)) } ?? .null }
}
