import Model
import Schema

/// The report for a terminal: findings worst first, tables, needs, and the verdict as the last word.
package struct AssessmentText {
  private let assessment: Assessment
  private let width: Int
  private let isColoured: Bool
  private let showsValues: Bool
  private var lines: [String] = []

  /// - Parameter width: columns of the screen.
  package static func render(
    _ assessment: Assessment, width: Int, isColoured: Bool, showsValues: Bool = false
  ) -> String {
    var text = AssessmentText(assessment, max(width, 40), isColoured, showsValues)
    text.write()
    return text.lines.joined(separator: "\n")
  }

  private init(_ assessment: Assessment, _ width: Int, _ isColoured: Bool, _ showsValues: Bool) {
    self.assessment = assessment
    self.width = width
    self.isColoured = isColoured
    self.showsValues = showsValues
  }

  private mutating func write() {
    let source = assessment.source
    wrapped(
      "\(Words.printable(source.name)): \(Words.bytes(source.bytes)), "
        + "\(Words.count(Int64(assessment.tables.count), "table")), \(Words.count(assessment.rows, "row"))"
        + (source.sampleRows.map { " (about \(Words.number($0)) of each table were read)" } ?? ""), first: "", next: "")
    for severity in Severity.allCases { findings(severity) }
    tables()
    needs()
    lines.append("")
    let counts = Severity.allCases.map { Words.count(Int64(assessment.count($0)), $0.rawValue) }.joined(separator: ", ")
    let verdict = styled(assessment.verdict, assessment.isGo ? .good : .blocker)
    lines.append("\(verdict): \(counts)")
  }

  // MARK: Findings

  /// Lines of one kind that are shown; the others are counted. JSON and HTML have them all.
  private static let shown = 12

  private mutating func findings(_ severity: Severity) {
    for group in assessment.groups(severity) {
      lines.append("")
      let mark = severity.rawValue.uppercased()
      for (number, line) in TextLayout.wrap(group.kind.title, to: width - 9).enumerated() {
        let lead = TextLayout.fit(number == 0 ? mark : "", to: 9)
        lines.append(styled(lead, Style(severity)) + styled(line, .strong))
      }
      let items = group.items
      for (subjects, finding) in items.prefix(Self.shown) { item(subjects, finding) }
      let hidden = items.count - Self.shown
      if hidden > 0 { lines.append("  and \(hidden) more") }
      if !group.kind.remedy.isEmpty { wrapped(group.kind.remedy, first: "  → ", next: "    ", .faint) }
    }
  }

  private mutating func item(_ subjects: [String], _ finding: Finding) {
    var text = subjects.isEmpty ? finding.text : "\(subjects.joined(separator: ", ")): \(finding.text)"
    if let key = finding.exampleKey { text += " (e.g. \(key)" + (finding.exampleValue.map { ": \($0)" } ?? "") + ")" }
    wrapped(Words.printable(text), first: "  ", next: "    ")
  }

  // MARK: Tables

  private mutating func tables() {
    for table in assessment.tablesWorstFirst {
      lines.append("")
      let worst = assessment.findings(on: table.name).first?.severity ?? .note
      let title = Words.printable(table.name) + (table.name == table.targetName ? "" : " → \(table.targetName)")
      let details = "\(Words.count(table.rows, "row")), key \(Words.printable(table.key.joined(separator: ", ")))"
      let room = max(width - TextLayout.width(details) - 2, 12)
      let name = TextLayout.fit(title, to: min(room, TextLayout.width(title)))
      lines.append(styled(name, worst == .note ? .strong : Style(worst)) + "  " + details)
      columns(of: table)
    }
  }

  private mutating func columns(of table: AssessedTable) {
    var rows = [["column", "declared", "holds", "PostgreSQL", ""]]
    for column in table.columns {
      rows.append([
        Words.printable(column.name), column.declared.isEmpty ? "–" : Words.printable(column.declared),
        Holdings.words(column.facts, showsValues: showsValues), column.typeName,
        column.misfitWords,
      ])
    }
    if rows.allSatisfy({ $0[4].isEmpty }) { rows = rows.map { Array($0.prefix(4)) } }
    let widths = TextLayout.columns(rows, within: width - 2)
    for (number, row) in rows.enumerated() {
      let cells = zip(row, widths).map { TextLayout.fit($0, to: $1) }
      var line = "  " + cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      lines.append(
        number == 0 ? styled(line, .faint) : row.last?.hasSuffix("fit") == true ? styled(line, .blocker) : line)
    }
  }

  // MARK: Needs

  private mutating func needs() {
    lines.append("")
    lines.append(styled("What the move needs", .strong))
    let estimate = assessment.estimate
    if let seconds = estimate.copySeconds {
      need("first copy", "about \(Words.duration(seconds)): \(MoveEstimate.copyAssumption)")
    }
    need("target disk", "about \(Words.bytes(estimate.targetBytes)): \(MoveEstimate.targetAssumption)")
    need("journal disk", MoveEstimate.journalAssumption)
  }

  private mutating func need(_ what: String, _ text: String) {
    let label = TextLayout.fit("  \(what)", to: 16)
    wrapped(text, first: label, next: String(repeating: " ", count: 16))
  }

  // MARK: Lines

  private mutating func wrapped(
    _ text: String, first: String = "  ", next: String = "    ", _ style: Style? = nil
  ) {
    let indent = max(first.count, next.count)
    let parts = TextLayout.wrap(text, to: width - indent)
    for (number, line) in parts.enumerated() {
      lines.append((number == 0 ? first : next) + (style.map { styled(line, $0) } ?? line))
    }
  }

  private enum Style: String {
    case blocker = "1;31"
    case warning = "33"
    case note = "36"
    case good = "1;32"
    case strong = "1"
    case faint = "2"

    init(_ severity: Severity) {
      switch severity {
      case .blocker: self = .blocker
      case .warning: self = .warning
      case .note: self = .note
      }
    }
  }

  private func styled(_ text: String, _ style: Style) -> String {
    isColoured ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}
