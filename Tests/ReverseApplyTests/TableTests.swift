import Capture
import Model
import SQLite
import Schema
import TestSupport
import Testing

@testable import ReverseApply

/// Kinds of tables and keys.
struct TableTests {
  @Test func `two rows swap a UNIQUE value, and keep their spellings`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at DATETIME);
      INSERT INTO t VALUES (1, 'a', '2024-01-01T00:00'), (2, 'b', '2024-01-01 00:00:00'), (3, 'c', 1700000000)
      """)
    let before = try bench.rows("SELECT at FROM t")
    try bench.apply(.row("t", [1, "b", before[0][0]]), .row("t", [2, "a", before[1][0]]))
    #expect(
      try bench.rows("SELECT * FROM t") == [
        [1, "b", "2024-01-01T00:00"], [2, "a", "2024-01-01 00:00:00"], [3, "c", 1_700_000_000],
      ])
    #expect(try bench.quarantine() == [])
  }

  @Test func `a UNIQUE value moves along a chain, and round a ring`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, place INTEGER UNIQUE);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i, i FROM n
      """)
    try bench.apply((1...500).map { .row("t", [.integer($0), .integer($0 + 1)]) })
    #expect(try bench.value("SELECT count(*) FROM t WHERE place = id + 1") == 500)
    try bench.apply((1...500).map { .row("t", [.integer($0), .integer($0 == 500 ? 2 : $0 + 2)]) })
    #expect(try bench.value("SELECT count(*) FROM t WHERE place = iif(id = 500, 2, id + 2)") == 500)
    #expect(try bench.quarantine() == [])
  }

  @Test func `rows that pass each other keep the rowid and the columns that do not move`() throws {
    var overrides = Overrides()
    overrides.set("t", "secret", at: "the test") { $0.isExcluded = true }
    let bench = try ReturnBench(
      """
      CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, name TEXT UNIQUE, secret TEXT DEFAULT 'none');
      INSERT INTO t (rowid, k, name, secret) VALUES (10, 'x', 'a', 's1'), (20, 'y', 'b', 's2')
      """, overrides: overrides)
    try bench.apply(.row("t", ["x", "b"]), .row("t", ["y", "a"]), .row("t", ["z", "c"]))
    #expect(
      try bench.rows("SELECT rowid, * FROM t ORDER BY k") == [
        [10, "x", "b", "s1"], [20, "y", "a", "s2"], [21, "z", "c", "none"],
      ])
  }

  @Test func `a group that swaps and repeats ends as it came last`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    try bench.apply(
      [
        .row("t", [1, "b"]), .row("t", [2, "c"]), .gone("t", [1]), .row("t", [3, "a"]), .row("t", [2, "x"]),
        .row("t", [1, "c"]),
      ], keysMayRepeat: true)
    #expect(try bench.rows("SELECT * FROM t") == [[1, "c"], [2, "x"], [3, "a"]])
    #expect(try bench.quarantine() == [])
  }

  @Test func `a table that is replaced keeps what comes again, as it is spelled`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, mail TEXT UNIQUE);
      INSERT INTO t VALUES (1, '2024-01-01T00:00', 'a'), (2, '2024-01-01 00:00:00', 'b'), (3, 1700000000, 'c'),
        (5, '2024-01-02 00:00:00', 'd')
      """)
    try bench.apply(.replace("t"), .row("t", [4, "2024-01-01 00:00:00", "b"]), .row("t", [3, 1_700_000_000, "a"]))
    #expect(try bench.rows("SELECT * FROM t") == [[3, 1_700_000_000, "a"], [4, "2024-01-01 00:00:00", "b"]])
    try bench.apply(.replace("t"))
    #expect(try bench.rows("SELECT * FROM t") == [])
  }

  @Test(arguments: [
    "CREATE TABLE t (a TEXT COLLATE NOCASE, b, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID",
    "CREATE TABLE t (a TEXT NOT NULL, b NOT NULL, v TEXT, UNIQUE (a, b))",
    "CREATE TABLE t (a TEXT, b, v TEXT)",
    "CREATE TABLE t (a TEXT NOT NULL, b NOT NULL, v TEXT, rowid, oid, _rowid_, PRIMARY KEY (a, b))",
  ])
  func `a table that is replaced, by kind of key`(_ table: String) throws {
    let bench = try ReturnBench(
      "\(table); INSERT INTO t (a, b, v) VALUES ('A', 1, 'old'), ('a', 2, 'old'), ('b', 1, 'old'), ('B', 3, 'old')")
    let expressions = try bench.sourceTable("t").imageExpressions
    var images = try bench.rows("SELECT \(expressions) FROM t ORDER BY a COLLATE NOCASE, b")
    images.remove(at: 1)
    images[1][2] = "new"
    var new = images[1]
    new[0] = "c"
    if case .rowid = try bench.sourceTable("t").key { new[new.count - 1] = 77 }
    try bench.apply([.replace("t")] + (images + [new]).map { .row("t", $0) }, entriesInPart: 2)
    #expect(
      try bench.rows("SELECT a, b, v FROM t ORDER BY a COLLATE NOCASE, b")
        == [["A", 1, "old"], ["b", 1, "new"], ["B", 3, "old"], ["c", 1, "new"]])
  }

  @Test func `rows without a key have the rowid of the target's hidden column`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (a TEXT, b REAL); INSERT INTO t VALUES ('x', 1.5), ('x', 1.5), ('y', 2)")
    try bench.apply(.gone("t", [2]), .row("t", ["z", 3.5, 9]), .row("t", ["x", 7.5, 1]))
    #expect(
      try bench.rows("SELECT rowid, * FROM t") == [[1, "x", 7.5], [3, "y", 2.0], [9, "z", 3.5]])
  }

  @Test func `generated columns are SQLite's own`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER AS (a * 2), c TEXT AS ('<' || a || '>') STORED);
      INSERT INTO t (id, a) VALUES (1, 1)
      """)
    let seven = big(Int64(7))
    let word = Array("what PostgreSQL computed".utf8)
    try bench.apply(.fields("t", [big(Int64(1)), seven, seven, word]), .fields("t", [big(Int64(2)), seven, nil, nil]))
    #expect(try bench.rows("SELECT * FROM t") == [[1, 7, 14, "<7>"], [2, 7, 14, "<7>"]])
  }

  @Test func `a key that SQLite computes`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (a TEXT, k TEXT NOT NULL AS (lower(a)) STORED UNIQUE); INSERT INTO t (a) VALUES ('X'), ('Y')
      """)
    #expect(try bench.tablePlan("t").keyPositions == [1])
    try bench.apply(
      .row("t", ["Z", "z"]), .row("t", ["x", "x"]), .fields("t", [Array("Q".utf8), Array("other".utf8)]),
      .gone("t", ["y"]))
    #expect(try bench.rows("SELECT a, k FROM t ORDER BY k") == [["x", "x"], ["Z", "z"]])
    #expect(try bench.quarantine() == ["t other k: holds a key that SQLite would store as another key"])
  }

  @Test func `AUTOINCREMENT hands out no number twice`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT); INSERT INTO t (v) VALUES ('a'), ('b')")
    try bench.apply(.row("t", [100, "c"]))
    try bench.apply(.gone("t", [100]))
    #expect(try bench.rows("SELECT * FROM sqlite_sequence") == [["t", 100]])
    try ReverseApplier.raiseSequences(["t": 50], in: bench.database)
    #expect(try bench.rows("SELECT * FROM sqlite_sequence") == [["t", 100]])
    try ReverseApplier.raiseSequences(["t": 150, "none": 3], in: bench.database)
    #expect(try bench.rows("SELECT * FROM sqlite_sequence WHERE name = 't'") == [["t", 150]])
  }

  @Test func `UTF-16 databases`() throws {
    let bench = try ReturnBench(
      "PRAGMA encoding = 'UTF-16'",
      "CREATE TABLE t (k TEXT PRIMARY KEY NOT NULL, v TEXT); INSERT INTO t VALUES ('é', '漢')")
    #expect(try bench.value("PRAGMA encoding") == "UTF-16le")
    try bench.apply(.row("t", ["é", "🚚"]), .row("t", ["ß", ""]))
    #expect(try bench.rows("SELECT * FROM t ORDER BY k DESC") == [["é", "🚚"], ["ß", ""]])
  }

  @Test func `names with quotes, spaces and no letters`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE "a ""b" ("" INTEGER PRIMARY KEY, "select" TEXT, "é" DATETIME);
      INSERT INTO "a ""b" VALUES (1, 'x', '2024-01-01T00:00:00')
      """)
    try bench.apply(
      .row("a \"b", [1, "y", "2024-01-02T00:00:00"]), .row("a \"b", [2, "z", "2024-01-02 00:00:00"]))
    #expect(
      try bench.rows("SELECT * FROM \"a \"\"b\"")
        == [[1, "y", "2024-01-02T00:00:00"], [2, "z", "2024-01-02T00:00:00"]])
  }

  @Test func `VACUUM of the fenced file spoils rowids, until the table comes anew`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE keyless (v TEXT); CREATE TABLE keyed (id INTEGER PRIMARY KEY, v TEXT);
      INSERT INTO keyless (rowid, v) VALUES (5, 'five'), (9, 'nine'); INSERT INTO keyed VALUES (1, 'a')
      """)
    try bench.apply(.row("keyless", ["NINE", 9]))
    try bench.database.execute("VACUUM")
    let keyless = try bench.sourceTable("keyless").id
    // Nothing of the keyless table is applied to the wrong rows; other tables go on.
    let spoilt = try bench.apply(.row("keyless", ["new", 1]), .gone("keyless", [2]), .row("keyed", [1, "b"]))
    #expect(spoilt.awaited == [keyless])
    #expect(try bench.rows("SELECT v FROM keyless ORDER BY rowid") == [["five"], ["NINE"]])
    #expect(try bench.rows("SELECT v FROM keyed") == [["b"]])
    try bench.restart()
    #expect(try bench.apply(.row("keyless", ["newer", 1])).awaited == [keyless])
    let healed = try bench.apply(
      .replace("keyless"), .row("keyless", ["newer", 1]), .row("keyless", ["five", 5]), .row("keyless", ["NINE", 9]))
    #expect(healed.awaited == [])
    #expect(
      try bench.rows("SELECT rowid, v FROM keyless") == [[1, "newer"], [5, "five"], [9, "NINE"]])
    // The next VACUUM is noticed again.
    try bench.database.execute("VACUUM")
    #expect(try bench.apply(.row("keyed", [1, "c"])).awaited == [keyless])
  }

  @Test func `what only the application's SQLite has stands in the way of a table`() throws {
    let bench = try ReturnBench("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')")
    #expect(ReverseApplier.obstacles(bench.plan, bench.installation, in: bench.database).isEmpty)
    try bench.database.execute(
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT CHECK (slug(v)))' WHERE name = 't';
      PRAGMA writable_schema = RESET
      """)
    let obstacles = ReverseApplier.obstacles(bench.plan, bench.installation, in: bench.database)
    #expect(obstacles.map(\.table) == ["t"])
    #expect(obstacles.first?.reason.contains("slug") == true)
    let failure = #expect(throws: Failure.self) { try bench.apply(.row("t", [1, "b"])) }
    #expect(failure?.message.contains("'t'") == true)
    #expect(failure?.message.contains("slug") == true)
  }
}
