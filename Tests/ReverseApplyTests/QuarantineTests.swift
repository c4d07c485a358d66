import Capture
import Model
import SQLite
import Schema
import TestSupport
import Testing

@testable import ReverseApply

/// Values that PostgreSQL takes and SQLite refuses, or would quietly turn into something else (cases 45 and 48).
struct QuarantineTests {
  @Test func `NaN, which SQLite turns into NULL`() throws {
    let bench = try ReturnBench("CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL); INSERT INTO t VALUES (1, 0.5)")
    let nan = big(UInt64(0x7FF8_0000_0000_0000))
    let applied = try bench.apply(.fields("t", [big(Int64(1)), nan]), .row("t", [2, 1.5]))
    #expect(applied.quarantined == 1)
    #expect(bench.applier.quarantined == 1)
    // No old version stays.
    #expect(try bench.rows("SELECT * FROM t") == [[2, 1.5]])
    #expect(try bench.quarantine() == ["t 1 v: holds NaN, which SQLite turns into NULL"])
  }

  @Test func `infinity, kept as a double and refused as a decimal`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL, d DECIMAL); INSERT INTO t VALUES (1, 0.5, 1.5)")
    let infinite = big(UInt16(0)) + big(Int16(0)) + big(UInt16(0xD000)) + big(UInt16(0))
    try bench.apply(
      .row("t", [2, .real(-.infinity), 1.5]), .fields("t", [big(Int64(3)), big((1.5).bitPattern), infinite]))
    #expect(try bench.rows("SELECT * FROM t") == [[1, 0.5, 1.5], [2, .real(-.infinity), 1.5]])
    #expect(try bench.quarantine() == ["t 3 d: holds infinity, which SQLite cannot write here"])
  }

  @Test func `minus zero, which a REAL column keeps as zero`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL, w); INSERT INTO t VALUES (1, 0.5, 0.5)")
    try bench.apply(.row("t", [2, 0.5, -0.0]), .row("t", [3, -0.0, 0.5]))
    #expect(try bench.rows("SELECT * FROM t") == [[1, 0.5, 0.5], [2, 0.5, -0.0]])
    #expect(
      try bench.quarantine() == [
        "t 3 v: holds a double precision that SQLite would store as another value (its affinity is REAL)"
      ])
  }

  @Test func `a numeric beyond a double`() throws {
    let bench = try ReturnBench("CREATE TABLE t (id INTEGER PRIMARY KEY, v DECIMAL); INSERT INTO t VALUES (1, 1.5)")
    // 12345678901234567890.5
    let digits: [UInt16] = [1234, 5678, 9012, 3456, 7890, 5000]
    let wide = big(UInt16(6)) + big(Int16(4)) + big(UInt16(0)) + big(UInt16(1)) + digits.flatMap { big($0) }
    try bench.apply(.fields("t", [big(Int64(1)), wide]))
    #expect(try bench.rows("SELECT * FROM t") == [])
    #expect(
      try bench.quarantine() == [
        "t 1 v: holds a numeric that SQLite would store as another value (its affinity is NUMERIC)"
      ])
  }

  @Test func `text that SQLite takes for a number`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v CODE); INSERT INTO t VALUES (1, 'x1'), (2, 'x2')")
    #expect(try bench.type(of: "v", in: "t") == .anyText)
    try bench.apply(.row("t", [1, "007"]), .row("t", [2, "x3"]), .row("t", [3, "7"]))
    #expect(try bench.rows("SELECT * FROM t") == [[2, "x3"], [3, 7]])
    #expect(
      try bench.quarantine() == [
        "t 1 v: holds a text that SQLite would store as another value (its affinity is NUMERIC)"
      ])
  }

  @Test func `times that SQLite cannot write`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMP, day DATE);
      INSERT INTO t VALUES (1, '2024-01-01 00:00:00', '2024-01-01')
      """)
    let fine = try bench.fields("t", [1, "2024-01-01 00:00:00", "2024-01-01"])
    try bench.apply(
      .fields("t", [big(Int64(2)), big(Int64.max), fine[2]]), .fields("t", [big(Int64(3)), fine[1], big(Int32.min)]),
      .fields("t", [big(Int64(4)), big(Int64(300_000_000_000_000_000)), fine[2]]),
      .fields("t", [big(Int64(5)), fine[1], big(Int32(-800_000))]))
    #expect(try bench.value("SELECT count(*) FROM t") == 1)
    #expect(
      try bench.quarantine() == [
        "t 2 at: holds infinity, which SQLite cannot write here",
        "t 3 day: holds infinity, which SQLite cannot write here",
        "t 4 at: holds a time outside of the years 1 to 9999, which SQLite cannot write",
        "t 5 day: holds a time outside of the years 1 to 9999, which SQLite cannot write",
      ])
  }

  @Test func `a CHECK that only SQLite has`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER CHECK (v < 10)); INSERT INTO t VALUES (1, 1), (2, 2)")
    try bench.apply(.row("t", [1, 11]), .row("t", [2, 3]))
    #expect(try bench.rows("SELECT * FROM t") == [[2, 3]])
    #expect(try bench.quarantine() == ["t 1 -: refused by SQLite: CHECK constraint failed: v < 10"])
  }

  @Test func `a NULL that only SQLite refuses`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER NOT NULL DEFAULT 5); INSERT INTO t VALUES (1, 1)")
    try bench.apply(.fields("t", [big(Int64(1)), nil]), .fields("t", [big(Int64(2)), nil]))
    #expect(try bench.rows("SELECT * FROM t") == [])
    #expect(
      try bench.quarantine() == [1, 2].map { "t \($0) v: refused by SQLite: NOT NULL constraint failed: t.v" })
  }

  @Test func `a value of another type in a STRICT table`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, v INT, w ANY, x REAL) STRICT;
      INSERT INTO t VALUES (1, 1, 'a', 1), (2, 2, 5, 0.5)
      """)
    try bench.apply(.row("t", [1, 5, "5", 2.0]), .row("t", [3, nil, "b", nil]))
    #expect(
      try bench.rows("SELECT * FROM t") == [[1, 5, 5, 2.0], [2, 2, 5, 0.5], [3, nil, "b", nil]])
    #expect(try bench.quarantine() == [])
  }

  @Test func `keys that NOCASE takes for one`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (name TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INTEGER) WITHOUT ROWID;
      INSERT INTO t VALUES ('Abc', 1), ('x', 2)
      """)
    try bench.apply(.row("t", ["abc", 3]), .row("t", ["X", 4]), .gone("t", ["x"]))
    #expect(try bench.rows("SELECT * FROM t") == [["Abc", 1], ["X", 4]])
    #expect(try bench.quarantine() == ["t abc -: refused by SQLite: UNIQUE constraint failed: t.name"])
    // The one that stood in the way goes, and the other comes by itself.
    try bench.apply(.gone("t", ["Abc"]))
    #expect(try bench.rows("SELECT * FROM t") == [["abc", 3], ["X", 4]])
    #expect(try bench.quarantine() == [])
    #expect(bench.applier.quarantined == 0)
  }

  @Test func `a key that changes its spelling only`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (name TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INTEGER);
      INSERT INTO t VALUES ('Abc', 1), ('other', 2)
      """)
    try bench.apply(.row("t", ["ABC", 1]), .gone("t", ["Abc"]))
    #expect(try bench.rows("SELECT * FROM t ORDER BY name") == [["ABC", 1], ["other", 2]])
    #expect(try bench.quarantine() == [])
  }

  @Test func `keys that SQLite would store as one`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (k NUMERIC PRIMARY KEY NOT NULL, n INTEGER); INSERT INTO t VALUES ('a', 1), (5, 2)")
    #expect(try bench.type(of: "k", in: "t") == .keyText)
    let key = Array("05".utf8)
    try bench.apply(
      .fields("t", [key, big(Int64(7))]), .fields("t", [Array("006".utf8), big(Int64(7))]), .row("t", ["b", 3]),
      .row("t", [7, 4]), .row("t", [7.5, 4]))
    #expect(try bench.rows("SELECT * FROM t ORDER BY k") == [[5, 2], [7, 4], [7.5, 4], ["a", 1], ["b", 3]])
    #expect(
      try bench.quarantine() == [
        "t 006 k: holds a key that SQLite would store as another key",
        "t 05 k: holds a key that SQLite would store as another key",
      ])
    // What is gone there is none of ours.
    try bench.apply(.gone("t", [5]))
    #expect(try bench.value("SELECT count(*) FROM t") == 4)
    let plan = try bench.tablePlan("t")
    #expect(plan.keyPositions == [0])
  }

  @Test func `deleting a key that SQLite has under another form leaves the row alone`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (k NUMERIC PRIMARY KEY NOT NULL, n INTEGER); INSERT INTO t VALUES ('a', 1), (5, 2)")
    // '05' as text would find 5.
    try bench.apply([.gone("t", ["05"])])
    #expect(try bench.value("SELECT count(*) FROM t") == 2)
  }

  @Test func `a good image clears its key, a bad one replaces the earlier`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER CHECK (v < 10)); INSERT INTO t VALUES (1, 1)")
    try bench.apply(.row("t", [1, 11]))
    try bench.apply(.row("t", [1, 12]), .row("t", [2, 20]))
    #expect(bench.applier.quarantined == 2)
    try bench.restart()
    #expect(bench.applier.quarantined == 2)
    try bench.apply(.row("t", [1, 5]), .gone("t", [2]))
    #expect(try bench.quarantine() == [])
    #expect(bench.applier.quarantined == 0)
    #expect(try bench.rows("SELECT * FROM t") == [[1, 5]])
  }

  @Test func `a discarded row stays discarded until it fits`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER CHECK (v < 10)); INSERT INTO t VALUES (1, 1)")
    try bench.apply(.row("t", [1, 11]))
    let entries = try ReverseQuarantine.entries(in: bench.database)
    try ReverseQuarantine.setDiscarded(true, entries, in: bench.database)
    #expect(try bench.apply(.row("t", [1, 12])).quarantined == 0)
    #expect(try ReverseQuarantine.count(in: bench.database) == (0, 1))
    try bench.apply(.row("t", [1, 2]))
    #expect(try ReverseQuarantine.count(in: bench.database) == (0, 0))
    #expect(try bench.rows("SELECT * FROM t") == [[1, 2]])
  }

  @Test func `an expression of an index that raises`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX i ON t (json_extract(v, '$.a'));
      INSERT INTO t VALUES (1, '{}')
      """)
    try bench.apply(.row("t", [2, "no JSON"]), .row("t", [3, "{\"a\":1}"]))
    #expect(try bench.rows("SELECT id FROM t") == [[1], [3]])
    #expect(try bench.quarantine() == ["t 2 -: refused by SQLite: malformed JSON"])
  }

  @Test func `a constraint that resolves conflicts itself takes no other row away`() throws {
    let bench = try ReturnBench(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, v TEXT UNIQUE ON CONFLICT REPLACE,
        w INTEGER NOT NULL ON CONFLICT IGNORE);
      INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1)
      """)
    try bench.apply(.row("t", [3, "a", 1]), .fields("t", [big(Int64(4)), Array("d".utf8), nil]))
    #expect(try bench.rows("SELECT * FROM t") == [[1, "a", 1], [2, "b", 1]])
    #expect(
      try bench.quarantine() == [
        "t 3 -: refused by SQLite: UNIQUE constraint failed: t.v",
        "t 4 w: refused by SQLite: NOT NULL constraint failed: t.w",
      ])
  }

  @Test func `retry tries all that a constraint refused`() throws {
    let bench = try ReturnBench(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE); INSERT INTO t VALUES (1, 'a')")
    try bench.apply((2..<300).map { .row("t", [.integer($0), "a"]) })
    #expect(bench.applier.quarantined == 298)
    try bench.database.execute("UPDATE t SET v = 'b'")
    for _ in 0..<4 { try bench.applier.retry(in: bench.database) }
    // One of them fits.
    #expect(bench.applier.quarantined == 297)
    #expect(try bench.value("SELECT count(*) FROM t WHERE v = 'a'") == 1)
  }
}
