import Model
import Schema

/// Looks at the names of tables and columns with PostgreSQL's eyes.
enum NameCheck {
  static func findings(_ tables: [SourceTable], plan: TargetPlan) -> [Finding] {
    var findings: [Finding] = []
    findings += collisions(tables.map(\.name), on: nil)
    var capitals: [String] = []
    for (table, planned) in zip(tables, plan.tables) {
      if ReservedWords.contains(planned.targetName) { findings.append(reserved(table.name, nil)) }
      if hasCapitals(planned.targetName) { capitals.append(planned.sourceName) }
      findings += collisions(table.columns.map(\.name), on: table.name)
      for column in planned.columns where column.sourceName != SourceTable.hiddenColumn {
        if ReservedWords.contains(column.targetName) { findings.append(reserved(table.name, column.sourceName)) }
      }
      let columns = planned.columns.filter { hasCapitals($0.targetName) }
      if !columns.isEmpty, capitals.last != planned.sourceName { capitals.append(planned.sourceName) }
    }
    if !capitals.isEmpty {
      let count = Int64(capitals.count)
      findings.append(
        Finding(
          .caseInName, "\(Words.count(count, "table")) with capital letters in a name: \(list(capitals))",
          count: count))
    }
    return findings
  }

  private static func reserved(_ table: String, _ column: String?) -> Finding {
    Finding(.reservedName, table: table, column: column, "a reserved word")
  }

  private static func hasCapitals(_ name: String) -> Bool { name != name.lowercased() }

  /// SQLite folds ASCII letters only, so that Ä and ä are two names; some libraries fold them all.
  private static func collisions(_ names: [String], on table: String?) -> [Finding] {
    Dictionary(grouping: names) { $0.lowercased() }.values.filter { $0.count > 1 }.map { names in
      Finding(.collidingCase, table: table, "\(list(names.sorted()))", count: Int64(names.count))
    }
  }

  /// The first few names, and how many more there are.
  static func list(_ names: [String]) -> String {
    let shown = names.prefix(6).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
  }
}
