import Model
import SQLite
import Testing

@testable import Capture

/// Kinds of statements, and what the application sees of them.
@Suite struct StatementTests {
  private static let schema = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, n INT)", "CREATE TABLE plain (a, b)",
    "CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)", "INSERT INTO plain VALUES (1, 2), (3, 4)",
    "INSERT INTO w VALUES ('x', 1), ('y', 2)",
  ]

  private var scenario: Scenario {
    var scenario = Scenario()
    scenario.schema = Self.schema
    return scenario
  }

  /// Case 12.
  @Test func `savepoints rolled back leave no change`() throws {
    try scenario.expectCaptured(
      "BEGIN", "INSERT INTO t VALUES (4, 'd', 4)", "SAVEPOINT one", "UPDATE t SET n = 9", "DELETE FROM plain",
      "SAVEPOINT two", "DELETE FROM t", "ROLLBACK TO two", "INSERT INTO w VALUES ('z', 3)", "ROLLBACK TO one",
      "UPDATE t SET n = 10 WHERE id = 4", "RELEASE one", "COMMIT", "SAVEPOINT outer", "DELETE FROM w",
      "ROLLBACK TO outer",
      "RELEASE outer", "BEGIN", "DELETE FROM t", "DELETE FROM plain", "ROLLBACK")
  }

  /// Case 12.
  @Test func `failed statements leave no change`() throws {
    try scenario.expectCaptured(
      .refused("INSERT INTO t VALUES (10, 'x', 1), (11, 'a', 1)"), .refused("UPDATE t SET a = 'same'"),
      .refused("INSERT INTO t SELECT id + 1, a, n FROM t"), "BEGIN", "INSERT INTO t VALUES (5, 'e', 5)",
      .refused("INSERT INTO t VALUES (6, 'f', 6), (7, 'a', 7)"), "COMMIT",
      .refused("INSERT INTO t VALUES (12, abs(-9223372036854775808), 1)"))
  }

  /// Case 12.
  @Test func `changes and last_insert_rowid are what they were`() throws {
    try scenario.expectCaptured(
      "INSERT INTO t (a) VALUES ('d')", "INSERT INTO plain VALUES (5, 6), (7, 8)", "INSERT INTO w VALUES ('z', 3)",
      "UPDATE t SET n = n + 1", "UPDATE t SET id = id + 100 WHERE id > 3", "DELETE FROM plain WHERE a > 4",
      "INSERT OR REPLACE INTO t VALUES (1, 'b', 0)", "INSERT OR IGNORE INTO t VALUES (1, 'x', 0)",
      "INSERT INTO t (a) VALUES ('q') ON CONFLICT DO NOTHING",
      "INSERT INTO t (a, n) VALUES ('q', 1) ON CONFLICT (a) DO UPDATE SET n = 5", "DELETE FROM t",
      "DELETE FROM w WHERE 0")
  }

  /// Case 12.
  @Test func `DELETE without WHERE and INSERT from SELECT are captured row by row`() throws {
    try scenario.expectCaptured(
      "INSERT INTO plain SELECT n, a FROM t UNION ALL SELECT a, b FROM plain",
      "INSERT INTO t SELECT id + 10, a || '2', n FROM t",
      "DELETE FROM plain", "DELETE FROM t", "INSERT INTO plain SELECT * FROM plain",
      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50) INSERT INTO t SELECT i, 'r' || i, i FROM c",
      "UPDATE t SET n = c.id FROM (SELECT id, n FROM t) AS c WHERE c.n = t.n + 1",
      "DELETE FROM w WHERE k IN (SELECT k FROM w)")
  }

  /// Case 12.
  @Test func `RETURNING gives the same rows`() throws {
    try scenario.expectCaptured(
      "INSERT INTO t (a, n) VALUES ('d', 4), ('e', 5) RETURNING id, a, n",
      "UPDATE t SET n = n * 2 WHERE n > 1 RETURNING *",
      "INSERT INTO t (a, n) VALUES ('a', 4) ON CONFLICT (a) DO UPDATE SET n = excluded.n RETURNING id, n",
      "INSERT OR REPLACE INTO t VALUES (50, 'b', 1) RETURNING *", "DELETE FROM plain RETURNING rowid, a",
      "INSERT INTO w VALUES ('q', 1) RETURNING k", "DELETE FROM t RETURNING id")
  }

  /// Case 12.
  @Test func `writers through ATTACH are captured`() throws {
    let bench = try Bench(Self.schema)
    let python = try PythonProcess()
    for application in Application.allCases {
      let other = bench.directory.file("other-\(application).db")
      try Database(path: other, access: .create).execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, n)")
      let writer: any ApplicationConnection =
        application.isPython
        ? try python.connect(path: ":memory:", pragmas: application.pragmas)
        : try OwnConnection(path: ":memory:", pragmas: application.pragmas)
      for sql in [
        "ATTACH '\(bench.path)' AS shop", "ATTACH '\(other)' AS other", "CREATE TABLE t (id INTEGER PRIMARY KEY, a, n)",
        "CREATE TEMP TABLE w (k, v)",
        "INSERT INTO t VALUES (77, 'not ours', 1)", "INSERT INTO other.t SELECT * FROM shop.t",
        "INSERT OR REPLACE INTO shop.t SELECT id + 40, a, n FROM other.t", "UPDATE shop.t SET n = n + 1",
        "DELETE FROM shop.w WHERE v = 1", "INSERT INTO shop.w VALUES ('\(application)', 5)",
        "UPDATE OR REPLACE shop.t SET a = 'b' WHERE a = 'c'", "INSERT INTO shop.plain SELECT id, a FROM t",
      ] {
        #expect(try writer.run(sql).error == "", "\(sql)")
        try bench.capture()
        try bench.expectInStep("\(application) after \(sql)")
      }
    }
  }

  @Test func `many statements in one transaction are one group`() throws {
    let bench = try Bench(Self.schema)
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    for sql in ["BEGIN", "UPDATE t SET n = 7", "UPDATE t SET n = 8", "DELETE FROM plain"] { _ = try writer.run(sql) }
    #expect(try bench.capture() == nil)
    _ = try writer.run("COMMIT")
    let captured = try bench.capture()
    // Three rows updated twice, two deleted, and the declarations of two tables.
    #expect(captured?.entries == 7)
    #expect(captured?.position.sequence == bench.change(8))
    #expect(try bench.capture() == nil)
    try bench.expectInStep()
  }
}
