import Testing

/// What an application may do that trigger-based capture misses elsewhere, with real processes; the other cases of group A are
/// in TableKindTests, SchemaChangeTests, ReplacedSourceTests, LivingTests and VerifyTests.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CaptureCaseTests {
  /// Writes under a sync that streams, and again under one that was stopped meanwhile.
  private func expectFollows(_ schema: String, _ writes: [String]) throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + schema)
      let sync = try it.startStreaming()
      for write in writes { try it.sqlite(write) }
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + schema)
      try it.copyAll()
      for write in writes { try it.sqlite(write) }
      try it.copyAll()
      try it.expectEqual()
    }
  }

  /// Case 3: what BEFORE INSERT shows is not what is stored.
  @Test func `automatic keys, and NULLs that REPLACE turns into defaults, displace what they displace`() throws {
    try expectFollows(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'd' UNIQUE, n INT);
      CREATE TABLE w (k TEXT NOT NULL DEFAULT 'k' PRIMARY KEY, u INT NOT NULL DEFAULT 7 UNIQUE) WITHOUT ROWID;
      CREATE TABLE keyless (a TEXT UNIQUE);
      INSERT INTO t VALUES (1, 'd', 1), (2, 'e', 2); INSERT INTO w VALUES ('k', 1), ('l', 7);
      INSERT INTO keyless VALUES ('x');
      """,
      [
        "INSERT OR REPLACE INTO t (a, n) VALUES (NULL, 3);", "INSERT OR REPLACE INTO t (id, a) VALUES (NULL, 'e');",
        "UPDATE OR REPLACE t SET a = NULL WHERE a = 'e';", "INSERT OR REPLACE INTO w VALUES (NULL, NULL);",
        "INSERT OR REPLACE INTO w (k) VALUES ('m');", "REPLACE INTO keyless VALUES ('x'), ('y');",
      ])
  }

  /// Case 4: the outer statement's policy reaches into our triggers.
  @Test func `under OR IGNORE and OR FAIL each row that is written is captured, and no other`() throws {
    try expectFollows(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, n INT NOT NULL CHECK (n < 100));
      INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
      """,
      [
        "INSERT OR IGNORE INTO t VALUES (1, 'x', 1), (4, 'a', 4), (5, 'e', NULL), (6, 'f', 600), (7, 'g', 7);",
        "UPDATE OR IGNORE t SET a = 'b', n = n + 1;", "UPDATE OR IGNORE t SET id = id + 1;",
        "INSERT INTO t VALUES (3, 'c', 9) ON CONFLICT DO UPDATE SET n = excluded.n, id = 30;",
        "INSERT OR IGNORE INTO t SELECT id + 100, a || '!', n FROM t;",
      ])
  }

  /// One statement after another in a connection of the application's; returns the errors, a line each.
  private func write(_ it: Scenario, _ statements: [String]) throws -> String {
    let program = """
      import sqlite3, sys
      connection = sqlite3.connect(sys.argv[1], isolation_level=None)
      connection.execute("PRAGMA foreign_keys = ON")
      for statement in sys.argv[2:]:
          try:
              connection.execute(statement)
          except sqlite3.Error as error:
              print(error)
      """
    return try Program.run(["python3", "-c", program, it.source] + statements).output
  }

  /// Case 6: SQLite carries a foreign key's action out before it fires the AFTER triggers of the row that it refers to.
  @Test func `what RAISE(FAIL) inside a foreign key's action leaves of the parent is followed`() throws {
    let schema = """
      PRAGMA journal_mode = wal;
      CREATE TABLE parent (id INTEGER PRIMARY KEY, code INTEGER UNIQUE);
      CREATE TABLE child (id INTEGER PRIMARY KEY, code INTEGER REFERENCES parent (code)
        ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO parent VALUES (1, 10), (2, 20), (3, 30), (4, 40); INSERT INTO child SELECT id, code FROM parent;
      """
    let trigger = "CREATE TRIGGER own BEFORE UPDATE ON child BEGIN SELECT RAISE(FAIL, 'no'); END"
    let writes = [
      "BEGIN", "UPDATE parent SET code = 11 WHERE id = 1", "DELETE FROM parent WHERE id = 2",
      "REPLACE INTO parent VALUES (3, 33)", "DELETE FROM child", "COMMIT",
    ]
    let left = "SELECT string_agg(id || ':' || code, ' ' ORDER BY id) FROM parent"
    try Scenario.run { it in
      try it.sqlite(schema + trigger)
      let sync = try it.startStreaming()
      #expect(try write(it, writes) == "no\nno\nno\n")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try it.psql(left) == "1:11 4:40")
      #expect(try sync.stop() == 0)
    }
    // The trigger comes while it streams, and what it hides in the same transaction is brought by a copy.
    try Scenario.run { it in
      try it.sqlite(schema)
      let sync = try it.startStreaming()
      #expect(try write(it, ["BEGIN", trigger] + writes.dropFirst()) == "no\nno\nno\n")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try it.psql(left) == "1:11 4:40")
      #expect(sync.everythingSaid.contains("what fails in a foreign key's action may have hidden changes"))
      #expect(
        try write(
          it, ["INSERT INTO child VALUES (4, 40)", "BEGIN", "DELETE FROM parent", "DELETE FROM child", "COMMIT"])
          == "no\n")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try it.psql(left) == "")
      #expect(try sync.stop() == 0)
    }
  }

  /// Out of the triggers' reach.
  @Test(arguments: [
    "CREATE TEMP TRIGGER own AFTER UPDATE ON t BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TEMP TRIGGER own AFTER UPDATE ON t WHEN NEW.id = 2 BEGIN SELECT RAISE(FAIL, 'no'); END",
  ]) func `what a TEMP trigger hides is found by verify, and repaired`(trigger: String) throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        PRAGMA journal_mode = wal; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
        INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
        """)
      let sync = try it.startStreaming()
      _ = try write(it, [trigger, "UPDATE t SET a = a || '!'"])
      #expect(try it.sqlite("SELECT a FROM t WHERE id = 2") == "b!", "the row stays changed")
      #expect(try it.verify().status == 1)
      #expect(try it.verify("--repair").status == 0)
      try it.expectEqual()
      // Without the trigger everything goes on as before.
      _ = try write(it, ["UPDATE t SET a = 'later'"])
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  /// Case 14.
  @Test func `a writer that trusts no schema is followed`() throws {
    let careful = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA recursive_triggers = ON;"
    try expectFollows(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE UNIQUE INDEX i ON t (lower(a), abs(id)) WHERE b IS NOT NULL;
      INSERT INTO t VALUES (1, 'a', 'b'), (2, 'B', NULL);
      """,
      [
        "\(careful) INSERT OR REPLACE INTO t VALUES (-1, 'A', 'c');", "\(careful) UPDATE t SET b = 'x' WHERE id > 0;",
        "\(careful) DELETE FROM t WHERE id = 2;",
      ])
  }

  /// Case 20.
  @Test func `a collation and a function that only the application has are left to it`() throws {
    try Scenario.run { it in
      func run(_ sql: String) throws {
        let program = """
          import sqlite3, sys
          c = sqlite3.connect(sys.argv[1], isolation_level=None)
          c.create_collation("mine", lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))
          c.create_function("shout", 1, lambda v: str(v).upper() + "!", deterministic=True)
          c.executescript(sys.argv[2])
          """
        let result = try Program.run(["python3", "-c", program, it.source, sql])
        guard result.status == 0 else { throw Program.Failed(what: sql, result: result) }
      }
      try run(
        """
        CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT COLLATE mine UNIQUE, other TEXT CHECK (shout(other) <> 'NO!'));
        CREATE TABLE c (name TEXT COLLATE mine PRIMARY KEY, v) WITHOUT ROWID;
        CREATE TABLE d (id INTEGER PRIMARY KEY, v); CREATE UNIQUE INDEX di ON d (shout(v));
        INSERT INTO a VALUES (1, 'a', 'x'), (2, 'b', 'y'); INSERT INTO d VALUES (1, 'x');
        """)
      let sync = try it.startStreaming()
      #expect(sync.everythingSaid.contains("'c'"), "\(sync.everythingSaid)")
      try run(
        """
        INSERT OR REPLACE INTO a VALUES (3, 'A', 'z'); UPDATE OR REPLACE a SET name = 'B' WHERE id = 3;
        INSERT INTO c VALUES ('x', 1); INSERT INTO d VALUES (2, 'y'); UPDATE d SET v = 'z' WHERE id = 1;
        """)
      try it.waitUntilCaughtUp()
      #expect(try it.psql("SELECT string_agg(id || name || other, ' ' ORDER BY id) FROM a") == "3Bz")
      #expect(try it.psql("SELECT string_agg(id || v, ' ' ORDER BY id) FROM d") == "1z 2y")
      #expect(try it.psql("SELECT to_regclass('c') IS NULL") == "t")
      #expect(try sync.stop() == 0)
    }
  }

  /// Case 21.
  @Test(arguments: [
    "CREATE TABLE _changeover_meta (a)", "CREATE TABLE _Changeover_Mine (a)",
    "CREATE TRIGGER _changeover_1_insert AFTER INSERT ON t BEGIN SELECT 1; END",
  ]) func `a source with names of ours that are not ours is refused, and left as it is`(sql: String) throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY); \(sql);")
      let before = try it.sqlite("SELECT sql FROM sqlite_schema;")
      let refused = try it.changeover("sync", "--until-caught-up")
      #expect(refused.status == 65 && refused.errors.contains("hangeover_"), "\(refused.errors)")
      #expect(try it.sqlite("SELECT sql FROM sqlite_schema;") == before)
    }
  }

  /// Case 23.
  @Test func `a UNIQUE expression that fails on some values stands in no statement's way`() throws {
    try expectFollows(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (1, '{"a": 1}'), (2, '{"a": 2}'), (3, 'none');
      CREATE UNIQUE INDEX i ON t (json_extract(x, '$.a')) WHERE json_valid(x);
      """,
      [
        "INSERT INTO t VALUES (4, 'no JSON'), (5, NULL), (6, '{');", "UPDATE t SET x = 'none either' WHERE id = 1;",
        #"INSERT OR IGNORE INTO t VALUES (7, '{"a": 2}'), (8, '{"a": 8}'); UPDATE t SET x = '{"a": 9}' WHERE id = 3;"#,
      ])
  }

  /// Case 40. The application's writes fail, as they would without changeover.
  @Test(.enabled(if: Scenario.isRoot, "mounting a small file system needs root"))
  func `a full disk under the source loses nothing that the application was promised`() throws {
    try Scenario.run { it in
      let disk = try SmallDisk(megabytes: 4)
      let state = it.directory + "/state"
      it.source = disk.path + "/app.db"
      try it.createWritersTables(rows: 50)
      let sync = try it.startStreaming("--state", state)
      var written = 0
      while written < 100, (try? it.sqlite("INSERT INTO event SELECT 'large', randomblob(100000), 1;")) != nil {
        written += 1
      }
      #expect(written > 0 && written < 100)
      let refused = "UPDATE slot SET holder = hex(randomblob(50000));"
      #expect(throws: Program.Failed.self) { try it.sqlite(refused) }
      try disk.enlarge(megabytes: 50)
      try it.sqlite("UPDATE slot SET holder = 'afterwards';")
      // It may have met the full disk itself while it pruned.
      if sync.isRunning {
        #expect(try sync.stop() == 0)
      } else {
        #expect(sync.errors.contains("full"), "\(sync.errors)")
      }
      let again = try it.changeover("sync", "--until-caught-up", "--state", state)
      #expect(again.status == 0, "\(again.errors)")
      try it.expectEqual()
      #expect(try it.psql("SELECT count(*) FROM slot WHERE holder = 'afterwards'") == "50")
    }
  }
}
