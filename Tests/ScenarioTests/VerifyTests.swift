import Testing

/// verify compares, names, repairs (cases 7, 22 and 49).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct VerifyTests {
  /// Runs beside live writers; `make soak` asks for hundreds.
  private static let runs = Variables["CHANGEOVER_VERIFY_RUNS"].flatMap { Int($0) } ?? 8

  @Test func `beside a running sync and live writers both stores are equal every time`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 300)
      let sync = try it.startStreaming()
      let writers = try [1, 2].map { try it.startWriter(number: $0, rate: 150) }
      try writers[0].waitFor(50)
      var groups: Set<Int64> = []
      var snapshots = 0
      for _ in 0..<Self.runs {
        // Several snapshots in one run: rows change between them.
        let (status, report) = try it.verify("--max-transaction-seconds", "0.02")
        #expect(status == 0 && report.equal && report.full, "\(report)")
        groups.insert(try #require(report.position).group)
        snapshots += report.snapshots
      }
      #expect(groups.count > Self.runs / 2 && snapshots >= Self.runs, "the stores moved meanwhile")
      for writer in writers { try writer.finish() }
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(!sync.everythingSaid.contains("warning"), "\(sync.everythingSaid)")
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `without a write-ahead log writers get their turn and both stores are equal`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100, mode: "delete")
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 100)
      try writer.waitFor(20)
      for _ in 0..<max(Self.runs / 3, 2) {
        let before = writer.acknowledged
        try it.expectVerified()
        try writer.waitFor(1, since: before)
      }
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectVerified()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `without a sync it applies what is missing itself, and the next sync goes on`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      try it.sqlite("INSERT INTO ledger VALUES (9, 1, 'new'); DELETE FROM line WHERE account = 3;")
      let writer = try it.startWriter(rate: 200)
      try writer.waitFor(20)
      for _ in 0..<3 { try it.expectVerified() }
      try writer.finish()
      let report = try it.expectVerified()
      let lag = try it.lag()
      #expect(report.snapshots == 1 && report.position?.sequence == lag.source_sequence)
      #expect(try it.lag().changes == 0)
      try it.expectEqual()
      let sync = try it.startStreaming()
      try it.sqlite("INSERT INTO ledger VALUES (9, 2, 'later');")
      try it.waitUntilCaughtUp()
      try it.expectVerified()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  private func createCorruptible(_ it: Scenario) throws {
    try it.sqlite(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, r REAL, s TEXT, n INTEGER UNIQUE, b BLOB);
      WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 3000)
        INSERT INTO t SELECT i, i / 7.0, 's' || i, i, x'00010203' FROM i;
      UPDATE t SET r = 0.0 WHERE id = 20; UPDATE t SET s = '' WHERE id = 30;
      CREATE TABLE k (name TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO k VALUES ('a', 1), ('B', 2), ('ä', 3), ('z', 4);
      CREATE TABLE other (id INTEGER PRIMARY KEY); INSERT INTO other VALUES (1);
      """)
    try it.copyAll()
  }

  private func corrupt(_ it: Scenario) throws {
    try it.tamper(
      """
      UPDATE t SET r = r * (1 + 2.220446049250313e-16) WHERE id = 10;
      UPDATE t SET r = '-0' WHERE id = 20;
      UPDATE t SET s = NULL WHERE id = 30;
      UPDATE t SET s = s || ' ' WHERE id = 40;
      DELETE FROM t WHERE id IN (1, 1024, 3000);
      INSERT INTO t VALUES (-5, 1, 'x', -5, ''), (3001, 1, 'x', 3001, '');
      UPDATE t SET n = -50 WHERE id = 50; UPDATE t SET n = 50 WHERE id = 51; UPDATE t SET n = 51 WHERE id = 50;
      DELETE FROM k WHERE name = 'B'; INSERT INTO k VALUES ('c', '9')
      """)
  }

  private static let corruptions: Set = [
    "different 10 r", "different 20 r", "different 30 s", "different 40 s", "missing 1", "missing 1024", "missing 3000",
    "extra -5", "extra 3001", "different 50 n", "different 51 n",
  ]

  @Test func `every corruption is named by table, key, kind and column`() throws {
    try Scenario.run { it in
      try createCorruptible(it)
      try it.expectVerified()
      try corrupt(it)
      let (status, report) = try it.verify()
      #expect(status == 1 && !report.equal && report.full)
      #expect(Set(report.lines("t")) == Self.corruptions, "\(report.lines("t"))")
      #expect(Set(report.lines("k")) == ["missing B", "extra c"], "\(report.lines("k"))")
      #expect(report["other"]?.equal == true && report["t"]?.source_rows == 3_000 && report["t"]?.target_rows == 2_999)
      #expect(report.differences == 13 && report.failedChecks == ["row_counts"])

      let text = try it.changeover("verify")
      #expect(text.status == 1 && text.output.contains("DIFFERENT: 13 rows of 3005 differ"), "\(text.output)")
      #expect(text.output.contains("t 1024: missing in PostgreSQL") && text.output.contains("t -5: only in PostgreSQL"))
      #expect(text.output.contains("t 40: differs in s") && !text.output.contains("s40"))
      #expect(text.output.contains("verify --repair"))
      let shown = try it.changeover("verify", "--show-values", "--table", "t")
      #expect(shown.output.contains("s: \"s40\" in SQLite, \"s40 \" in PostgreSQL"), "\(shown.output)")
      #expect(!shown.output.contains("other"))
      let limited = try it.verify("--limit", "2").report
      #expect(limited["t"]?.differences.count == 2 && limited["t"]?.difference_count == 11)
      let one = try it.verify("--table", "other")
      #expect(one.status == 0 && one.report.equal && !one.report.full && one.report.tables.map(\.name) == ["other"])
      // What was found last and over all tables is what stands.
      #expect(try it.lastVerify()?.full == false)
      #expect(try it.changeover("status").output.contains("differ"))
    }
  }

  @Test func `repair heals every corruption, lists it, and leaves both stores equal`() throws {
    try Scenario.run { it in
      try createCorruptible(it)
      try corrupt(it)
      let (status, report) = try it.verify("--repair")
      #expect(status == 0 && report.equal && report.repaired == 13 && report.differences == 0, "\(report)")
      #expect(Set(report.lines("t")) == Self.corruptions)
      let isAllRepaired = report.tables.flatMap(\.differences).allSatisfy(\.repaired)
      #expect(isAllRepaired)
      #expect(report["t"]?.source_rows == 3_000 && report["t"]?.target_rows == 3_000)
      try it.expectEqual()
      try it.expectVerified()
      // The same beside a running sync.
      let sync = try it.startStreaming()
      try corrupt(it)
      let text = try it.changeover("verify", "--repair")
      #expect(text.status == 0 && text.output.contains("t 1024: missing in PostgreSQL: repaired"), "\(text)")
      #expect(text.output.contains("k: 4 rows, equal, 2 repaired"), "\(text.output)")
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `repair goes on until nothing is left, however many rows differ`() throws {
    try Scenario.run { it in
      try createCorruptible(it)
      try it.copyAll()
      try it.tamper(
        "UPDATE t SET n = -n WHERE id % 100 < 2; DELETE FROM t WHERE id % 100 = 5; INSERT INTO t VALUES (-1)")
      let (status, report) = try it.verify("--repair", "--repairs-at-once", "10", "--limit", "3")
      #expect(status == 0 && report.equal && report.repaired == 91, "\(report)")
      let table = try #require(report["t"])
      #expect(table.source_rows == table.target_rows && table.repaired == 91 && table.differences.count == 3)
      try it.expectEqual()
    }
  }

  @Test func `a repair says what it cannot mend, and counts the rows as they are by then`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
      try it.copyAll()
      try it.psql(
        """
        CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n = 7; RETURN NEW; END $$;
        CREATE TRIGGER odd BEFORE INSERT OR UPDATE ON t FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION odd();
        ALTER TABLE t ENABLE ALWAYS TRIGGER odd
        """)
      try it.tamper("UPDATE t SET n = 9 WHERE id > 1")
      // The row that the target has of it goes when the new one does not fit.
      try it.writeSilently("UPDATE t SET n = 'word' WHERE id = 2")
      let (status, report) = try it.verify("--repair", "--repairs-at-once", "1")
      #expect(status == 1 && report.repaired == 0 && report.differences == 2, "\(report)")
      let count = try it.psql("SELECT count(*) FROM t")
      #expect((report["t"]?.target_rows).map { "\($0)" } == count, "\(report)")
      let text = try it.changeover("verify", "--repair")
      #expect(text.status == 1 && text.output.contains("still differs came back the same"), "\(text.output)")
    }
  }

  @Test func `values are shown so that they can be told apart`() throws {
    try Scenario.run { it in
      try it.psql(
        "ALTER DATABASE \(it.database) SET extra_float_digits = -2; ALTER DATABASE \(it.database) SET bytea_output = escape"
      )
      try createCorruptible(it)
      try it.copyAll()
      try it.tamper(
        """
        UPDATE t SET s = 'NULL' WHERE id = 1; UPDATE t SET s = NULL WHERE id = 2; UPDATE t SET s = s || ' ' WHERE id = 3;
        UPDATE t SET r = r * (1 + 2.220446049250313e-16) WHERE id = 7; UPDATE t SET b = '\\x00' WHERE id = 8
        """)
      let text = try it.changeover("verify", "--show-values")
      for line in [
        "s: \"s1\" in SQLite, \"NULL\" in PostgreSQL", "s: \"s2\" in SQLite, NULL in PostgreSQL",
        "s: \"s3\" in SQLite, \"s3 \" in PostgreSQL", "r: 1.0 in SQLite, 1.0000000000000002 in PostgreSQL",
        "b: x'00010203' in SQLite, \"\\\\x00\" in PostgreSQL",
      ] { #expect(text.output.contains(line), "\(line): \(text.output)") }
    }
  }

  @Test func `what the triggers did not see is counted, found and repaired`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB, s TEXT); INSERT INTO t VALUES (1, x'00000000', 'a'), (2, x'11', 'b');
        CREATE TABLE picky (id INTEGER PRIMARY KEY, v INTEGER);
        """)
      let sync = try it.startStreaming()
      // The application's own trigger fires first, and takes ours with it.
      try it.sqlite(
        """
        CREATE TRIGGER ignores BEFORE INSERT ON picky WHEN NEW.v < 0
        BEGIN INSERT INTO picky VALUES (NEW.id + 100, -NEW.v); SELECT RAISE(IGNORE); END;
        INSERT INTO picky VALUES (1, 1);
        """)
      try it.waitUntilCaughtUp()
      try it.expectVerified()
      #expect(try it.unloggedCommits() == 0)
      try it.writeBlob("t", "b", rowid: 1, "dead")
      try sync.waitUntilSays("the source changed without a logged change")
      let counted = try it.unloggedCommits()
      try it.writeSilently(
        "BEGIN; INSERT INTO t VALUES (3, NULL, 'c'); DELETE FROM t WHERE id = 2; UPDATE picky SET v = 7; COMMIT")
      try Waiting.until("the commit is counted") { try it.unloggedCommits() > counted }
      #expect(try it.changeover("status").output.contains("commits changed SQLite without a logged change"))
      let (status, report) = try it.verify("--repair")
      #expect(status == 0 && report.equal, "\(report)")
      #expect(Set(report.lines("t")) == ["different 1 b", "missing 3", "extra 2"], "\(report.lines("t"))")
      #expect(report.lines("picky") == ["different 1 v"])
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `rows in the quarantine are named as such, and given up ones count as equal`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 2)")
      try it.copyAll()
      try it.sqlite("UPDATE t SET n = 'secret' WHERE id = 2; INSERT INTO t VALUES (3, 'x')")
      let (status, report) = try it.verify("--repair")
      #expect(status == 1 && report.lines("t").count == 2 && report.repaired == 0, "\(report)")
      let isWaiting = report["t"]?.differences.allSatisfy { $0.quarantined && !$0.discarded }
      #expect(isWaiting == true)
      let text = try it.changeover("verify")
      #expect(text.output.contains("t 3: missing in PostgreSQL, in the quarantine"), "\(text.output)")
      #expect(text.output.contains("changeover quarantine list") && !text.output.contains("secret"))
      #expect(try it.changeover("quarantine", "discard", "--all", "--execute").status == 0)
      let given = try it.verify()
      #expect(given.status == 0 && given.report.equal, "\(given.report)")
      let isDiscarded = given.report["t"]?.differences.allSatisfy(\.discarded)
      #expect(isDiscarded == true)
    }
  }

  @Test func `indexes, orphans and NULLs that should not be are reported`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, n INTEGER CHECK (n > 0));
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id)); CREATE INDEX c_p ON c (p);
        INSERT INTO p VALUES (1, 'a', 1); INSERT INTO c VALUES (1, 1), (2, NULL);
        """)
      try it.copyAll()
      let clean = try it.expectVerified()
      #expect(
        clean.checks.map(\.name) == ["row_counts", "foreign_keys", "schema", "sequences", "required_columns"])
      // The table that it refers to is not asked for.
      #expect(try it.verify("--table", "c").status == 0)
      // An index of the user's own is nobody's business.
      try it.psql("CREATE INDEX mine ON c (id, p); DROP INDEX c_p; ALTER TABLE p ALTER code DROP NOT NULL")
      try it.sqlite("INSERT INTO c VALUES (3, 77)")
      let (status, report) = try it.verify()
      #expect(status == 1 && report.equal)
      #expect(report.failedChecks == ["foreign_keys", "schema"], "\(report.checks)")
      #expect(report.findings("foreign_keys").first?.contains("1 rows of 'c' lead nowhere") == true)
      #expect(report.findings("schema").contains { $0.contains("lacks the index") }, "\(report.findings("schema"))")
      #expect(report.findings("schema").contains { $0.contains("p.code: nullability is NULL") })
      #expect(!report.findings("schema").contains { $0.contains("mine") })
      try it.tamper("UPDATE p SET code = NULL")
      let null = try it.verify().report
      #expect(!null.equal && null.findings("required_columns") == ["p.code: 1 rows hold NULL"], "\(null.checks)")
    }
  }
}
