import Model
import Schema
import Testing

@testable import Assess

/// The three forms of a report, from a model made by hand.
@Suite struct RenderingTests {
  private static let column = AssessedColumn(
    name: "total", targetName: "total", declared: "DECIMAL(10,2)", targetType: .numeric(nil),
    facts: ColumnFacts(classes: [.real, .null]), misfits: 1_234)

  private static func assessment(_ findings: [Finding], table: String = "orders") -> Assessment {
    var source = SourceProfile(path: "/srv/shop.db")
    source.pageSize = 4_096
    source.pages = 1_000
    let tables = [
      AssessedTable(name: "quiet", targetName: "quiet", rows: 1, key: ["id"], columns: []),
      AssessedTable(name: table, targetName: table, rows: 20_000, key: ["id"], columns: [column]),
    ]
    return Assessment(
      source: source, tables: tables, findings: findings,
      estimate: MoveEstimate(scanSeconds: 2, rowsRead: 20_001, rows: 20_001, usedBytes: 4_096_000))
  }

  private static let mixed = [
    Finding(.autoincrement, table: "orders", "numbers are never given twice"),
    Finding(
      .nulInText, table: "orders", column: "memo", "3 values with a NUL character", count: 3, exampleKey: "id = 17"),
    Finding(.ownTrigger, table: "orders", "trigger 'touch'"),
    Finding(.hiddenKey, table: "a", "no key"), Finding(.hiddenKey, table: "b", "no key"),
  ]

  @Test func `only a blocker makes it NO-GO`() {
    #expect(Self.assessment([]).verdict == "GO")
    #expect(Self.assessment(Self.mixed.filter { $0.severity != .blocker }).verdict == "GO")
    #expect(Self.assessment(Self.mixed).verdict == "NO-GO")
  }

  @Test func `findings and tables stand worst first`() {
    let assessment = Self.assessment(Self.mixed)
    #expect(assessment.findings.map(\.severity) == [.blocker, .warning, .note, .note, .note])
    #expect(assessment.tablesWorstFirst.map(\.name) == ["orders", "quiet"])
    #expect(assessment.groups(.note).map(\.kind) == [.hiddenKey, .autoincrement])
  }

  @Test func `findings that say the same name their subjects together`() {
    let items = Self.assessment(Self.mixed).groups(.note)[0].items
    #expect(items.map(\.subjects) == [["a", "b"]])
  }

  @Test(arguments: [40, 80, 120, 200])
  func `no line is wider than the screen`(width: Int) {
    let long = String(repeating: "Überschrift", count: 20)
    let wide = String(repeating: "日本語", count: 30)
    let assessment = Self.assessment(
      Self.mixed + [Finding(.renamed, table: long, column: wide, "is called something else")], table: long)
    let text = AssessmentText.render(assessment, width: width, isColoured: false)
    for line in text.split(separator: "\n") { #expect(TextLayout.width(String(line)) <= width, "\(line)") }
  }

  @Test func `text ends with the verdict and names example and remedy`() {
    let text = AssessmentText.render(Self.assessment(Self.mixed), width: 100, isColoured: false)
    #expect(text.hasSuffix("NO-GO: 1 blocker, 1 warning, 3 notes"))
    #expect(text.contains("orders.memo: 3 values with a NUL character (e.g. id = 17)"))
    #expect(text.contains("→ Clean the values"))
    #expect(text.contains("1,234 do not fit"))
    #expect(!text.contains("\u{1B}"))
  }

  @Test func `colours come only when asked for, and never from a name`() {
    let assessment = Self.assessment([Finding(.ownTrigger, table: "a\u{1B}[2J", "trigger 'x\r\n'")])
    #expect(AssessmentText.render(assessment, width: 80, isColoured: true).contains("\u{1B}[1;32mGO\u{1B}[0m"))
    let plain = AssessmentText.render(assessment, width: 80, isColoured: false)
    #expect(!plain.contains("\u{1B}") && !plain.contains("\r"))
    #expect(plain.contains("a\\u{1B}[2J: trigger 'x\\u{D}\\u{A}'"))
  }

  @Test func `JSON has the promised fields`() throws {
    let json = Self.assessment(Self.mixed).json().text
    #expect(json.hasPrefix(#"{"go":false,"#))
    for field in [
      #""name":"orders","target_name":"orders","rows":20000,"key":["id"],"columns":[{"name":"total""#,
      #""declared":"DECIMAL(10,2)","target_type":"numeric""#, #""misfits":1234,"findings":[]"#,
      #"{"kind":"nul-in-text","severity":"blocker","table":"orders","column":"memo""#, #""example_key":"id = 17""#,
    ] {
      #expect(json.contains(field), "\(field) in \(json)")
    }
    #expect(!json.contains("least_text"))
  }

  @Test func `every kind has a title, and what can be mended has a remedy`() {
    for kind in FindingKind.allCases {
      #expect(!kind.title.isEmpty)
      #expect(kind.severity == .note || !kind.remedy.isEmpty, "\(kind)")
    }
  }

  @Test func `the page escapes what comes from the database`() {
    let evil = #"<script>alert("x")</script>&'"#
    let page = AssessmentHTML.render(
      Self.assessment([Finding(.ownTrigger, table: evil, evil, exampleKey: "k = '<b>'")], table: evil))
    #expect(!page.contains("<script") && !page.contains("<b>'"))
    #expect(page.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;"))
  }

  @Test func `the page stands alone and says what it is`() {
    let page = AssessmentHTML.render(Self.assessment(Self.mixed))
    for text in [
      "<!DOCTYPE html>", "NO-GO: moving shop.db to PostgreSQL", "What must be dealt with first",
      "What moves as what", "What the move needs", "<dt>Quarantine</dt>", "@media print",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    for text in ["http", "src=", "<link", "url("] { #expect(!page.contains(text), "\(text)") }
  }
}
