import Testing

/// Keys that change, and keys that are hard to tell apart.
@Suite struct KeyTests {
  /// Case 5.
  @Test func `a key updated in place is a delete and an insert`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v)", "CREATE TABLE c (a TEXT, b INT, v, PRIMARY KEY (a, b))",
      "CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
      "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", "INSERT INTO c VALUES ('x', 1, 1), ('x', 2, 2)",
      "INSERT INTO w VALUES ('a', 1), ('b', 2)"
    ).expectCaptured(
      .refused("UPDATE t SET id = id + 1"), "UPDATE t SET id = id - 1", "UPDATE t SET id = -id",
      "UPDATE t SET rowid = 7 WHERE v = 'c'", "UPDATE t SET id = 9, v = 'd' WHERE id = 7",
      "UPDATE c SET a = 'y' WHERE b = 1", "UPDATE c SET b = b + 10", "UPDATE c SET a = a, b = b, v = 9",
      "UPDATE w SET k = k || '!'", "UPDATE w SET k = 'a!' WHERE k = 'a!'")
  }

  /// Case 5.
  @Test func `SET rowid is an update of the key`() throws {
    try Scenario(
      "CREATE TABLE t (a)", "CREATE TABLE u (a UNIQUE, rowid, oid)", "INSERT INTO t VALUES ('a'), ('b')",
      "INSERT INTO u VALUES ('a', 1, 2), ('b', 3, 4)"
    ).expectCaptured(
      "UPDATE t SET rowid = 7 WHERE a = 'a'", "UPDATE t SET _rowid_ = oid + 1 WHERE a = 'b'",
      "UPDATE OR REPLACE t SET rowid = 7 WHERE a = 'b'", "UPDATE u SET rowid = 7", "UPDATE u SET _rowid_ = _rowid_ + 5",
      "INSERT OR REPLACE INTO u (_rowid_, a) VALUES (6, 'c')", "INSERT OR REPLACE INTO u (a) VALUES ('b')")
  }

  /// Cases 5 and 9.
  @Test func `a key respelled within its collation is another key`() throws {
    try Scenario(
      "CREATE TABLE n (k TEXT COLLATE NOCASE PRIMARY KEY, v)",
      "CREATE TABLE w (k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID",
      "CREATE TABLE r (k TEXT COLLATE RTRIM, l TEXT, v, PRIMARY KEY (k, l COLLATE NOCASE))",
      "INSERT INTO n VALUES ('Abc', 1), ('def', 2)", "INSERT INTO w VALUES ('Abc', 1), ('def', 2)",
      "INSERT INTO r VALUES ('a', 'b', 1), ('c ', 'D', 2)"
    ).expectCaptured(
      "UPDATE n SET k = 'abc' WHERE k = 'ABC'", "INSERT OR REPLACE INTO n VALUES ('ABC', 3)",
      "INSERT INTO n VALUES ('DEF', 4) ON CONFLICT DO UPDATE SET k = excluded.k, v = excluded.v",
      "DELETE FROM n WHERE k = 'aBC'", "UPDATE w SET k = upper(k)", "INSERT OR REPLACE INTO w VALUES ('aBC', 3)",
      "UPDATE OR REPLACE w SET k = 'Def'", "UPDATE r SET k = k || ' '", "INSERT OR REPLACE INTO r VALUES ('c', 'd', 3)",
      "UPDATE OR REPLACE r SET k = 'a', l = 'B'")
  }

  /// Cases 5 and 9.
  @Test func `keys without a type differ by storage class too`() throws {
    try Scenario(
      "CREATE TABLE t (k PRIMARY KEY, v)", "CREATE TABLE w (k, l BLOB, v, PRIMARY KEY (k, l)) WITHOUT ROWID",
      "CREATE TABLE s (k ANY PRIMARY KEY, v TEXT) STRICT",
      "INSERT INTO t VALUES (1, 'integer'), ('1', 'text'), (x'31', 'blob')",
      "INSERT INTO w VALUES (1, '1', 'a'), ('1', 1, 'b'), (x'31', x'31', 'c')",
      "INSERT INTO s VALUES (1, 'integer'), ('1', 'text'), (x'31', 'blob')"
    ).expectCaptured(
      "UPDATE t SET k = 1.0 WHERE k = 1", "INSERT OR REPLACE INTO t VALUES (1, 'integer again')",
      "DELETE FROM t WHERE k = '1'", "UPDATE t SET k = '1' WHERE k = x'31'", "UPDATE w SET k = 1.0 WHERE k = 1",
      "INSERT OR REPLACE INTO w VALUES ('1', 1.0, 'd')", "UPDATE OR REPLACE w SET k = '1', l = 1",
      "UPDATE s SET k = 1.0 WHERE k = 1", "INSERT OR REPLACE INTO s VALUES (1, 'again')",
      "DELETE FROM s WHERE k = x'31'",
      "INSERT INTO t VALUES (0.5, 0), (-0.0, 1)", "UPDATE t SET k = 0.0 WHERE k = 0",
      "INSERT OR REPLACE INTO t VALUES (0, 2)", "INSERT INTO t VALUES (9007199254740993, 1), (9007199254740992.0, 2)",
      "DELETE FROM t WHERE k = 9007199254740992.0")
  }

  /// Case 5.
  @Test func `two rows swap a UNIQUE value`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')"
    ).expectCaptured(
      "UPDATE t SET u = 'swap' WHERE id = 1", "UPDATE t SET u = 'a' WHERE id = 2", "UPDATE t SET u = 'b' WHERE id = 1",
      "UPDATE t SET id = -id", "UPDATE t SET id = id + 3")
  }

  /// Case 5.
  @Test func `an upsert that sets the key is captured`() throws {
    try Scenario(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n INT DEFAULT 0)",
      "INSERT INTO t VALUES (1, 'a', 0), (2, 'b', 0)"
    ).expectCaptured(
      "INSERT INTO t (u) VALUES ('a') ON CONFLICT (u) DO UPDATE SET n = n + 1",
      "INSERT INTO t VALUES (9, 'a', 5) ON CONFLICT (u) DO UPDATE SET id = excluded.id, n = excluded.n",
      "INSERT INTO t VALUES (2, 'c', 5) ON CONFLICT (id) DO UPDATE SET id = 20, u = 'd'",
      "INSERT INTO t VALUES (3, 'd', 5) ON CONFLICT DO NOTHING",
      "INSERT OR REPLACE INTO t VALUES (3, 'a', 5) ON CONFLICT (id) DO UPDATE SET n = 100",
      "INSERT INTO t SELECT id, u || id, n FROM t WHERE 1 ON CONFLICT (id) DO UPDATE SET u = excluded.u",
      .refused("INSERT INTO t VALUES (4, 'x', 1), (20, 'y', 1) ON CONFLICT (id) DO UPDATE SET id = 4"))
  }

  /// Case 9.
  @Test func `NULL in a key that is no rowid's`() throws {
    try Scenario(
      "CREATE TABLE t (k TEXT PRIMARY KEY, v)", "CREATE TABLE c (a INT, b TEXT, v, PRIMARY KEY (a, b))",
      "CREATE TABLE i (id INTEGER PRIMARY KEY DESC, v)",
      "INSERT INTO t VALUES (NULL, 1), (NULL, 2), ('a', 3)",
      "INSERT INTO c VALUES (1, NULL, 1), (1, NULL, 2), (NULL, NULL, 3)",
      "INSERT INTO i VALUES (NULL, 1), (5, 2), (NULL, 3)", keyedByRowid: ["t", "c", "i"]
    ).expectCaptured(
      "INSERT INTO t VALUES (NULL, 4)", "UPDATE t SET v = v + 1 WHERE k IS NULL", "UPDATE t SET k = 'b' WHERE v = 2",
      "UPDATE t SET k = NULL WHERE k = 'a'", "DELETE FROM t WHERE v = 3", "INSERT OR REPLACE INTO t VALUES ('b', 9)",
      "UPDATE c SET a = NULL", "INSERT INTO c VALUES (1, 'x', 1), (2, NULL, 4)",
      "INSERT OR REPLACE INTO c VALUES (1, 'x', 7)",
      "DELETE FROM c WHERE v = 2", "UPDATE i SET id = NULL WHERE id = 5", "INSERT INTO i VALUES (NULL, 4)",
      "DELETE FROM i WHERE v = 1", "INSERT INTO i VALUES (5, 5)", "INSERT OR REPLACE INTO i VALUES (5, 6)")
  }

  /// Case 9.
  @Test func `a NULL that comes and goes in a declared key is captured`() throws {
    try Scenario(
      "CREATE TABLE t (k TEXT PRIMARY KEY, v)", "CREATE TABLE c (a INT, b TEXT COLLATE NOCASE, v, PRIMARY KEY (a, b))",
      "CREATE TABLE i (id INTEGER PRIMARY KEY DESC, v)"
    ).expectCaptured(
      "INSERT INTO t VALUES (NULL, 1)", "UPDATE t SET v = 2", "UPDATE t SET k = 'a'", "UPDATE t SET k = NULL",
      "INSERT INTO c VALUES (1, NULL, 1), (NULL, 'x', 2), (NULL, NULL, 3), (1, 'x', 4)", "UPDATE c SET v = v + 1",
      "UPDATE c SET b = 'X' WHERE b = 'x'", "DELETE FROM c WHERE a IS NULL AND b IS NULL",
      "UPDATE c SET a = 7 WHERE a IS NULL",
      "INSERT INTO i VALUES (NULL, 1), (5, 2)", "UPDATE i SET id = 6 WHERE id = 5", "DELETE FROM i WHERE id IS NULL",
      "DELETE FROM t")
  }

  @Test func `a UNIQUE index over NOT NULL columns serves as the key`() throws {
    try Scenario(
      "CREATE TABLE t (a TEXT NOT NULL, b INT NOT NULL, c TEXT NOT NULL COLLATE NOCASE UNIQUE, d UNIQUE, UNIQUE (a, b))",
      "INSERT INTO t VALUES ('a', 1, 'x', 1), ('a', 2, 'y', 2)"
    ).expectCaptured(
      "INSERT OR REPLACE INTO t VALUES ('a', 1, 'z', 3)", "INSERT OR REPLACE INTO t VALUES ('b', 1, 'Z', 4)",
      "INSERT OR REPLACE INTO t VALUES ('c', 1, 'w', 4)", "UPDATE t SET c = upper(c)", "UPDATE t SET b = b + 1",
      "INSERT OR REPLACE INTO t (rowid, a, b, c) VALUES (1, 'r', 1, 'r')", "DELETE FROM t WHERE c = 'W'")
  }

  @Test func `a column named twice in a key counts once`() throws {
    try Scenario("CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (a, a))", "INSERT INTO t VALUES ('x', 1)").expectCaptured(
      "INSERT OR REPLACE INTO t VALUES ('x', 2)", "UPDATE t SET a = 'y'", "DELETE FROM t")
  }
}
