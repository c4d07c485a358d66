import Schema

/// What was found out about a source: what moves as what, what will not fit, and whether it can begin.
package struct Assessment: Sendable {
  package var source: SourceProfile
  /// The tables that move, in the order of the plan.
  package var tables: [AssessedTable]
  /// Worst first.
  package var findings: [Finding]
  package var estimate: MoveEstimate

  package init(source: SourceProfile, tables: [AssessedTable], findings: [Finding], estimate: MoveEstimate) {
    self.source = source
    self.tables = tables
    self.findings = findings.sorted(by: Finding.isWorse)
    self.estimate = estimate
  }

  package var isGo: Bool { !findings.contains { $0.severity == .blocker } }
  package var verdict: String { isGo ? "GO" : "NO-GO" }
  package var rows: Int64 { tables.reduce(0) { $0 &+ $1.rows } }

  package func count(_ severity: Severity) -> Int { findings.count { $0.severity == severity } }

  /// Findings about a table, or about one of its columns.
  package func findings(on table: String, column: String? = nil) -> [Finding] {
    findings.filter { $0.table == table && (column == nil || $0.column == column) }
  }

  /// Findings of one severity, those of a kind together.
  package func groups(_ severity: Severity) -> [FindingGroup] {
    var groups: [FindingGroup] = []
    for finding in findings where finding.severity == severity {
      if groups.last?.kind == finding.kind {
        groups[groups.count - 1].findings.append(finding)
      } else {
        groups.append(FindingGroup(kind: finding.kind, findings: [finding]))
      }
    }
    return groups
  }

  /// Tables with the worst findings first.
  package var tablesWorstFirst: [AssessedTable] {
    tables.enumerated().map { number, table in
      let worst = findings(on: table.name).first?.severity
      return (table, worst, number)
    }.sorted { a, b in
      switch (a.1, b.1) {
      case (let x?, let y?) where x != y: x < y
      case (.some, nil): true
      case (nil, .some): false
      default: a.2 < b.2
      }
    }.map(\.0)
  }
}

/// Findings of one kind and severity.
package struct FindingGroup: Sendable {
  package var kind: FindingKind
  package var findings: [Finding]

  /// The findings, those that say the same of several subjects together.
  var items: [(subjects: [String], finding: Finding)] {
    var items: [(subjects: [String], finding: Finding)] = []
    for finding in findings {
      let subjects = finding.subject.isEmpty ? [] : [finding.subject]
      let same = items.firstIndex { $0.finding.text == finding.text && $0.finding.exampleKey == finding.exampleKey }
      if let same, finding.exampleKey == nil {
        items[same].subjects += subjects
      } else {
        items.append((subjects, finding))
      }
    }
    return items
  }
}

/// A table that moves.
package struct AssessedTable: Sendable {
  package var name: String
  package var targetName: String
  package var rows: Int64
  /// The target's names of the columns that identify a row.
  package var key: [String]
  package var columns: [AssessedColumn]

  package init(name: String, targetName: String, rows: Int64, key: [String], columns: [AssessedColumn]) {
    self.name = name
    self.targetName = targetName
    self.rows = rows
    self.key = key
    self.columns = columns
  }
}

/// A column that moves, with what it was seen to hold.
package struct AssessedColumn: Sendable {
  package var name: String
  package var targetName: String
  package var declared: String
  package var targetType: TargetType
  /// The type as the server writes it, where the plan has another than the type's own.
  package var typeSQL: String?
  package var facts: ColumnFacts
  /// Values that the proposed type does not take.
  package var misfits: Int64

  package init(
    name: String, targetName: String, declared: String, targetType: TargetType, typeSQL: String? = nil,
    facts: ColumnFacts, misfits: Int64 = 0
  ) {
    self.name = name
    self.targetName = targetName
    self.declared = declared
    self.targetType = targetType
    self.typeSQL = typeSQL
    self.facts = facts
    self.misfits = misfits
  }

  /// `3 do not fit`; empty where all values do.
  var misfitWords: String {
    misfits == 0 ? "" : misfits == 1 ? "1 does not fit" : "\(Words.number(misfits)) do not fit"
  }

  /// The type for people: without the collation, which every text column has.
  package var typeName: String {
    let sql = typeSQL ?? targetType.sql
    let collation = " COLLATE \"C\""
    return sql.hasSuffix(collation) ? String(sql.dropLast(collation.count)) : sql
  }
}

/// The file as SQLite describes it.
package struct SourceProfile: Sendable {
  package var path: String
  package var pageSize: Int64 = 0
  package var pages: Int64 = 0
  package var freePages: Int64 = 0
  package var encoding = "UTF-8"
  package var journalMode = "delete"
  /// Rows read of each table where not all were.
  package var sampleRows: Int64?

  package init(path: String) { self.path = path }

  package var bytes: Int64 { pages.multipliedReportingOverflow(by: pageSize).partialValue }
  package var usedBytes: Int64 { max(pages - freePages, 0).multipliedReportingOverflow(by: pageSize).partialValue }
  /// The file's name without its directories.
  package var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
