import Capture
import Journal
import Model
import SQLite
import Schema

/// Looking keys up.
extension ReverseQuarantine {
  /// Whether any row of a table is there.
  package static func holdsRows(of table: TableID, in database: borrowing Database) throws -> Bool {
    guard try exists(in: database) else { return false }
    return try database.integer(
      "SELECT EXISTS (SELECT 1 FROM \(SourceNames.quarantine) WHERE tbl = ?1)", [.integer(table.rawValue)]) != 0
  }

  /// Of each key whether a person discarded its row; nil for keys that are not there.
  /// - Parameter keys: each with the fields that the target's types send; nil for what the target cannot have.
  package static func discarded(
    _ keys: [[[UInt8]]?], of plan: TablePlan, in database: borrowing Database
  ) throws -> [Bool?] {
    let find = try database.prepare(
      "SELECT discarded_at IS NOT NULL FROM \(SourceNames.quarantine) WHERE tbl = ?1 AND key = ?2")
    return try keys.map { fields in
      guard let fields else { return nil }
      let identity = zip(plan.keyColumns, fields).map { ReturningColumn.identity(of: $1, as: $0.type) }
      try find.bind(plan.id.rawValue, at: 1)
      try find.bind(.blob(ValueList.encode(identity)), at: 2)
      defer { find.reset() }
      return try find.step() ? find.integer(0) != 0 : nil
    }
  }
}
