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
  /// - Parameter keys: each with the fields as `FieldSQL.keySent` gives them; nil for what the target cannot have.
  package static func discarded(
    _ keys: [[[UInt8]]?], of plan: TablePlan, in database: borrowing Database
  ) throws -> [Bool?] {
    let find = try database.prepare(
      "SELECT discarded_at IS NOT NULL FROM \(SourceNames.quarantine) WHERE tbl = ?1 AND key = ?2")
    return try keys.map { fields in
      guard let fields else { return nil }
      var keys: [[Value]] = [[]]
      for (column, field) in zip(plan.keyColumns, fields) {
        let same = sent(field, column.type).map { ReturningColumn.identity(of: $0, as: column.type) }
        keys = keys.flatMap { key in same.map { key + [$0] } }
      }
      for key in keys {
        try find.bind(plan.id.rawValue, at: 1)
        try find.bind(.blob(ValueList.encode(key)), at: 2)
        defer { find.reset() }
        if try find.step() { return find.integer(0) != 0 }
      }
      return nil
    }
  }

  /// A key's field as the target's type may have sent it: char(n) comes with its padding, and zero with either sign.
  private static func sent(_ field: [UInt8], _ type: TargetType) -> [[UInt8]] {
    switch type {
    case .char(let length):
      // Bytes that do not continue a character.
      let characters = field.count { $0 & 0xC0 != 0x80 }
      return [field + Array(repeating: UInt8(ascii: " "), count: max(Int(length) - characters, 0))]
    case .real, .double:
      guard let first = field.first, first & 0x7F == 0, field.dropFirst().allSatisfy({ $0 == 0 }) else {
        return [field]
      }
      return [0x00, 0x80].map { [$0] + field.dropFirst() }
    default: return [field]
    }
  }
}
