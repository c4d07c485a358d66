import Capture
import Dialect
import Model
import SQLite
import Schema

/// Looks at what the schema holds besides columns: objects that stay behind, and clauses that PostgreSQL does not have.
enum SchemaCheck {
  /// PostgreSQL's limit, less what sync may add.
  private static let columnLimit = 1_597

  // MARK: The whole schema

  static func findings(
    _ catalogue: SourceCatalogue, plan: TargetPlan, _ database: borrowing Database
  ) throws -> [Finding] {
    var findings = catalogue.leftOut.map { leftOut($0) }
    if plan.tables.isEmpty { findings.append(Finding(.nothingToMove, "no table would move")) }
    let reasons = Dictionary(plan.viewsLeftOut.map { ($0.name, $0.reason) }) { first, _ in first }
    for view in catalogue.views.map(\.name) {
      if let reason = reasons[view] {
        findings.append(Finding(.viewLeftOut, table: view, "a view: \(reason)", count: 1))
      } else {
        findings.append(Finding(.viewMoves, table: view, "is created on the target", count: 1))
      }
      if let finding = broken(view, database) { findings.append(finding) }
    }
    try database.forEach("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' ORDER BY tbl_name, name") {
      guard let name = $0.string(0), let table = $0.string(1), !isOurs(name) else { return }
      findings.append(Finding(.ownTrigger, table: table, "trigger '\(name)'", count: 1))
    }
    return findings
  }

  /// SQLite's message names functions, tables and columns, never values.
  private static func broken(_ view: String, _ database: borrowing Database) -> Finding? {
    do {
      _ = try database.prepare("SELECT * FROM \(SQLiteText.identifier(view))")
      return nil
    } catch {
      let isUnknown = error.message.contains("no such function") || error.message.contains("collation")
      return Finding(isUnknown ? .unknownFunction : .brokenView, table: view, error.message)
    }
  }

  private static func leftOut(_ table: SourceCatalogue.LeftOut) -> Finding {
    let reason = table.reason
    let kind: FindingKind =
      if reason.hasPrefix("shadow") {
        .shadowTable
      } else if reason.contains("virtual table") {
        .virtualTable
      } else if reason.hasPrefix("excluded") || reason.hasPrefix("not matched") {
        .excluded
      } else if reason.hasPrefix("no usable key") {
        .keyCannotMove
      } else {
        .unreadableTable
      }
    return Finding(kind, table: table.name, reason)
  }

  static func isOurs(_ name: String) -> Bool { name.lowercased().hasPrefix(SourceNames.prefix) }

  /// Objects of the application's with names that changeover needs, and what changeover left there earlier.
  static func installation(_ database: borrowing Database) throws -> [Finding] {
    do {
      if let installation = try SourceInstallation.read(database) {
        if installation.switchID != nil {
          return [Finding(.alreadyMoved, "the file is fenced since its switch to PostgreSQL")]
        }
        return [
          Finding(.installed, "\(Words.count(Int64(installation.tables.count), "table")) with triggers of changeover")
        ]
      }
    } catch let failure as Failure {
      return [Finding(.takenName, failure.message)]
    }
    var names: [String] = []
    try database.forEach("SELECT name FROM sqlite_schema ORDER BY name") {
      if let name = $0.string(0), isOurs(name) { names.append(name) }
    }
    return names.map { Finding(.takenName, "an object of the application is called '\($0)'", count: 1) }
  }

  // MARK: One table

  static func findings(
    _ input: Planner.Input, plan: TablePlan, isStrict: Bool, _ database: borrowing Database
  ) throws -> [Finding] {
    let table = input.table
    var findings: [Finding] = []
    func add(_ kind: FindingKind, column: String? = nil, _ text: String, count: Int64? = nil) {
      findings.append(Finding(kind, table: table.name, column: column, text, count: count))
    }
    if plan.columns.count > columnLimit { add(.tooManyColumns, "\(plan.columns.count) of at most \(columnLimit)") }
    for column in table.excluded ?? [] { add(.excluded, column: column.name, "excluded by its name") }
    for index in table.unprobedIndexes { add(.unseenReplace, "index '\(index)'") }
    for index in table.indexes {
      for term in index.terms where !["BINARY", "NOCASE", "RTRIM"].contains(term.collation.uppercased()) {
        add(.unknownFunction, "index '\(index.name)' uses the collation '\(term.collation)'")
      }
    }
    if table.isAutoincrement { add(.autoincrement, "numbers are never given twice") }
    if table.isWithoutRowid { add(.withoutRowid, "its primary key is carried over") }
    if isStrict { add(.strictTable, "PostgreSQL is as strict by nature") }
    let lost = table.checks.count - plan.checks.count
    if lost > 0, !plan.notes.contains(where: { $0.contains("CHECK") }) {
      add(.checkLost, Words.count(Int64(lost), "CHECK constraint"), count: Int64(lost))
    }
    if !table.conflictClauses.isEmpty {
      add(
        .conflictClauseLost, table.conflictClauses.joined(separator: ", "), count: Int64(table.conflictClauses.count))
    }
    return findings
  }
}
