import Testing

/// Rows that a conflict clause deletes without firing a delete trigger.
@Suite struct ReplaceTests {
  /// Case 1.
  @Test func `a REPLACE that displaces another row logs both keys`() throws {
    try Scenario(
      "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT)",
      "INSERT INTO users VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z')"
    ).expectCaptured(
      "INSERT OR REPLACE INTO users VALUES (4, 'a', 'new')",
      "INSERT OR REPLACE INTO users (email, name) VALUES ('b', 'automatic')",
      "REPLACE INTO users VALUES (3, 'a', 'two at once')",
      "INSERT OR REPLACE INTO users VALUES (3, 'a', 'itself')",
      "INSERT OR REPLACE INTO users (email) SELECT email FROM users UNION ALL SELECT 'a' UNION ALL SELECT 'a'")
  }

  /// Case 2.
  @Test func `an UPDATE OR REPLACE that displaces other rows logs them`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT, c INT, UNIQUE (b, c))",
      "INSERT INTO t VALUES (1, 'a', 1, 1), (2, 'b', 1, 2), (3, 'c', 2, 1), (4, 'd', 2, 2), (5, NULL, NULL, NULL)"
    ).expectCaptured(
      "UPDATE OR REPLACE t SET a = 'b' WHERE id = 1",
      "UPDATE OR REPLACE t SET id = 4 WHERE id = 3",
      "UPDATE OR REPLACE t SET b = 1, c = 1 WHERE id = 4",
      "INSERT INTO t VALUES (7, 'x', 7, 7), (8, 'y', 8, 8), (9, 'z', 9, 9)",
      "UPDATE OR REPLACE t SET a = 'one', b = 1, c = 1")
  }

  /// Case 2.
  @Test func `a plain INSERT displaces rows where the constraint says REPLACE`() throws {
    try Scenario(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a TEXT UNIQUE ON CONFLICT REPLACE,
        b TEXT, c TEXT, UNIQUE (b, c) ON CONFLICT REPLACE)
      """,
      "INSERT INTO t VALUES (1, 'a', 'b', 'c'), (2, 'd', 'e', 'f'), (3, 'g', 'h', 'i')"
    ).expectCaptured(
      "INSERT INTO t VALUES (4, 'a', 'x', 'x')",
      "INSERT INTO t VALUES (5, 'd', 'h', 'i')",
      "INSERT INTO t VALUES (5, 'k', 'l', 'm')",
      "UPDATE t SET a = 'k' WHERE id = 4",
      "UPDATE t SET id = id / 2")
  }

  /// Case 2.
  @Test func `tables WITHOUT ROWID are no exception`() throws {
    try Scenario(
      """
      CREATE TABLE t (k TEXT, n INT, u TEXT UNIQUE, v TEXT COLLATE NOCASE UNIQUE, PRIMARY KEY (k, n)) WITHOUT ROWID
      """,
      "INSERT INTO t VALUES ('a', 1, 'u1', 'v1'), ('a', 2, 'u2', 'v2'), ('b', 1, 'u3', 'v3')"
    ).expectCaptured(
      "INSERT OR REPLACE INTO t VALUES ('c', 1, 'u1', 'other')",
      "INSERT OR REPLACE INTO t VALUES ('d', 1, 'u2', 'V3')",
      "INSERT OR REPLACE INTO t VALUES ('d', 1, 'u5', 'OTHER')",
      "INSERT INTO t VALUES ('x', 1, 'p', 'q'), ('x', 2, 'r', 's')",
      "UPDATE OR REPLACE t SET u = 'p' WHERE k = 'd'",
      "UPDATE OR REPLACE t SET k = 'd', n = 1 WHERE n = 2")
  }

  /// Case 2.
  @Test func `UNIQUE indexes over expressions, parts and other collations displace too`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, c TEXT COLLATE RTRIM, d, active INT)",
      "CREATE UNIQUE INDEX i1 ON t (lower(a))",
      "CREATE UNIQUE INDEX i2 ON t (b) WHERE active = 1 AND b > 10",
      "CREATE UNIQUE INDEX i3 ON t (c COLLATE NOCASE)",
      "CREATE UNIQUE INDEX i4 ON t (d, b + 1 /* a, b */ DESC, (c) COLLATE BINARY) WHERE d IS NOT NULL",
      "INSERT INTO t VALUES (1, 'Ada', 20, 'x', NULL, 1), (2, 'Bob', 30, 'y', 'd', 1), (3, 'Cy', 20, 'z ', 1, 0)"
    ).expectCaptured(
      "INSERT OR REPLACE INTO t VALUES (4, 'ADA', 1, 'p', NULL, 0)",
      "INSERT OR REPLACE INTO t VALUES (5, 'e', 30, 'q', NULL, 1)",
      "INSERT OR REPLACE INTO t VALUES (6, 'f', 20, 'Z ', NULL, 0)",
      "INSERT INTO t VALUES (7, 'g', 7, 'r', 1, 0), (8, 'h', 8, 's', 1.0, 0), (9, 'i', '8', 'S ', '1', 0)",
      "INSERT OR REPLACE INTO t VALUES (10, 'j', 7, 'r', 1.0, 0)",
      "INSERT OR REPLACE INTO t VALUES (11, 'k', 8.0, 's', 1, 0)",
      "UPDATE OR REPLACE t SET a = 'K', active = 1 WHERE id = 10",
      "INSERT INTO t VALUES (20, 'l', 50, 't', NULL, 1), (21, 'm', 50, 'u', NULL, 0)",
      "UPDATE OR REPLACE t SET active = 1 WHERE id = 21",
      "UPDATE OR REPLACE t SET b = b + 0")
  }

  /// Case 2.
  @Test func `an expression sees the values as the columns would store them`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT, r REAL, x)",
      "CREATE UNIQUE INDEX i1 ON t (n || '/' || s)",
      "CREATE UNIQUE INDEX i2 ON t (CASE WHEN n > '5' THEN s END)",
      "CREATE UNIQUE INDEX i3 ON t (r || x)",
      "CREATE UNIQUE INDEX i4 ON t (typeof(n), typeof(s), typeof(r), x)",
      "INSERT INTO t VALUES (1, 7, 'a', 1, 'x')",
      "CREATE TABLE u (id INTEGER PRIMARY KEY, n INTEGER, s TEXT)",
      "CREATE UNIQUE INDEX u1 ON u (CASE WHEN n > '5' THEN s END)", "CREATE UNIQUE INDEX u2 ON u (s > 5, n)",
      "INSERT INTO u VALUES (1, 10, 'a'), (2, 2, '10')"
    ).expectCaptured(
      "INSERT OR REPLACE INTO t VALUES (2, '7', 'a', 2, 'y')",
      "INSERT OR REPLACE INTO t VALUES (3, 7.0, x'61', '3', 'z')",
      "INSERT OR REPLACE INTO t VALUES (4, 8, 'a', 3, 'z')",
      "INSERT OR REPLACE INTO t VALUES (5, 'text', 5, 5.0, NULL)",
      "INSERT OR REPLACE INTO t VALUES (6, 'text', '5', 6, 1)",
      "INSERT OR REPLACE INTO t VALUES (7, 1, 2, 6.0, '1')",
      "INSERT OR REPLACE INTO t VALUES (8, 3, 4, 8, 1.0), (9, 5, 6, 9, 1)",
      "INSERT OR REPLACE INTO u VALUES (3, '11', 'a')", "INSERT OR REPLACE INTO u VALUES (4, 2, 100)",
      "UPDATE OR REPLACE u SET n = 6, s = 'a' WHERE id = 4")
  }

  /// Case 2.
  @Test func `an index over a constant lets one row live`() throws {
    try Scenario(
      "CREATE TABLE one (id INTEGER PRIMARY KEY, a)", "CREATE UNIQUE INDEX only ON one ((1))",
      "CREATE TABLE open (id INTEGER PRIMARY KEY, closed INT)",
      "CREATE UNIQUE INDEX unclosed ON open ((closed IS NULL)) WHERE closed IS NULL"
    ).expectCaptured(
      "INSERT INTO one VALUES (1, 'a')", "INSERT OR REPLACE INTO one VALUES (2, 'b')",
      "UPDATE OR REPLACE one SET id = 5, a = 'c'", "INSERT INTO open VALUES (1, NULL)",
      "INSERT OR REPLACE INTO open VALUES (2, NULL)", "UPDATE open SET closed = 1",
      "INSERT INTO open VALUES (3, NULL)", "UPDATE OR REPLACE open SET closed = NULL WHERE id = 2")
  }

  /// Case 2.
  @Test func `an explicit rowid displaces a row of a table keyed by something else`() throws {
    try Scenario(
      "CREATE TABLE t (k TEXT PRIMARY KEY, v)", "CREATE TABLE u (rowid TEXT PRIMARY KEY, oid)",
      "INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3)", "INSERT INTO u VALUES ('a', 1), ('b', 2), ('c', 3)"
    ).expectCaptured(
      "INSERT OR REPLACE INTO t (rowid, k, v) VALUES (2, 'x', 9)",
      "INSERT OR REPLACE INTO t (rowid, k, v) VALUES (3, 'a', 9)",
      "UPDATE OR REPLACE t SET rowid = 2 WHERE k = 'a'",
      "UPDATE t SET rowid = 70 WHERE k = 'a'",
      "INSERT INTO t (rowid, k) VALUES (-1, 'minus one')", "INSERT INTO t (k) VALUES ('automatic')",
      "INSERT OR REPLACE INTO t (rowid, k) VALUES (-1, 'minus two')",
      "INSERT OR REPLACE INTO u (_rowid_, rowid) VALUES (2, 'x')",
      "UPDATE OR REPLACE u SET _rowid_ = 3 WHERE rowid = 'a'")
  }

  /// Case 2.
  @Test func `UNIQUE generated columns displace too`() throws {
    try Scenario(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT,
        v TEXT AS (lower(a)) VIRTUAL UNIQUE, s INT GENERATED ALWAYS AS (b * 2) STORED UNIQUE)
      """,
      "INSERT INTO t (id, a, b) VALUES (1, 'Ada', 1), (2, 'Bob', 2), (3, 'Cy', 3)",
      "CREATE TABLE two (id INTEGER PRIMARY KEY, a, b, g AS (a || b) UNIQUE, h AS (b || a) STORED)",
      "CREATE UNIQUE INDEX i ON two (upper(h))", "INSERT INTO two VALUES (1, 'x', 'y'), (2, 'xx', 'z'), (3, 'p', 'q')"
    ).expectCaptured(
      "INSERT OR REPLACE INTO t (id, a, b) VALUES (4, 'ADA', 4)",
      "INSERT OR REPLACE INTO t (id, a, b) VALUES (5, 'e', 2)",
      "UPDATE OR REPLACE t SET a = 'CY' WHERE id = 5",
      "UPDATE OR REPLACE t SET b = 4 WHERE id = 5",
      "REPLACE INTO t (a, b) VALUES ('cy', 4)",
      // Only one of the columns that the generated one is made of.
      "UPDATE OR REPLACE two SET b = 'xz' WHERE id = 1", "UPDATE OR REPLACE two SET a = 'P', b = 'Q' WHERE id = 1",
      "INSERT OR REPLACE INTO two VALUES (4, 'Pq', '')")
  }

  /// Case 3.
  @Test func `the default that a REPLACE puts in the place of NULL displaces too`() throws {
    try Scenario(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x' UNIQUE, b INT NOT NULL DEFAULT '7',
        c TEXT NOT NULL ON CONFLICT REPLACE DEFAULT (lower('C')), UNIQUE (b, c))
      """,
      "CREATE UNIQUE INDEX i ON t (upper(a))",
      "CREATE TABLE k (k TEXT NOT NULL DEFAULT 'none' PRIMARY KEY, v INT NOT NULL DEFAULT 3)",
      "CREATE UNIQUE INDEX kv ON k (v + 1)"
    ).expectCaptured(
      "INSERT INTO t (id) VALUES (1)",
      "INSERT OR REPLACE INTO t VALUES (2, NULL, 1, 'c')",
      "INSERT OR REPLACE INTO t VALUES (3, 'X', NULL, NULL)",
      "INSERT OR REPLACE INTO t VALUES (4, 'y', NULL, NULL)",
      "INSERT INTO t VALUES (5, 'z', 9, 'c')",
      "UPDATE OR REPLACE t SET b = NULL WHERE id = 5",
      "UPDATE OR REPLACE t SET a = NULL WHERE id = 5",
      .refused("UPDATE t SET a = NULL"),
      "INSERT INTO k DEFAULT VALUES", "INSERT OR REPLACE INTO k VALUES (NULL, 8)",
      "INSERT OR REPLACE INTO k VALUES ('other', NULL)", "INSERT OR REPLACE INTO k VALUES ('third', NULL)")
  }

  /// Case 3.
  @Test func `an automatic rowid is known only after the insert`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a, UNIQUE (id, a))",
      "CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE)",
      "INSERT INTO t VALUES (-1, 'minus one')"
    ).expectCaptured(
      "INSERT INTO t (a) VALUES ('a')", "INSERT OR REPLACE INTO t VALUES (NULL, 'b')",
      "INSERT OR REPLACE INTO t VALUES (-1, 'again')", "INSERT INTO auto (a) VALUES (1), (2), (3)",
      "INSERT OR REPLACE INTO auto (a) VALUES (2)", "DELETE FROM auto", "INSERT INTO auto (a) VALUES (2)")
  }

  /// Case 23.
  @Test func `an expression that raises on some values breaks no legal statement`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, doc TEXT, n INT)",
      "CREATE UNIQUE INDEX i1 ON t (json_extract(doc, '$.id')) WHERE json_valid(doc)",
      "CREATE UNIQUE INDEX i2 ON t (doc ->> 'key') WHERE n = 1",
      "CREATE UNIQUE INDEX i3 ON t (abs(n)) WHERE n > -100",
      "INSERT INTO t VALUES (1, '{\"id\": 1}', 0), (2, 'no json', -200)"
    ).expectCaptured(
      "INSERT INTO t VALUES (3, 'no json either', -9223372036854775808)",
      "INSERT OR IGNORE INTO t VALUES (4, '{\"id\": 1}', 5)",
      .refused("INSERT INTO t VALUES (5, '{\"id\": 1}', 6)"),
      .refused("INSERT INTO t VALUES (6, 'not json', 1)"),
      "UPDATE t SET doc = 'not json', n = -9223372036854775808 WHERE id = 1",
      "DELETE FROM t WHERE id = 2")
  }

  /// Case 4.
  @Test func `the outer conflict clause drops no change`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT CHECK (b > 0), c NOT NULL DEFAULT 1)",
      "INSERT INTO t VALUES (1, 'a', 1, 1), (2, 'b', 2, 1)"
    ).expectCaptured(
      "INSERT OR IGNORE INTO t VALUES (3, 'a', 1, 1), (4, 'd', 1, 1), (5, 'e', 0, 1), (6, 'f', 1, NULL)",
      .refused("INSERT OR FAIL INTO t VALUES (7, 'g', 1, 1), (8, 'a', 1, 1), (9, 'i', 1, 1)"),
      .refused("INSERT OR ABORT INTO t VALUES (10, 'j', 1, 1), (11, 'a', 1, 1)"),
      .refused("INSERT OR ROLLBACK INTO t VALUES (12, 'l', 1, 1), (13, 'a', 1, 1)"),
      "UPDATE OR IGNORE t SET a = 'b'", .refused("UPDATE OR FAIL t SET b = b - 1"),
      "INSERT OR REPLACE INTO t VALUES (1, 'b', 5, NULL)", .refused("INSERT OR REPLACE INTO t VALUES (1, 'b', 0, 1)"),
      "UPDATE OR REPLACE t SET a = 'a', c = NULL", "DELETE FROM t")
  }
}
