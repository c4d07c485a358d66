import Model

/// Something besides the rows themselves that was looked at.
package struct VerifyCheck: Sendable, Equatable {
  /// The names are stable: others build on them.
  package enum Name: String, Sendable, CaseIterable {
    case rowCounts = "row_counts"
    case foreignKeys = "foreign_keys"
    case schema
    case sequences
    case requiredColumns = "required_columns"
  }

  package let name: Name
  package let ok: Bool
  /// One sentence.
  package let detail: String
  /// What is not as it should be, one by one.
  package let findings: [String]

  init(_ name: Name, _ detail: String, findings: [String] = []) {
    self.name = name
    ok = findings.isEmpty
    self.detail = detail
    self.findings = findings
  }

  package var json: JSON {
    .object([
      ("name", .string(name.rawValue)), ("ok", .bool(ok)), ("detail", .string(detail)),
      ("findings", .array(findings.map { .string($0) })),
    ])
  }
}

/// Whether both stores were found to have as many rows, those in the quarantine apart.
enum RowCountCheck {
  static func check(_ tables: [VerifyTable], _ direction: Direction) -> VerifyCheck {
    let findings = tables.filter { table in
      // Rows that somebody gave up are not in the store that follows.
      let (first, second) =
        direction == .forward ? (table.sourceRows, table.targetRows) : (table.targetRows, table.sourceRows)
      return table.problem == nil && first - table.discarded != second
    }.map {
      "\($0.name): \($0.sourceRows) rows in SQLite, \($0.targetRows) in PostgreSQL"
        + ($0.quarantined > 0 ? " (\($0.quarantined) are in the quarantine)" : "")
    }
    let rows = tables.reduce(0) { $0 + $1.sourceRows }
    return VerifyCheck(.rowCounts, "\(rows) rows in \(tables.count) tables", findings: findings)
  }
}
