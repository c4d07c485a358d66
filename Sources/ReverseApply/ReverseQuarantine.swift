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
  private var isThere: Bool

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
    if isThere {
      var rows: [TableID: Int64] = [:]
      try database.forEach("SELECT tbl, count(*) FROM \(SourceNames.quarantine) GROUP BY tbl") {
        rows[TableID($0.integer(0))] = $0.integer(1)
      }
      self.rows = rows
    }
  }

  func holds(rowsOf table: TableID) -> Bool { rows[table] ?? 0 > 0 }

  /// Takes a row in. One that is there already stays what it is, first seen then and discarded or not.
  func add(
    _ refusal: Refusal, of table: ReturningTable, key: ReturningTable.Fields, image: ReturningTable.Fields,
    group: GroupNumber, in database: borrowing Database
  ) throws {
    if !isThere {
      try database.execute(TriggerTemplate.sourceQuarantine.fill([:]))
      isThere = true
    }
    let statement = try database.prepare(
      """
      INSERT INTO \(SourceNames.quarantine)
        (tbl, key, name, key_text, column_name, reason, code, image, seen_group, first_seen, last_seen)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \(Self.now), \(Self.now))
      ON CONFLICT (tbl, key) DO UPDATE SET key_text = excluded.key_text, column_name = excluded.column_name,
        reason = excluded.reason, code = excluded.code, image = excluded.image, seen_group = excluded.seen_group,
        last_seen = excluded.last_seen
      """)
    let values: [Value] = [
      .integer(table.table.id.rawValue), .blob(ValueList.encode(table.identity(ofKey: key))), .text(table.table.name),
      .text(KeyText.text(of: table.image(ofKey: key))), refusal.column.map { .text($0) } ?? .null,
      .text(refusal.reason),
      refusal.code.map { .integer(Int64($0)) } ?? .null, .blob(ValueList.encode(image.map { $0.value })),
      .integer(group.rawValue),
    ]
    try statement.bind(all: values)
    try statement.run()
    rows[table.table.id] = try database.integer(
      "SELECT count(*) FROM \(SourceNames.quarantine) WHERE tbl = ?1", [.integer(table.table.id.rawValue)])
  }

  /// Lets go of a key whose newest image is good, or which is gone.
  func release(
    key: ReturningTable.Fields, of table: ReturningTable, in database: borrowing Database
  ) throws {
    guard holds(rowsOf: table.table.id) else { return }
    let statement = try database.prepare("DELETE FROM \(SourceNames.quarantine) WHERE tbl = ?1 AND key = ?2")
    try statement.bind(all: [
      .integer(table.table.id.rawValue), .blob(ValueList.encode(table.identity(ofKey: key))),
    ])
    try statement.run()
    rows[table.table.id, default: 0] -= database.changes
  }

  /// Lets go of all keys of a table, whose rows are all written anew.
  func release(allOf table: TableID, in database: borrowing Database) throws {
    guard holds(rowsOf: table) else { return }
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
  }

  /// How many blocking rows a group put there.
  func new(since group: GroupNumber, in database: borrowing Database) throws(SQLiteError) -> Int {
    guard isThere else { return 0 }
    return Int(
      try database.integer(
        "SELECT count(*) FROM \(SourceNames.quarantine) WHERE seen_group = ?1 AND discarded_at IS NULL",
        [.integer(group.rawValue)]))
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
