import Glibc
import TestSupport
import Testing

/// The application changes its schema while the move is going on (cases 8, 10 and 11).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct SchemaChangeTests {
  private static let schema = """
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, at TEXT);
    CREATE TABLE u (k TEXT PRIMARY KEY, v); CREATE TABLE keyless (x); CREATE TABLE other (id INTEGER PRIMARY KEY, n INT);
    INSERT INTO t VALUES (1, 'a', 1, '2024-01-02 03:04:05'), (2, 'b', 2, NULL), (3, 'c', NULL, '2024-05-06 07:08:09');
    INSERT INTO u VALUES ('x', 1), ('y', 2); INSERT INTO keyless VALUES (1), (2), (3); INSERT INTO other VALUES (1, 1);
    """

  /// Migrations one after the other, each with writes that show what became of it.
  static let migrations = [
    "ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'dé''f'; INSERT INTO t (id, a) VALUES (10, 'q');",
    "ALTER TABLE t ADD COLUMN d REAL NOT NULL DEFAULT -0.0; UPDATE t SET d = 0.1 WHERE id = 1;",
    "ALTER TABLE t ADD COLUMN flag BOOLEAN NOT NULL DEFAULT 0; UPDATE t SET flag = 1 WHERE id = 2;",
    "ALTER TABLE t ADD COLUMN day DATE DEFAULT '2024-02-29';",
    "ALTER TABLE t ADD COLUMN raw BLOB DEFAULT x'00ff';",
    "ALTER TABLE t RENAME COLUMN b TO \"b é\"; UPDATE t SET \"b é\" = 9 WHERE id = 1;",
    "ALTER TABLE u RENAME COLUMN k TO kk; DELETE FROM u WHERE kk = 'x'; INSERT INTO u VALUES ('w', 1);",
    "ALTER TABLE t DROP COLUMN c; INSERT INTO t (id) VALUES (11);",
    "ALTER TABLE u RENAME TO uu; INSERT INTO uu VALUES ('z', 4);",
    "CREATE TABLE n (id INTEGER PRIMARY KEY, q TEXT UNIQUE, t REFERENCES t); INSERT INTO n VALUES (1, 'a', 1), (2, 'b', 2);",
    "INSERT OR REPLACE INTO n VALUES (3, 'a', 3);",
    """
    BEGIN; CREATE TABLE new__t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', n INT, d REAL);
    INSERT INTO new__t SELECT id, coalesce(a, 'none'), "b é" * 10, d FROM t; DROP TABLE t;
    ALTER TABLE new__t RENAME TO t; CREATE INDEX t_a ON t (a); COMMIT; INSERT INTO t (id, a) VALUES (12, 'after');
    """,
    "CREATE UNIQUE INDEX t_n ON t (n, id); CREATE UNIQUE INDEX t_d ON t (d) WHERE d > 5;",
    "UPDATE t SET d = 7 WHERE id = 1; INSERT OR REPLACE INTO t (id, a, d) VALUES (13, 'displaces', 7);",
    "DROP INDEX t_n; DROP INDEX t_a;", "DELETE FROM keyless WHERE x = 1;", "VACUUM; INSERT INTO keyless VALUES (9);",
    "ALTER TABLE t DROP COLUMN n; ALTER TABLE t ADD COLUMN n INT;",
    "CREATE TABLE new__t (id INTEGER PRIMARY KEY, a TEXT, e INT DEFAULT 4);",
    "INSERT INTO new__t (id, a) SELECT id + 100, a FROM t;", "DROP TABLE t;", "ALTER TABLE new__t RENAME TO t;",
    "UPDATE t SET e = e + 1;", "DROP TABLE n; CREATE TABLE n (other TEXT); INSERT INTO n VALUES ('anew');",
  ]

  /// Case 7: SQLite fires the newest AFTER trigger first, and one that ends early hides the change from ours.
  @Test(arguments: ["wal", "delete"])
  func `a new trigger of the application's own hides no change, in the moment before sync saw it and afterwards`(
    mode: String
  ) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 20, mode: mode)
      try it.sqlite(Self.schema)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 50)
      try it.sqlite(
        """
        CREATE TRIGGER ignores AFTER UPDATE ON t BEGIN SELECT RAISE(IGNORE); END;
        UPDATE t SET a = 'hidden, were it not copied again';
        """)
      try sync.waitUntilSays("table 't' is copied again: a new trigger")
      try it.waitUntilTakenUp()
      try it.sqlite("UPDATE t SET a = 'seen';")
      // A file without a reason to be looked at but its schema, under a sync that does not run.
      #expect(try sync.stop() == 0)
      try it.sqlite(
        "CREATE TRIGGER keeps AFTER DELETE ON u BEGIN SELECT RAISE(IGNORE); END; DELETE FROM u WHERE k = 'x';")
      let killed = try it.start("sync", environment: ["CHANGEOVER_FAULT": "schema-taken-up"])
      #expect(try killed.wait() == -SIGKILL, "\(killed.everythingSaid)")
      try it.sqlite("DELETE FROM u;")
      try writer.finish()
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
      #expect(try it.psql("SELECT count(*) FROM t WHERE a = 'seen'") == "3")
      #expect(try it.psql("SELECT count(*) FROM u") == "0")
    }
  }

  @Test(arguments: ["wal", "delete"])
  func `migrations arrive while others write`(mode: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50, mode: mode)
      try it.sqlite(Self.schema)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 100)
      for migration in Self.migrations {
        try it.sqlite(migration)
        try it.waitUntilTakenUp()
      }
      try writer.finish()
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(sync.isRunning)
      #expect(try it.lag().held == [])
      #expect(try sync.stop() == 0)
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `each migration alone leaves both stores equal`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming()
      for migration in Self.migrations {
        try it.sqlite(migration)
        try it.waitUntilTakenUp()
        // Between the statements of a rebuild without a transaction the target has a table more.
        try it.expectEqual()
      }
      #expect(try sync.stop() == 0)
    }
  }

  /// All that a stopped sync finds at once is more than it can tell apart.
  @Test(arguments: [3, 100])
  func `migrations made while sync is stopped are taken up when it starts`(atOnce: Int) throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      try it.copyAll()
      for start in stride(from: 0, to: Self.migrations.count, by: atOnce) {
        try it.sqlite(Self.migrations[start..<min(start + atOnce, Self.migrations.count)].joined(separator: "\n"))
        try it.copyAll()
        try it.expectEqual()
      }
      try it.copyAll()
      try it.expectEqual()
    }
  }

  /// A sync whose first copy does not begin until a file is there.
  private func startHeldCopy(_ it: Scenario, until file: String) throws -> ChildProcess {
    try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
    let sync = try it.start(
      "sync", environment: ["CHANGEOVER_FAULT": "copy-begins:wait", "CHANGEOVER_FAULT_FILE": file])
    try Waiting.until("the copy begins") { Files.exists(file + ".reached") }
    return sync
  }

  @Test func `migrations during the first copy have their tables copied whole`() throws {
    try Scenario.run { it in
      let file = it.directory + "/go-on"
      let sync = try startHeldCopy(it, until: file)
      try it.sqlite("INSERT INTO t (id, a) VALUES (5, 'logged before');")
      for migration in Self.migrations { try it.sqlite(migration) }
      try Files.write("", to: file)
      try sync.waitUntilSays("streaming from", seconds: 60)
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(
        try it.psql("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND indexname = 't_pkey'") == "1")
      #expect(try sync.stop() == 0)
    }
  }

  /// The journal has rows of it from before, and applying them takes its key.
  @Test(arguments: [
    "DROP TABLE u;", "DROP TABLE u; CREATE TABLE u (k TEXT PRIMARY KEY, w); INSERT INTO u VALUES ('n', 1);",
  ])
  func `a table that is dropped in a first copy, before a kill, is no hindrance afterwards`(migration: String) throws {
    try Scenario.run { it in
      let file = it.directory + "/go-on"
      let killed = try startHeldCopy(it, until: file)
      try it.sqlite("INSERT INTO u VALUES ('logged', 1);")
      try Waiting.until("it is journaled") { !it.journalFiles.isEmpty }
      try it.sqlite(migration)
      try Waiting.until("the schema is taken up") { try it.isSchemaTakenUp() }
      killed.kill()
      let sync = try it.startStreaming()
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test(.enabled(if: OwnServer.isPossible))
  func `migrations made while PostgreSQL is away arrive in order once it is back`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming()
      try own.stop("immediate")
      try sync.waitUntilSays("PostgreSQL is away")
      for migration in Self.migrations {
        let groups = it.journalFiles.count
        try it.sqlite(migration)
        try Waiting.until("it is journaled") { it.journalFiles.count > groups }
      }
      try own.start()
      try sync.waitUntilSays("PostgreSQL is back")
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  private static let someMigrations = [
    "ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'x'; INSERT INTO t (id) VALUES (10);",
    "CREATE TABLE n (id INTEGER PRIMARY KEY, q TEXT UNIQUE); INSERT INTO n VALUES (1, 'a'), (2, 'b');",
    """
    BEGIN; CREATE TABLE new__t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x'); INSERT INTO new__t SELECT id, 'y' FROM t;
    DROP TABLE t; ALTER TABLE new__t RENAME TO t; COMMIT;
    """, "ALTER TABLE u RENAME TO uu; DELETE FROM keyless WHERE x = 1; VACUUM;",
    "CREATE UNIQUE INDEX n_q ON n (q, id); DROP TABLE uu;",
  ]

  @Test(arguments: ["schema-taken-up", "schema-carried-out", "schema-applied"])
  func `a sync killed at any step of a migration goes on from there`(point: String) throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      try it.copyAll()
      for migration in Self.someMigrations {
        try it.sqlite(migration)
        let killed = try it.changeover("sync", "--until-caught-up", environment: ["CHANGEOVER_FAULT": point])
        #expect(killed.status == -SIGKILL, "\(migration)\n\(killed.errors)")
        try it.copyAll()
        try it.expectEqual()
      }
    }
  }

  @Test func `with the policy to pause a changed table waits for resync, and cutover for it`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming("--schema-changes", "pause")
      try it.sqlite("ALTER TABLE t ADD COLUMN c DEFAULT 1; INSERT INTO other VALUES (2, 2);")
      try it.waitUntilTakenUp()
      #expect(try it.lag().held == ["t"])
      #expect(try it.changeover("lag", "--max-changes", "1000").status == 1)
      let status = try it.changeover("status")
      #expect(status.output.contains("t: its columns or its name changed; changeover resync t"), "\(status.output)")
      #expect(try it.cutover().report.detail("table t")?.contains("resync t") == true)
      #expect(try it.psql("SELECT count(*) FROM other") == "2")
      try it.sqlite("INSERT INTO t (id, a) VALUES (20, 'unseen'); DELETE FROM t WHERE id = 1;")
      let resync = try it.changeover("resync", "t")
      #expect(resync.status == 0 && resync.output.contains("the running sync takes it up"), "\(resync.errors)")
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try it.lag().held == [])
      #expect(try it.cutover("--execute").status == 0)
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `a suspended table is left alone for a migration and copied again after it`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; \(Self.schema) CREATE UNIQUE INDEX t_b ON t (b);")
      let sync = try it.startStreaming()
      try it.sqlite("DROP INDEX t_b;")
      // Before the sync has taken the probe away, or after it: suspending makes it certain.
      #expect(try it.changeover("suspend", "t").status == 0)
      try it.sqlite("ALTER TABLE t DROP COLUMN b; UPDATE t SET a = a || '!'; INSERT INTO other VALUES (2, 2);")
      try it.waitUntilTakenUp()
      #expect(try it.changeover("status").output.contains("t: suspended by hand; changeover resume t"))
      #expect(try it.changeover("resume", "u").status == 1)
      #expect(try it.changeover("resume", "t").status == 0)
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `a table that is made anew keeps the rights on it and on its columns`() throws {
    try Scenario.run { it in
      let role = "\(it.database)_reader"
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      try it.copyAll()
      try it.psql(
        """
        CREATE ROLE \(role); GRANT INSERT ON t TO \(role) WITH GRANT OPTION; GRANT SELECT (id, a), UPDATE (b) ON t TO \(role);
        GRANT SELECT (at) ON t TO PUBLIC
        """)
      defer { _ = try? it.psql("DROP OWNED BY \(role); DROP ROLE \(role)") }
      try it.sqlite(
        """
        BEGIN; CREATE TABLE new (a TEXT, at TEXT, id INTEGER PRIMARY KEY, c); INSERT INTO new SELECT a, at, id, 1 FROM t;
        DROP TABLE t; ALTER TABLE new RENAME TO t; COMMIT;
        """)
      try it.copyAll()
      try it.expectEqual()
      let rights = "SELECT has_table_privilege('\(role)', 't', 'INSERT WITH GRANT OPTION')"
      #expect(try it.psql(rights) == "t")
      let readable = """
        SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
        WHERE attrelid = 't'::regclass AND attnum > 0 AND has_column_privilege('\(role)', 't', attname, 'SELECT')
        """
      #expect(try it.psql(readable) == "a at id")
      // The column is gone, and the right with it.
      #expect(try it.psql("SELECT has_any_column_privilege('\(role)', 't', 'UPDATE')") == "f")
    }
  }

  @Test func `a view that is created while sync runs is named in the log`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming()
      try it.sqlite("CREATE VIEW late AS SELECT id FROM t;")
      try sync.waitUntilSays("view 'late' was created since the first copy")
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `a dropped table stays on the target until somebody says so`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming()
      try it.sqlite("DROP TABLE u; INSERT INTO other VALUES (2, 2);")
      try it.waitUntilTakenUp()
      #expect(try it.psql("SELECT count(*) FROM u") == "2")
      #expect(try it.cutover().report.failed.contains("table u"))
      #expect(try it.changeover("resync", "u").status == 0)
      try it.waitUntilTakenUp()
      #expect(try it.psql("SELECT to_regclass('u') IS NULL") == "t")
      #expect(try it.cutover().report.failed == [])
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `what PostgreSQL refuses of one table holds that table and no other`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming()
      // A view of the user's own keeps the column.
      try it.psql("CREATE VIEW users_own AS SELECT a FROM t")
      try it.sqlite("ALTER TABLE t DROP COLUMN a; INSERT INTO t (id) VALUES (30); INSERT INTO other VALUES (3, 3);")
      try it.waitUntilTakenUp()
      #expect(try it.lag().held == ["t"])
      #expect(try it.psql("SELECT count(*) FROM other") == "2")
      try it.sqlite("INSERT INTO t (id) VALUES (31); INSERT INTO other VALUES (4, 4);")
      try it.waitUntilTakenUp()
      try it.psql("DROP VIEW users_own")
      #expect(try it.changeover("resync", "t").status == 0)
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `the views that changeover made come back over a table that was built anew`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; \(Self.schema) CREATE VIEW named AS SELECT id, a FROM t;")
      let sync = try it.startStreaming()
      #expect(try it.psql("SELECT count(*) FROM named") == "3")
      try it.sqlite(
        """
        PRAGMA legacy_alter_table = ON; BEGIN; CREATE TABLE new__t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, z INT DEFAULT 4);
        INSERT INTO new__t (id, a) SELECT id, a FROM t; DROP TABLE t; ALTER TABLE new__t RENAME TO t; COMMIT;
        """)
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try it.psql("SELECT count(*) FROM named") == "3")
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `rows in the quarantine keep up with their table's columns`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming()
      try it.sqlite("INSERT INTO t (id, a) VALUES (40, 'nul' || char(0));")
      try it.waitUntilTakenUp()
      #expect(try it.lag().quarantined == 1)
      try it.sqlite("ALTER TABLE t ADD COLUMN c DEFAULT 5; ALTER TABLE other ADD COLUMN m DEFAULT 'x';")
      try it.waitUntilTakenUp()
      #expect(try it.lag().quarantined == 1)
      let list = try it.changeover("quarantine", "list", "--show-values", "--json")
      #expect(list.output.contains("\"c\""), "\(list.output)")
      try it.sqlite("UPDATE t SET a = 'good' WHERE id = 40;")
      try it.waitUntilTakenUp()
      #expect(try it.lag().quarantined == 0)
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `tables left out stay out, however they change`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming("--exclude", "u", "--exclude", "tmp_*")
      try it.sqlite(
        """
        ALTER TABLE u ADD COLUMN w; CREATE TABLE tmp_u (a); DROP TABLE u; ALTER TABLE tmp_u RENAME TO u;
        CREATE TABLE tmp_x (a); INSERT INTO other VALUES (5, 5);
        """)
      try it.waitUntilTakenUp()
      #expect(try it.psql("SELECT to_regclass('u') IS NULL AND to_regclass('tmp_x') IS NULL") == "t")
      #expect(try it.psql("SELECT count(*) FROM other") == "2")
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `a switch after migrations has foreign keys, sequences and the record of writes for what is there then`()
    throws
  {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = wal; " + Self.schema)
      let sync = try it.startStreaming()
      try it.sqlite(
        """
        ALTER TABLE t RENAME TO parent; ALTER TABLE parent RENAME COLUMN id TO number;
        CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent (number) ON DELETE CASCADE);
        INSERT INTO child VALUES (7, 1), (8, 2);
        """)
      try it.waitUntilTakenUp()
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      #expect(try sync.stop() == 0)
      try it.expectEqual()
      #expect(try it.psql("INSERT INTO child (p) VALUES (3) RETURNING id") == "9")
      #expect(try it.psql("DELETE FROM parent WHERE number = 3; SELECT count(*) FROM child") == "2")
      // Under the key's new name.
      #expect(try it.psql("UPDATE parent SET number = 20 WHERE number = 2 AND false; SELECT 1") == "1")
      try it.psql("INSERT INTO parent (number) VALUES (99)")
      #expect(try it.sqlite("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%fence%';") != "0")
    }
  }
}
