import Model
import Pipeline
import Verify

/// A verify's report in words.
struct VerifyText {
  private let report: VerifyReport

  init(_ report: VerifyReport) { self.report = report }

  var lines: [String] {
    let differing = report.tables.filter { !$0.differences.isEmpty || $0.problem != nil || $0.total > 0 }
    return report.tables.flatMap(table) + report.notCompared.map { "    not compared: \($0)" }
      + differing.flatMap(differences) + report.checks.flatMap(check)
      + [conclusion] + remedies
  }

  /// Whether SQLite followed PostgreSQL.
  private var isBack: Bool { report.direction == .reverse }

  private func table(_ table: VerifyTable) -> [String] {
    var text = "\(table.sourceRows) rows"
    if table.sourceRows != table.targetRows { text += " in SQLite, \(table.targetRows) in PostgreSQL" }
    if let problem = table.problem {
      text = "not compared: \(problem)"
    } else {
      text += table.total == 0 ? ", equal" : ", \(table.total) \(table.total == 1 ? "row differs" : "rows differ")"
      if table.quarantined > 0 { text += " (\(table.quarantined) in the quarantine, \(table.discarded) discarded)" }
      if table.repaired > 0 { text += ", \(table.repaired) repaired" }
      if table.stripped > 0 { text += ", \(table.stripped) values without their NUL characters, as asked" }
      if table.emptied > 0 { text += ", \(table.emptied) empty values are NULL, as asked" }
    }
    return ["\(Terminal.mark(table.isEqual))  \(table.name): \(text)"]
      + table.notCompared.map { "    \(table.name): not compared: \($0)" }
  }

  private func differences(_ table: VerifyTable) -> [String] {
    let shown = table.differences.prefix(report.limit)
    var lines = shown.flatMap { difference in
      [sentence(difference, table)]
        + (difference.values ?? []).map {
          "        \($0.column): \($0.source.map(ValueText.text) ?? "no row") in SQLite, "
            + "\(target($0, difference.kind)) in PostgreSQL"
        }
    }
    let rest = table.total + table.repaired - Int64(shown.count)
    if rest > 0 { lines.append("    \(table.name): \(rest) more (--limit names more)") }
    return lines
  }

  /// PostgreSQL's text of a value, in quotes as SQLite's is, but for what is plainly a number.
  private func target(_ values: VerifyDifference.ColumnValues, _ kind: Difference.Kind) -> String {
    guard let text = values.target else { return kind == .missing ? "no row" : "NULL" }
    if case .text? = values.source { return ValueText.text(.text(text)) }
    return Double(text) != nil ? text : ValueText.text(.text(text))
  }

  private func sentence(_ difference: VerifyDifference, _ table: VerifyTable) -> String {
    let key = difference.key.map(ValueText.text).joined(separator: ", ")
    var text = "    \(table.name) \(key): "
    switch difference.kind {
    case .missing: text += isBack ? "only in SQLite" : "missing in PostgreSQL"
    case .extra: text += isBack ? "missing in SQLite" : "only in PostgreSQL"
    case .different:
      let columns = difference.columns.map { name in
        difference.lossyColumns.contains(name) ? "\(name) (SQLite's value cannot be told from PostgreSQL's)" : name
      }
      text += "differs in \(columns.joined(separator: ", "))"
    }
    switch difference.quarantine {
    case .waiting: text += ", in the quarantine"
    case .discarded: text += ", discarded from the quarantine"
    case nil: break
    }
    if difference.isKeyOfTarget { text += ", under a key that SQLite has no value for" }
    if difference.isRepaired { text += ": repaired" }
    return text
  }

  private func check(_ check: VerifyCheck) -> [String] {
    let name = check.name.rawValue.replacing("_", with: " ")
    return ["\(Terminal.mark(check.ok))  \(name): \(check.detail)"] + check.findings.map { "        \($0)" }
  }

  private var conclusion: String {
    let place = report.position.map { " (group \($0.group), change \($0.sequence))" } ?? ""
    let seconds = "\((report.seconds * 10).rounded() / 10) s"
    if report.differences > report.tables.reduce(0, { $0 + $1.discarded }) {
      return "DIFFERENT: \(report.differences) rows of \(report.rows) differ, compared in \(seconds)\(place)."
    }
    guard report.isEqual else {
      let count = report.tables.count { $0.problem != nil }
      let what = count == 1 ? "1 table was not compared" : "\(count) tables were not compared"
      return "NOT PROVEN EQUAL: \(what); \(report.rows) rows of the others are equal, in \(seconds)\(place)."
    }
    let what = report.isFull ? "Both stores are equal" : "The tables named are equal in both stores"
    return "\(what): \(report.rows) rows compared in \(seconds)\(place)."
      + (report.isClean ? "" : " See what failed above.")
  }

  /// What to do next.
  private var remedies: [String] {
    var lines: [String] = []
    let listed = report.tables.flatMap(\.differences).contains(where: \.isRepairable)
    // Of rows in the quarantine all are counted, also where they are not listed.
    let unlisted = report.tables.contains { $0.unlisted > 0 && $0.total > $0.quarantined }
    let wasRepaired = report.wasRepair
    let authority = isBack ? "PostgreSQL" : "SQLite"
    if listed || unlisted, !wasRepaired {
      lines.append("verify --repair has the rows that differ brought again from \(authority).")
    }
    if unlisted, wasRepaired {
      lines.append("More rows differ than a repair lists, and none of those listed could be mended: mend them first.")
    }
    if listed, wasRepaired {
      lines.append(
        isBack
          ? "What still differs came back the same: run it again, and report what does not go."
          : "What still differs came back the same: see the check 'schema', and triggers on the target (docs/verify.md)."
      )
    }
    if report.quarantined > report.tables.reduce(0, { $0 + $1.discarded }) {
      lines.append("changeover quarantine list tells why rows are in the quarantine.")
    }
    if report.tables.flatMap(\.differences).contains(where: \.isKeyOfTarget) {
      lines.append(
        isBack
          ? "Rows under keys that SQLite has no value for cannot go back: give them other keys in PostgreSQL."
          : "Rows under keys that SQLite has no value for were put there by hand: delete them on the target.")
    }
    return lines
  }
}
