import SQLite
import Testing

@testable import Capture

/// What the triggers cost: every probe and every look-up must be a search by an index.
@Suite struct PlanTests {
  private static let schema = [
    "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT NOT NULL DEFAULT 7 UNIQUE, c COLLATE NOCASE UNIQUE, d, e)",
    "CREATE UNIQUE INDEX p1 ON p (lower(a))", "CREATE UNIQUE INDEX p2 ON p (e) WHERE d > 1 AND c <> 'x'",
    "CREATE UNIQUE INDEX p3 ON p (a COLLATE NOCASE DESC, b)", "CREATE UNIQUE INDEX p4 ON p (c COLLATE BINARY)",
    "CREATE UNIQUE INDEX p5 ON p (b + 1, e, (lower(d) COLLATE RTRIM)) WHERE d IS NOT NULL OR a LIKE 'x%'",
    "CREATE UNIQUE INDEX p6 ON p ((d IS NULL)) WHERE d IS NULL",
    "CREATE UNIQUE INDEX p7 ON p (trim(a), length(d)) WHERE a LIKE '%@%'",
    "CREATE TABLE k (k TEXT COLLATE NOCASE, n REAL, v UNIQUE, PRIMARY KEY (k, n))",
    "CREATE TABLE n (k TEXT COLLATE NOCASE, v, PRIMARY KEY (k COLLATE BINARY))",
    "CREATE TABLE w (k, l BLOB, v TEXT UNIQUE, x AS (v || k) UNIQUE, PRIMARY KEY (k, l)) WITHOUT ROWID",
    "CREATE TABLE r (a UNIQUE, b)", "CREATE UNIQUE INDEX r1 ON r (abs(b))",
    "CREATE TABLE auto (id INTEGER PRIMARY KEY, a)", "CREATE UNIQUE INDEX auto1 ON auto (id % 10)",
    "CREATE UNIQUE INDEX auto2 ON auto (id, a)", "CREATE UNIQUE INDEX auto3 ON auto (a || 'x') WHERE id > 7",
  ]

  private func expectSearches(_ bench: Bench, _ sql: String, of table: String) throws {
    let plan = try bench.database.queryPlan(sql)
    #expect(!plan.contains { $0.hasPrefix("SCAN \(table)") }, "\(sql): \(plan)")
  }

  /// Case 2.
  @Test func `no trigger scans its table`() throws {
    let bench = try Bench(Self.schema)
    for (table, column, key) in [("p", "a", "id"), ("k", "v", "rowid"), ("n", "k", "rowid"), ("r", "a", "rowid")] {
      try expectSearches(bench, "INSERT OR REPLACE INTO \(table) (\(column)) VALUES (?1)", of: table)
      try expectSearches(bench, "UPDATE OR REPLACE \(table) SET \(column) = ?1 WHERE \(key) = ?2", of: table)
      try expectSearches(bench, "DELETE FROM \(table) WHERE \(key) = ?1", of: table)
    }
    try expectSearches(bench, "INSERT OR REPLACE INTO w VALUES (?1, ?2, ?3)", of: "w")
    try expectSearches(bench, "UPDATE OR REPLACE w SET v = ?1 WHERE k = ?2 AND l = ?3", of: "w")
  }

  /// Case 2.
  @Test func `every UNIQUE index but the harmful ones has its probe, and every probe names its index`() throws {
    let bench = try Bench(Self.schema)
    let indexes = ["p": ["p1", "p2", "p3", "p4", "p5", "p6", "p7"], "k": [], "w": []]
    for (table, names) in indexes {
      let statement = table == "w" ? "INSERT INTO w VALUES (1, 1, 1)" : "INSERT INTO \(table) DEFAULT VALUES"
      let plan = try bench.database.queryPlan(statement).joined(separator: "\n")
      for name in names { #expect(plan.contains("INDEX \(name) "), "\(plan)") }
      #expect(Probe.unprobed(of: try bench.table(table)) == [])
    }
    #expect(Probe.unprobed(of: try bench.table("r")) == ["r1"])
    #expect(Probe.unprobed(of: try bench.table("auto")) == ["auto1"])
  }

  @Test func `a row is looked up by its key's index`() throws {
    let bench = try Bench(Self.schema)
    for table in bench.installation.tables {
      try expectSearches(bench, RowReader.query(table), of: table.name)
    }
  }
}
