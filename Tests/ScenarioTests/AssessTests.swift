import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The assess command as an operator runs it.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct AssessTests {
  /// Everything in the directory, byte for byte, but what the scenario itself writes there.
  private func contents(_ scenario: Scenario) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in Files.names(in: scenario.directory) where name.hasPrefix("app.db") {
      contents[name] = try Files.read("\(scenario.directory)/\(name)")
    }
    return contents
  }

  @Test(arguments: ["wal", "delete"])
  func `GO is exit code 0, and neither the file nor its directory changes`(mode: String) throws {
    try Scenario.run { it in
      try it.sqlite(
        "PRAGMA journal_mode = \(mode); CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'x');")
      let before = try contents(it)
      let result = try it.changeover("assess")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("\nGO: 0 blockers"))
      #expect(result.errors == "")
      #expect(try contents(it) == before)
    }
  }

  @Test func `NO-GO is exit code 1, and the target is not needed`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (17, 'a' || char(0));")
      let result = try it.changeover("assess", environment: ["DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"])
      #expect(result.status == 1)
      #expect(result.output.contains("BLOCKER  Text with NUL characters"))
      #expect(result.output.contains("id = 17"))
      #expect(result.output.trimmed.components(around: "NO-GO: 1 blocker") == 2)
    }
  }

  @Test func `--json is one object with the promised fields`() throws {
    struct Report: Decodable {
      struct Table: Decodable {
        struct Column: Decodable { var name: String, declared: String, target_type: String }
        struct Finding: Decodable { var kind: String, severity: String, column: String? }
        var name: String, rows: Int, key: [String], columns: [Column], findings: [Finding]
      }
      var go: Bool, tables: [Table]
    }
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(3), xmin); INSERT INTO t VALUES (1, 'x', 2);")
      let result = try it.changeover("assess", "--json")
      let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
      #expect(report.go && result.status == 0)
      let table = try #require(report.tables.first)
      #expect(table.name == "t" && table.rows == 1 && table.key == ["id"])
      #expect(table.columns.map(\.declared) == ["INTEGER", "VARCHAR(3)", ""])
      #expect(table.findings.contains { $0.kind == "renamed" && $0.column == "xmin" && $0.severity == "warning" })
    }
  }

  @Test func `--html writes a page, but never over a database`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY);")
      let page = "\(it.directory)/report.html"
      #expect(try it.changeover("assess", "--html", page).status == 0)
      #expect(Files.text(page).hasPrefix("<!DOCTYPE html>"))
      let before = try contents(it)
      let refused = try it.changeover("assess", "--html", it.source)
      #expect(refused.status == 64 && refused.errors.contains("is a database"), "\(refused.errors)")
      #expect(try it.changeover("assess", "--html", "\(it.directory)/none/report.html").status == 78)
      #expect(try contents(it) == before)
    }
  }

  @Test func `--sample reads a part and says so`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, a);
        INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i FROM n;
        """)
      let result = try it.changeover("assess", "--sample", "100")
      #expect(result.status == 0)
      #expect(result.output.contains("5,000 rows") && result.output.contains("Only a sample was read"))
      #expect(try it.changeover("assess", "--sample", "0").status == 64)
    }
  }

  @Test func `what is no database, or not there, has its own exit codes`() throws {
    try Scenario.run { it in
      try Files.write("no database at all, but long enough to be looked at", to: it.source)
      #expect(try it.changeover("assess").status == 65)
      #expect(try it.changeover("assess", "--source", "/nowhere.db").status == 69)
    }
  }

  @Test(
    .enabled(if: !RealDatabaseTests.names.isEmpty, "there are no sample databases"), arguments: RealDatabaseTests.names)
  func `the sample databases are GO`(name: String) throws {
    try Scenario.run { it in
      try Files.copy("\(RealDatabaseTests.directory)/\(name)", to: it.source)
      let result = try it.changeover("assess")
      #expect(result.status == 0, "\(result.output)")
    }
  }

  @Test func `Ctrl-C ends it without a verdict`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, a);
        INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT i, i FROM n;
        """)
      let assess = try it.start("assess")
      try Waiting.until("it listens to signals") { assess.catches(SIGINT) }
      assess.send(SIGINT)
      #expect(try assess.wait() == 75)
      #expect(assess.errors.contains("stopped as asked") && assess.output == "")
    }
  }
}
