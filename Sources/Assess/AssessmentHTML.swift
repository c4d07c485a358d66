import Model
import Schema

/// The report as one file for a browser or a printer: no scripts, nothing loaded from elsewhere.
package enum AssessmentHTML {
  package static func render(_ assessment: Assessment, showsValues: Bool = false) -> String {
    let title = "\(assessment.verdict): moving \(assessment.source.name) to PostgreSQL"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      \(HTMLText.element("title", title))
      <style>
      \(style)
      </style>
      </head>
      <body>
      \(header(assessment))
      \(facts(assessment))
      \(Severity.allCases.map { findings(assessment, $0) }.joined())
      \(tables(assessment, showsValues))
      \(needs(assessment))
      \(glossary)
      </body>
      </html>

      """
  }

  private static func header(_ assessment: Assessment) -> String {
    let summary: String
    let blockers = Int64(assessment.count(.blocker))
    let warnings = Int64(assessment.count(.warning))
    if assessment.isGo {
      summary =
        "Nothing stands in the way of the move. "
        + (warnings == 0
          ? "There is nothing to look at before."
          : "\(Words.count(warnings, "finding")) should be looked at before the switch.")
    } else {
      summary =
        "\(Words.count(blockers, "finding")) must be dealt with first. Each says below what to do."
        + (warnings == 0 ? "" : " \(Words.count(warnings, "more finding")) should be looked at before the switch.")
    }
    return """
      <header class="\(assessment.isGo ? "go" : "no-go")">
      \(HTMLText.element("p", assessment.verdict, class: "verdict"))
      <div>\(HTMLText.element("h1", "Moving \(assessment.source.name) to PostgreSQL"))\(HTMLText.element("p", summary))</div>
      </header>
      """
  }

  private static func facts(_ assessment: Assessment) -> String {
    var tiles = [
      (Words.number(Int64(assessment.tables.count)), "tables move"), (Words.number(assessment.rows), "rows"),
      (Words.bytes(assessment.source.usedBytes), "of data and indexes"),
    ]
    if let seconds = assessment.estimate.copySeconds {
      tiles.append(("about \(Words.duration(seconds))", "first copy; the application goes on meanwhile"))
    }
    let html = tiles.map { "<div>\(HTMLText.element("b", $0.0))\(HTMLText.element("span", $0.1))</div>" }
    var out = "<section class=\"tiles\">\(html.joined())</section>"
    if let rows = assessment.source.sampleRows {
      out += HTMLText.element(
        "p",
        "Only about \(Words.number(rows)) rows of each table were read: what this says of values holds for those.",
        class: "caution")
    }
    return out
  }

  private static func findings(_ assessment: Assessment, _ severity: Severity) -> String {
    let groups = assessment.groups(severity)
    guard !groups.isEmpty else { return "" }
    let heading =
      switch severity {
      case .blocker: "What must be dealt with first"
      case .warning: "What to look at before the switch"
      case .note: "Good to know"
      }
    let html = groups.map { group in
      let items = group.items.map { subjects, finding in
        var item = subjects.map { HTMLText.element("code", $0) }.joined(separator: ", ") + (subjects.isEmpty ? "" : " ")
        item += HTMLText.escaped(finding.text)
        if let key = finding.exampleKey {
          let value = finding.exampleValue.map { ": \($0)" } ?? ""
          item += HTMLText.element("span", " for example \(key)\(value)", class: "example")
        }
        return HTMLText.raw("li", item)
      }
      let remedy = group.kind.remedy
      return """
        <article class="\(severity.rawValue)">\(HTMLText.element("h3", group.kind.title))\
        \(HTMLText.raw("ul", items.joined()))\
        \(remedy.isEmpty ? "" : HTMLText.raw("p", "<b>What to do:</b> " + HTMLText.escaped(remedy), class: "remedy"))</article>
        """
    }
    return "<section>\(HTMLText.element("h2", heading))\n\(html.joined(separator: "\n"))\n</section>\n"
  }

  private static func tables(_ assessment: Assessment, _ showsValues: Bool) -> String {
    guard !assessment.tables.isEmpty else { return "" }
    let html = assessment.tablesWorstFirst.map { table in
      let rows = table.columns.map { column in
        let name = column.name == column.targetName ? column.name : "\(column.name) → \(column.targetName)"
        let cells =
          HTMLText.raw("td", HTMLText.element("code", name))
          + HTMLText.element("td", column.declared.isEmpty ? "–" : column.declared)
          + HTMLText.element("td", Holdings.words(column.facts, showsValues: showsValues))
          + HTMLText.raw("td", HTMLText.element("code", column.typeName))
          + HTMLText.element("td", column.misfitWords, class: "misfits")
        return "<tr>\(cells)</tr>"
      }
      let name = table.name == table.targetName ? table.name : "\(table.name) → \(table.targetName)"
      let details = "\(Words.count(table.rows, "row")), identified by \(table.key.joined(separator: ", "))"
      return """
        <h3>\(HTMLText.element("code", name)) \(HTMLText.element("small", details))</h3>
        <table><thead><tr><th>Column</th><th>Declared</th><th>Holds</th><th>In PostgreSQL</th><th></th></tr></thead>
        <tbody>\(rows.joined(separator: "\n"))</tbody></table>
        """
    }
    return "<section><h2>What moves as what</h2>\n\(html.joined(separator: "\n"))\n</section>"
  }

  private static func needs(_ assessment: Assessment) -> String {
    let estimate = assessment.estimate
    var items: [(String, String)] = []
    if let seconds = estimate.copySeconds {
      items.append(("First copy", "about \(Words.duration(seconds)): \(MoveEstimate.copyAssumption)"))
    }
    items.append(
      ("Disk on the target", "about \(Words.bytes(estimate.targetBytes)): \(MoveEstimate.targetAssumption)"))
    items.append(("Disk for the journal", MoveEstimate.journalAssumption))
    items.append(
      (
        "The file",
        "\(Words.bytes(assessment.source.bytes)), journal mode \(assessment.source.journalMode), text as \(assessment.source.encoding)"
      ))
    let html = items.map { HTMLText.element("dt", $0.0) + HTMLText.element("dd", $0.1) }
    return "<section><h2>What the move needs</h2><dl>\(html.joined())</dl></section>"
  }
}
