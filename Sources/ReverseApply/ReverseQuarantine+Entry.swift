import Capture
import Journal
import Model
import SQLite
import Schema

extension ReverseQuarantine {
  /// A row in the quarantine as people look at it.
  package struct Entry: Sendable {
    package let tableID: TableID
    package let table: String
    package let keyText: String
    /// The column at fault, where one is.
    package let column: String?
    package let reason: String
    /// SQLite's result code, where a constraint refused.
    package let code: Int32?
    /// ISO 8601, in UTC.
    package let firstSeen: String
    package let lastSeen: String
    /// When a person decided that the row does not come back; nil where it blocks the way.
    package let discardedAt: String?
    /// The row as the target had it: one field a column, as the type's send function gives it.
    package let fields: [Value]
    fileprivate let key: [UInt8]

    /// The fields of the key as the target had it.
    package func keyFields(_ plan: TablePlan) -> [Value]? {
      guard fields.count == plan.columns.count else { return nil }
      return plan.keyPositions.map { fields[$0] }
    }

    /// The row's values for people, as SQLite would write them; bytes where it cannot.
    package func values(_ plan: TablePlan) -> [Value] {
      guard fields.count == plan.columns.count else { return fields }
      return zip(plan.columns, fields).map { column, field in
        guard case .blob(let bytes) = field,
          let returning = try? ReturningColumn(column, of: nil, habit: Habit()),
          case .success(let value) = bytes.withUnsafeBytes({ returning.image(of: $0, skipping: 0) })
        else { return field }
        return value
      }
    }
  }

  /// All rows, in the order of tables and keys.
  package static func entries(in database: borrowing Database) throws -> [Entry] {
    var entries: [Entry] = []
    try forEach(in: database) { entries.append($0) }
    return entries
  }

  /// Calls `body` with each row.
  package static func forEach(in database: borrowing Database, _ body: (Entry) throws -> Void) throws {
    guard try exists(in: database) else { return }
    try database.forEach(
      """
      SELECT tbl, name, key_text, column_name, reason, code, first_seen, last_seen, discarded_at, key, image
      FROM \(SourceNames.quarantine) ORDER BY tbl, key
      """
    ) { row in
      try body(
        Entry(
          tableID: TableID(row.integer(0)), table: row.string(1) ?? "", keyText: row.string(2) ?? "",
          column: row.string(3), reason: row.string(4) ?? "",
          code: row.storageClass(5) == .null ? nil : Int32(truncatingIfNeeded: row.integer(5)),
          firstSeen: row.string(6) ?? "", lastSeen: row.string(7) ?? "", discardedAt: row.string(8),
          fields: row.withBlob(10) { ValueList.decode(Array($0)) } ?? [], key: row.withBlob(9) { Array($0) }))
    }
  }

  /// Marks rows as given up, or takes that back. In a transaction of its own.
  package static func setDiscarded(
    _ discarded: Bool, _ entries: [Entry], in database: borrowing Database
  ) throws {
    if entries.isEmpty { return }
    try database.transaction(.immediate) { database in
      let statement = try database.prepare(
        """
        UPDATE \(SourceNames.quarantine) SET discarded_at = \(discarded ? "coalesce(discarded_at, \(now))" : "NULL")
        WHERE tbl = ?1 AND key = ?2
        """)
      for entry in entries {
        try statement.bind(entry.tableID.rawValue, at: 1)
        try statement.bind(.blob(entry.key), at: 2)
        try statement.run()
      }
    }
  }
}
