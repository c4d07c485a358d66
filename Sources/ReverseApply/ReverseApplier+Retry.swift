import Journal
import Model
import SQLite

/// Rows that a constraint refused are tried again when their table has changed: the row that stood in the way may be gone.
extension ReverseApplier {
  /// So many rows of a table at a time; the next ones are then those after them.
  private static let retriedRows = 100

  /// Inside the transaction, with the desk open.
  mutating func retry(
    _ tables: [TableID], before group: GroupNumber?, _ database: borrowing Database
  ) throws {
    guard let desk else { return }
    for id in tables where desk.quarantine.holds(rowsOf: id) {
      guard let plan = plans[id] else { continue }
      let table = try desk.table(plan, in: database)
      let cases = try desk.quarantine.constraintCases(
        of: id, after: retriedThrough[id] ?? [], before: group ?? GroupNumber(.max), limit: Self.retriedRows,
        in: database)
      retriedThrough[id] = cases.count < Self.retriedRows ? nil : cases.last?.key
      for (_, image) in cases {
        guard let values = ValueList.decode(image), values.count == table.columns.count else { continue }
        try HeldFields.lend(values) { fields in
          guard try table.upsert(fields, in: database) == .done else { return }
          try desk.quarantine.release(key: table.key(of: fields), of: table, in: database)
        }
      }
    }
  }
}
