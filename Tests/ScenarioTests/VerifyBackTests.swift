import FoundationEssentials
import Glibc
import Testing

/// verify after the switch, while PostgreSQL is written and SQLite follows (cases 40, 45, 48 and 49).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct VerifyBackTests {
  /// Runs beside live writers; `make soak` asks for hundreds.
  private static let runs = Variables["CHANGEOVER_VERIFY_RUNS"].flatMap { Int($0) } ?? 8

  @Test func `beside the reverse sync and live writers both stores are equal every time, and after the way back`()
    throws
  {
    try Scenario.run { it in
      try it.prepareCopied(rows: 200)
      // Over hundreds of runs the tables are not to outgrow snapshots as short as these.
      let writers = try RoamingWriters(it, count: 2, rate: Self.runs > 50 ? 20 : 150)
      let sync = try it.startStreaming()
      try writers.goOn()
      #expect(try it.startCutover(["--execute", "--on-switch", writers.hook]).finish().status == 0)
      try writers.goOn()
      var groups: Set<Int64> = []
      var snapshots = 0
      for _ in 0..<Self.runs {
        // Several snapshots in one run: rows change between them.
        let (status, report) = try it.verify("--max-transaction-seconds", "0.02")
        #expect(status == 0 && report.equal && report.full && report.direction == "reverse", "\(report)")
        groups.insert(try #require(report.position).group)
        snapshots += report.snapshots
      }
      #expect(groups.count > Self.runs / 2 && snapshots >= Self.runs, "the stores moved meanwhile")
      #expect(try it.lastVerify()?.direction == "reverse")
      let dry = try it.rollback()
      #expect(dry.report.detail("verified")?.contains("both stores equal") == true, "\(dry.report)")
      #expect(try it.startRollback(["--execute", "--on-switch", writers.hook]).finish().status == 0)
      try writers.goOn()
      for _ in 0..<2 {
        let (status, report) = try it.verify()
        #expect(status == 0 && report.equal && report.direction == "forward", "\(report)")
      }
      for writer in writers.writers { try writer.process.stop() }
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      try writers.finish()
      #expect(!sync.everythingSaid.contains("warning"), "\(sync.everythingSaid)")
      #expect(try sync.stop() == 0)
    }
  }

  @Test(arguments: ["wal", "delete"])
  func `without a sync it takes back what is missing itself, and the next sync goes on`(mode: String) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 40, mode: mode)
      #expect(try it.cutover("--execute").status == 0)
      let first = try it.expectVerified()
      let switched = try it.lag().source_sequence
      #expect(first.direction == "reverse" && first.position?.sequence == switched)
      try it.psql("INSERT INTO ledger VALUES (9, 1, 'new'); DELETE FROM line WHERE account = 3; TRUNCATE event")
      #expect(try it.lag().changes != 0)
      let report = try it.expectVerified()
      let lag = try it.lag()
      #expect(report.snapshots >= 1 && report.position?.sequence == lag.source_sequence && lag.changes == 0)
      try it.expectEqual()
      #expect(try it.changeover("journal", "check").status == 0)
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      try it.psql("INSERT INTO ledger VALUES (9, 2, 'later')")
      try it.waitUntilFollowedBack()
      try it.expectVerified()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  private func createCorruptible(_ it: Scenario) throws {
    try it.sqlite(
      """
      CREATE TABLE t (id INTEGER PRIMARY KEY, r REAL, s TEXT, n INTEGER, b BLOB);
      WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 3000)
        INSERT INTO t SELECT i, i / 7.0, 's' || i, i, x'00010203' FROM i;
      CREATE TABLE k (name TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO k VALUES ('a', 1), ('B', 2), ('ä', 3), ('z', 4);
      CREATE TABLE loose (a, b); INSERT INTO loose VALUES (1, 'x'), (2, 'y'), (3, 'z');
      """)
    try it.copyAll()
    #expect(try it.cutover("--execute").status == 0)
  }

  private func corrupt(_ it: Scenario) throws {
    try it.writeSilently(
      """
      BEGIN; UPDATE t SET r = r * (1 + 2.220446049250313e-16) WHERE id = 10; UPDATE t SET s = NULL WHERE id = 30;
      UPDATE t SET s = s || ' ' WHERE id = 40; DELETE FROM t WHERE id IN (1, 1024, 3000);
      INSERT INTO t VALUES (-5, 1, 'x', -5, x''), (3001, 1, 'x', 3001, x''); UPDATE t SET n = 'word' WHERE id = 70;
      DELETE FROM k WHERE name = 'B'; INSERT INTO k VALUES ('c', 9); UPDATE loose SET b = 'Y' WHERE a = 2; COMMIT
      """)
    try it.tamperBack(
      "t",
      "UPDATE t SET n = -50 WHERE id = 50; DELETE FROM t WHERE id = 60; INSERT INTO t VALUES (-6) ON CONFLICT (id) DO UPDATE SET s = 'again'"
    )
  }

  private static let corruptions: Set = [
    "different 10 r", "different 30 s", "different 40 s", "extra 1", "extra 1024", "extra 3000", "missing -5",
    "missing 3001", "different 70 n", "different 50 n", "missing 60", "extra -6",
  ]

  @Test func `what differs on either side is named and repaired from PostgreSQL`() throws {
    try Scenario.run { it in
      try createCorruptible(it)
      try it.expectVerified()
      try corrupt(it)
      let (status, report) = try it.verify()
      #expect(status == 1 && !report.equal && report.full && report.direction == "reverse")
      #expect(Set(report.lines("t")) == Self.corruptions, "\(report.lines("t"))")
      #expect(Set(report.lines("k")) == ["extra B", "missing c"], "\(report.lines("k"))")
      #expect(report.lines("loose").count == 1 && report.differences == 15, "\(report)")
      #expect(report.failedChecks == ["row_counts"], "\(report.checks)")
      let text = try it.changeover("verify")
      #expect(text.status == 1 && text.output.contains("t 1024: missing in SQLite"), "\(text.output)")
      #expect(text.output.contains("t -5: only in SQLite") && text.output.contains("again from PostgreSQL"))
      #expect(try it.changeover("status").output.contains("15 of"))
      let repaired = try it.verify("--repair")
      #expect(repaired.status == 0 && repaired.report.equal && repaired.report.repaired == 15, "\(repaired.report)")
      #expect(Set(repaired.report.lines("t")) == Self.corruptions)
      #expect(repaired.report["t"]?.source_rows == 3_000 && repaired.report["t"]?.target_rows == 3_000)
      try it.expectEqual()
      // The same beside a running sync.
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      try corrupt(it)
      #expect(try it.verify("--repair").status == 0)
      try it.expectEqual()
      try it.expectVerified()
      #expect(try sync.stop() == 0)
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `a key that PostgreSQL cannot have goes with the repair`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE k (a INTEGER, b TEXT, PRIMARY KEY (a)) WITHOUT ROWID; INSERT INTO k VALUES (1, 'x')")
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      try it.writeSilently("INSERT INTO k VALUES ('word', 'y'); UPDATE k SET b = 'z' WHERE a = 1")
      let (status, report) = try it.verify("--repair")
      #expect(status == 0 && report.repaired == 2, "\(report)")
      #expect(Set(report.lines("k")) == ["missing word", "different 1 b"])
      #expect(try it.sqlite("SELECT * FROM k;") == "1|x")
    }
  }

  @Test func `zeros that a decimal shows are no difference, in neither direction`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE price (id INTEGER PRIMARY KEY, amount NUMERIC);
        INSERT INTO price VALUES (1, 1.5), (2, 2), (3, 0.1)
        """)
      try it.copyAll()
      #expect(try it.targetTypes("price").contains("amount numeric"))
      #expect(try it.cutover("--execute").status == 0)
      try it.psql(
        """
        UPDATE price SET amount = 1.500 WHERE id = 1; UPDATE price SET amount = 2.00 WHERE id = 2;
        INSERT INTO price (amount) VALUES (4.250), (0.00), (-7.10); UPDATE price SET amount = amount + 0.000 WHERE id = 3
        """)
      #expect(try it.expectVerified().direction == "reverse")
      #expect(try it.sqlite("SELECT typeof(amount) FROM price WHERE id < 3;") == "real\ninteger")
      #expect(try it.rollback("--execute").status == 0)
      #expect(try it.expectVerified().direction == "forward")
    }
  }

  @Test func `rows that SQLite does not take are named as in the quarantine, and given up ones count as equal`() throws
  {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL); INSERT INTO t VALUES (1, 0.5);
        CREATE TABLE u (name TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INTEGER); INSERT INTO u VALUES ('Abc', 1)
        """)
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      try it.psql("DROP INDEX u_name_key; INSERT INTO t VALUES (2, 'NaN'), (3, 1); INSERT INTO u VALUES ('abc', 2)")
      let (status, report) = try it.verify("--repair")
      #expect(status == 1 && report.lines("t") == ["extra 2"] && report.lines("u") == ["extra abc"], "\(report)")
      let isWaiting = report.tables.flatMap(\.differences).allSatisfy {
        $0.quarantined && !$0.discarded && !$0.repaired
      }
      #expect(isWaiting && report.repaired == 0)
      let text = try it.changeover("verify")
      #expect(text.output.contains("t 2: missing in SQLite, in the quarantine"), "\(text.output)")
      #expect(text.output.contains("changeover quarantine list"))
      #expect(try it.changeover("quarantine", "discard", "--all", "--execute").status == 0)
      let given = try it.verify("--table", "t", "--table", "u")
      #expect(given.report.equal, "\(given.report)")
      let isDiscarded = given.report.tables.flatMap(\.differences).allSatisfy(\.discarded)
      #expect(isDiscarded && !given.report.failedChecks.contains("row_counts"), "\(given.report)")
    }
  }

  @Test func `keys that PostgreSQL sends otherwise than they are found by are named as in the quarantine`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE c (k TEXT NOT NULL, f REAL NOT NULL, v REAL, PRIMARY KEY (k, f)); INSERT INTO c VALUES ('a', 1, 0.5);
        CREATE TABLE d (k NUMERIC NOT NULL PRIMARY KEY, v REAL); INSERT INTO d VALUES (1.5, 0.5);
        """)
      let copy = try it.changeover("sync", "--until-caught-up", "--type", "c.k=char(5)", "--type", "d.k=numeric")
      #expect(copy.status == 0, "\(copy.errors)")
      #expect(try it.cutover("--execute").status == 0)
      try it.psql("INSERT INTO c VALUES ('b', '-0', 'NaN'), ('é', 0, 'NaN'); INSERT INTO d VALUES (2.50, 'NaN')")
      let report = try it.verify().report
      #expect(report.differences == 3 && report.quarantined == 3, "\(report)")
      #expect(try it.changeover("quarantine", "discard", "--all", "--execute").status == 0)
      #expect(try it.verify().status == 0)
    }
  }

  @Test func `what changed in PostgreSQL's schema is named as not compared, not as different`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 30)
      #expect(try it.cutover("--execute").status == 0)
      try it.psql(
        """
        ALTER TABLE account DROP note; ALTER TABLE account ADD extra int DEFAULT 1; CREATE TABLE fresh (a int);
        ALTER TABLE ledger RENAME TO book; ALTER TABLE book RENAME what TO text; INSERT INTO book VALUES (7, 1, 'here');
        UPDATE account SET balance = 7 WHERE id = 1; CREATE TABLE child () INHERITS (event)
        """)
      let (status, report) = try it.verify()
      #expect(status == 0 && report.equal && report.differences == 0, "\(report)")
      let account = report["account"]?.not_compared ?? []
      #expect(account.contains { $0.contains("'note' was dropped") } && account.contains { $0.contains("'extra'") })
      #expect(report.not_compared.contains { $0.contains("'fresh'") }, "\(report)")
      #expect(report["event"]?.not_compared.isEmpty == false && report["ledger"]?.equal == true)
      #expect(try it.lastVerify()?.full == false, "not everything was compared")
      #expect(try it.changeover("verify").output.contains("account: not compared: column 'note' was dropped"))
      // Differences in what is left are still found.
      try it.writeSilently(
        "UPDATE ledger SET what = 'there' WHERE writer = 7; UPDATE account SET balance = 8 WHERE id = 1")
      let found = try it.verify("--repair").report
      #expect(found.lines("ledger") == ["different 7,1 what"] && found.lines("account") == ["different 1 balance"])
      #expect(found.repaired == 2, "\(found)")
      // A table that is not kept in step is not proven equal.
      try it.psql("ALTER TABLE slot ALTER place TYPE text")
      let paused = try it.verify()
      #expect(paused.status == 1 && paused.report.differences == 0, "\(paused.report)")
      #expect(paused.report["slot"]?.problem?.contains("has another type in column 'place'") == true)
      #expect(paused.report["account"]?.equal == true)
    }
  }

  @Test func `rows that VACUUM renumbered come again before anything is compared`() throws {
    try Scenario.run { it in
      try it.sqlite(
        "CREATE TABLE loose (a, b); INSERT INTO loose VALUES (1, 'x'), (2, 'y'), (3, 'z'); DELETE FROM loose WHERE a = 2"
      )
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      try it.psql("INSERT INTO loose (a, b) VALUES ('4', 'v')")
      try it.expectVerified()
      try it.sqlite("VACUUM")
      try it.expectVerified()
      #expect(try it.sqlite("SELECT count(*) FROM loose;") == "3")
    }
  }

  @Test(arguments: ["verify-caught-up", "verify-captured", "verify-applied", "verify-opened", "verify-logged"])
  func `a verify that is killed harms nothing`(point: String) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 40)
      let sync = try it.startStreaming()
      #expect(try it.cutover("--execute").status == 0)
      try sync.waitUntilSays("streaming back from")
      func kill() throws {
        try it.psql("UPDATE account SET balance = balance + 1; INSERT INTO event (kind) VALUES ('k')")
        if point == "verify-logged" {
          try it.writeSilently("DELETE FROM slot WHERE id = 7; UPDATE account SET note = 'x'")
        }
        let killed = try it.start("verify", "--json", "--repair", environment: ["CHANGEOVER_FAULT": point])
        #expect(try killed.wait() == -SIGKILL, "\(killed.everythingSaid)")
        try it.psql("INSERT INTO ledger VALUES (3, (SELECT count(*) FROM ledger) + 1, 'later')")
      }
      try kill()
      try it.waitUntilFollowedBack()
      // A repair was interrupted with some of the tables logged.
      if point == "verify-logged" { #expect(try it.verify("--repair").status == 0) }
      try it.expectVerified()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
      // And where nobody but the next verify can go on.
      try kill()
      let (status, report) = try it.verify("--repair")
      #expect(status == 0, "\(report)")
      try it.expectEqual()
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `writers, the stream and DDL go on while two snapshots are open`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 40)
      let sync = try it.startStreaming()
      #expect(try it.cutover("--execute").status == 0)
      try sync.waitUntilSays("streaming back from")
      let verify = try it.startCutover([], command: "verify", fault: "verify-opened:wait")
      try verify.waitUntilReached()
      try it.psql("UPDATE account SET note = 'later'; DELETE FROM ledger; INSERT INTO event (kind) VALUES ('k')")
      try it.waitUntilFollowedBack()
      let slots = try it.psql("SELECT count(*) FROM slot")
      try it.writeSilently("DELETE FROM slot")
      try verify.letGoOn()
      // What came later is not in its snapshots.
      #expect(try verify.process.wait() == 0, "\(verify.process.everythingSaid)")
      let repaired = try it.verify("--repair").report.repaired
      #expect("\(repaired)" == slots)
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `a switch or a way back during a run ends it with the reason`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let verify = try it.startCutover(
        ["--max-transaction-seconds", "0.001"], command: "verify", fault: "verify-opened:wait")
      try verify.waitUntilReached()
      #expect(try it.cutover("--execute").status == 0)
      try verify.letGoOn()
      #expect(try verify.process.wait() == 75)
      #expect(verify.process.errors.contains("moved to the other store"), "\(verify.process.errors)")
      // What this one noted, if it came to that, belongs to the direction that there is again at the end.
      unlink(it.stateDirectory + "/verify.json")
      let back = try it.startCutover(
        ["--max-transaction-seconds", "0.001"], command: "verify", fault: "verify-opened:wait")
      try back.waitUntilReached()
      #expect(try it.rollback("--execute").status == 0)
      try back.letGoOn()
      #expect(try back.process.wait() == 75)
      // What it noted belongs to the other direction.
      #expect(try it.changeover("verify", "--resume").errors.contains("no interrupted run"))
    }
  }

  @Test func `sequences that fell behind and keys that lead nowhere are reported`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id)); INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (1, 1);
        """)
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      try it.expectVerified()
      try it.psql("INSERT INTO p VALUES (50, 1); ALTER TABLE c DROP CONSTRAINT c_p_fkey; INSERT INTO c (p) VALUES (77)")
      let (status, report) = try it.verify()
      #expect(status == 1 && report.equal && report.failedChecks == ["foreign_keys", "sequences"], "\(report.checks)")
      #expect(report.findings("sequences") == ["p.id: the next number is not above the largest key, 50"])
      #expect(report.findings("foreign_keys").contains { $0.contains("1 rows of 'c' lead nowhere") })
      try it.psql("ALTER SEQUENCE p_id_seq RESTART WITH 51")
      #expect(try it.verify().report.failedChecks == ["foreign_keys"], "51 comes next")
      try it.psql("ALTER TABLE p ALTER id DROP IDENTITY")
      let none = try it.verify().report
      #expect(none.findings("sequences") == ["p.id: there is no sequence that it draws from"], "\(none.checks)")
    }
  }

  @Test func `a running sync goes on verifying after the switch`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')")
      let sync = try it.startStreaming("--verify-every", "1s")
      try sync.waitUntilSays("verify: both stores are equal, 2 rows")
      #expect(try it.cutover("--execute").status == 0)
      try sync.waitUntilSays("streaming back from")
      try it.writeSilently("UPDATE t SET s = 'c' WHERE id = 1")
      try sync.waitUntilSays("verify: 1 rows of 't' differ")
      #expect(try it.lastVerify()?.direction == "reverse")
      #expect(try it.verify("--repair").status == 0)
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
