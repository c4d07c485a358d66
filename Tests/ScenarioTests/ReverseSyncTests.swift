import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The sync after the switch, from PostgreSQL to SQLite: cases 40, 45, 47 and 48.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct ReverseSyncTests {
  /// The writer's tables, switched; the sync is the one that followed before, or none.
  private func switched(_ it: Scenario, rows: Int = 40, syncing: Bool = false) throws -> ChildProcess? {
    try it.prepareCopied(rows: rows)
    let sync = syncing ? try it.startStreaming() : nil
    let (status, report) = try it.cutover("--execute")
    #expect(status == 0, "\(report)")
    return sync
  }

  /// Writes of every kind, as the application would make them.
  private static let writes = """
    INSERT INTO account (email, balance, note) VALUES ('new@x', 1.5, 'n'), ('other@x', 0.1, NULL);
    UPDATE account SET balance = balance * 2, note = note || 'é' WHERE id % 3 = 0;
    DELETE FROM line WHERE position = 1 AND account % 4 = 0;
    INSERT INTO line VALUES (1, 7, 'Sku-1', 2) ON CONFLICT (account, position) DO UPDATE SET quantity = 3;
    BEGIN; UPDATE slot SET place = NULL WHERE id IN (3, 4); UPDATE slot SET place = 7 - id WHERE id IN (3, 4); COMMIT;
    UPDATE product SET sku = upper(sku) WHERE stock = 9 AND price < 1;
    INSERT INTO event (kind, payload, at) VALUES ('k', '\\x00ff', 2.5), ('k', NULL, -1);
    DELETE FROM event WHERE kind = 'start' AND at < 0.5;
    INSERT INTO ledger VALUES (1, 1, 'one')
    """

  @Test func `the sync that saw the switch follows PostgreSQL back, in step with a writer`() throws {
    try Scenario.run { it in
      let sync = try #require(try switched(it, syncing: true))
      try sync.waitUntilSays("streaming back from")
      #expect(try it.lag().state == "reversed")
      let statements = (1...400).map {
        "INSERT INTO ledger VALUES (9, \($0), 'w'); UPDATE account SET balance = \($0) WHERE id = \(1 + $0 % 30);"
      }
      let script = try it.file("writes.sql", statements.joined(separator: "\n"))
      let writer = try it.spawn(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", it.url, "-f", script])
      try it.psql(Self.writes)
      #expect(try writer.wait() == 0, "\(writer.everythingSaid)")
      try it.waitUntilFollowedBack()
      try it.expectEqual()
      let lag = try it.lag("--max-changes", "0", "--max-seconds", "0")
      #expect(lag.changes == 0 && lag.seconds == 0 && lag.sync_running && lag.quarantined == 0)
      #expect(try sync.stop() == 0)
      #expect(try it.lag().state == "switched")
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `a sync started after the switch catches up and ends, and lag counts what waits`() throws {
    try Scenario.run { it in
      _ = try switched(it)
      #expect(try it.lag().changes == 0)
      try it.psql(Self.writes)
      let lag = try it.lag()
      #expect(lag.state == "switched" && !lag.sync_running)
      #expect((lag.changes ?? 0) > 20 && lag.seconds_is_upper_bound && (lag.seconds ?? 0) > 0)
      #expect(try it.changeover("lag", "--max-changes", "5").status == 1)
      #expect(try it.changeover("lag", "--max-seconds", "0").status == 1)
      let result = try it.changeover("sync", "--until-caught-up")
      #expect(result.status == 0 && result.errors.contains("caught up: SQLite has everything"), "\(result.errors)")
      try it.expectEqual()
      #expect(try it.lag().changes == 0)
      #expect(try it.changeover("lag", "--max-changes", "0", "--max-seconds", "0").status == 0)
      try it.expectVerified()
    }
  }

  @Test func `one sync follows a switch, a rollback and a second switch`() throws {
    try Scenario.run { it in
      let sync = try #require(try switched(it, syncing: true))
      try sync.waitUntilSays("streaming back from")
      try it.psql(Self.writes)
      let (status, report) = try it.rollback("--execute")
      #expect(status == 0, "\(report)")
      try sync.waitUntilSays("the way back is done")
      try sync.waitUntilSays("streaming from", times: 2)
      try it.sqlite("UPDATE account SET note = 'here'; INSERT INTO ledger VALUES (2, 1, 'here');")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try it.cutover("--execute").status == 0)
      try sync.waitUntilSays("streaming back from", times: 2)
      try it.psql("UPDATE ledger SET what = 'there again'; DELETE FROM event WHERE kind = 'k'")
      try it.waitUntilFollowedBack()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  /// Case 45.
  @Test func `TRUNCATE, and a transaction that commits late`() throws {
    try Scenario.run { it in
      let sync = try #require(try switched(it, syncing: true))
      let script = try it.file(
        "late.sql", "BEGIN; INSERT INTO ledger VALUES (5, 1, 'late'); SELECT pg_sleep(0.4); COMMIT;")
      let late = try it.spawn(["psql", "-XqAt", "-d", it.url, "-f", script])
      try it.psql("INSERT INTO ledger VALUES (5, 2, 'early'); TRUNCATE event; INSERT INTO event (kind) VALUES ('x')")
      #expect(try late.wait() == 0)
      try it.waitUntilFollowedBack()
      try it.expectEqual()
      #expect(try it.sqlite("SELECT count(*) FROM ledger; SELECT count(*) FROM event;") == "2\n1")
      #expect(try sync.stop() == 0)
    }
  }

  /// Case 40.
  @Test(arguments: [
    "reverse-locked", "reverse-read", "reverse-part", "reverse-journaled", "reverse-drained", "reverse-applied",
    "reverse-committed",
  ])
  func `killed in the middle of a group, the next sync goes on`(point: String) throws {
    try Scenario.run { it in
      _ = try switched(it)
      try it.psql(Self.writes)
      let killed = try it.start("sync", environment: ["CHANGEOVER_FAULT": point])
      #expect(try killed.wait() == -SIGKILL)
      try it.psql("UPDATE account SET note = 'later'; DELETE FROM slot WHERE id = 3")
      let result = try it.changeover("sync", "--until-caught-up")
      #expect(result.status == 0, "\(result.errors)")
      try it.expectEqual()
      #expect(try it.changeover("journal", "check").status == 0)
      #expect(try it.lag().changes == 0)
    }
  }

  @Test func `PostgreSQL crashes and comes back`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      let sync = try #require(try switched(it, syncing: true))
      try sync.waitUntilSays("streaming back from")
      try it.psql(Self.writes)
      try own.stop("immediate")
      try sync.waitUntilSays("PostgreSQL is away")
      let away = try it.lag()
      #expect(away.state == "reversed" && away.changes == nil && away.seconds == nil && !away.target_reachable)
      #expect(try it.changeover("lag", "--max-seconds", "100").status == 1)
      try own.start()
      try it.psql("UPDATE account SET note = 'back'")
      try it.waitUntilFollowedBack()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  /// Case 48.
  @Test func `what changes in PostgreSQL's schema is named, and nothing is lost`() throws {
    try Scenario.run { it in
      let sync = try #require(try switched(it, syncing: true))
      let notes = "SELECT group_concat(note, ',') FROM (SELECT note FROM account WHERE id <= 5 ORDER BY id);"
      let before = try it.sqlite(notes)
      try it.psql(
        """
        ALTER TABLE account DROP note; ALTER TABLE account ADD extra int DEFAULT 1; CREATE TABLE fresh (a int);
        UPDATE account SET balance = 7 WHERE id = 1; INSERT INTO account (email) VALUES ('later@x');
        ALTER TABLE slot ALTER place TYPE text; UPDATE slot SET holder = 'h' WHERE id = 1
        """)
      try sync.waitUntilSays("table 'slot' has another type in column 'place'; nothing of it goes back any more")
      try Waiting.until("the row is there") {
        try it.sqlite("SELECT count(*) FROM account WHERE email = 'later@x';") == "1"
      }
      #expect(try it.sqlite(notes) == before)
      #expect(try it.sqlite("SELECT balance FROM account WHERE id = 1;") == "7.0")
      let status = try it.changeover("status", "--json").output
      for name in ["column:account.note", "column:account.extra", "table:fresh", "table:slot"] {
        #expect(status.contains(#""name":"\#(name)""#), "\(status)")
      }
      #expect(try it.changeover("lag").output.contains("4 changes of PostgreSQL's schema"))
      #expect(try sync.stop() == 0)
      let paused = try it.changeover("sync", "--until-caught-up")
      #expect(paused.status == 1 && paused.errors.contains("table 'slot'"), "\(paused.errors)")
      try it.psql("ALTER TABLE slot ALTER place TYPE bigint USING place::bigint")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      #expect(try it.sqlite("SELECT holder FROM slot WHERE id = 1;") == "h")
    }
  }

  /// Case 47.
  @Test func `a fenced file that is replaced by a copy, or that lost its fence, is not written to`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let open = "\(it.directory)/open.db"
      try it.sqlite("VACUUM INTO '\(open)';")
      #expect(try it.cutover("--execute").status == 0)
      let fenced = "\(it.directory)/fenced.db"
      try it.sqlite("VACUUM INTO '\(fenced)';")
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      rename(fenced, it.source)
      #expect(try sync.wait() == 65)
      #expect(sync.errors.contains("replaced"), "\(sync.errors)")
      rename(open, it.source)
      for suffix in ["-wal", "-shm"] { unlink(it.source + suffix) }
      try it.psql(Self.writes)
      let refused = try it.changeover("sync")
      #expect(refused.status == 65 && refused.errors.contains("is not fenced"), "\(refused.errors)")
      #expect(try it.sqlite("SELECT count(*) FROM ledger;") == "0")
    }
  }

  @Test func `a table created in the fenced file is fenced too`() throws {
    try Scenario.run { it in
      let sync = try #require(try switched(it, syncing: true))
      try sync.waitUntilSays("streaming back from")
      try it.sqlite("CREATE TABLE late (a);")
      try sync.waitUntilSays("the fence of 'late'")
      #expect(throws: Program.Failed.self) { try it.sqlite("INSERT INTO late VALUES (1);") }
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `the journal is shown as people read it, and replayed towards SQLite`() throws {
    try Scenario.run { it in
      _ = try switched(it)
      try it.psql(Self.writes)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let shown = try it.changeover("journal", "show", "--values")
      #expect(shown.output.contains("reverse, ") && shown.output.contains("email = 'new@x'"), "\(shown.output)")
      #expect(shown.output.contains("upsert ledger writer 1, number 1: "), "\(shown.output)")
      let group = try #require(it.journalFiles.last?.prefix(19))
      // Somebody damages the fenced file by hand.
      let trigger = try it.sqlite(
        "SELECT name FROM sqlite_schema WHERE tbl_name = 'ledger' AND name LIKE '%fence_delete';")
      try it.sqlite("DROP TRIGGER \(trigger); DELETE FROM ledger;")
      let dry = try it.changeover("journal", "replay", "--from", String(group))
      #expect(dry.status == 0 && dry.output.contains("would apply 1 groups again"), "\(dry.output)\(dry.errors)")
      let replayed = try it.changeover("journal", "replay", "--from", String(group), "--execute")
      #expect(replayed.output.contains("SQLite is at group"), "\(replayed.output)\(replayed.errors)")
      try it.expectEqual()
      #expect(try it.changeover("journal", "replay", "--from", "0").status == 64)
    }
  }

  /// The keys of an outage; CHANGEOVER_TEST_KEYS for more of them.
  @Test func `a drain of very many keys takes no more memory than a few batches`() throws {
    let keys = Variables["CHANGEOVER_TEST_KEYS"].flatMap { Int($0) } ?? 60_000
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = WAL; CREATE TABLE wide (id INTEGER PRIMARY KEY, a TEXT, b TEXT);")
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      try it.psql("INSERT INTO wide SELECT i, repeat('a', 200), repeat('b', 200) FROM generate_series(1, \(keys)) AS i")
      let sync = try it.start("sync")
      try it.waitUntilFollowedBack(seconds: 600)
      let peak = Int(Files.text("/proc/\(sync.processID)/status").after("VmHWM:")?.trimmed.prefix { $0.isNumber } ?? "")
      print("\(keys) keys: peak memory \(peak ?? 0) KiB")
      #expect(try #require(peak) < 200_000)
      #expect(try sync.stop() == 0)
      #expect(try it.sqlite("SELECT count(*), sum(id) FROM wide;") == "\(keys)|\(keys * (keys + 1) / 2)")
    }
  }

  /// Case 48: what was prepared before a drain is committed long after it.
  @Test(.enabled(if: OwnServer.isPossible))
  func `a prepared transaction comes back when it is committed, through drains and a crash of the server`() throws {
    let own = try OwnServer(settings: ["max_prepared_transactions = 5"])
    try Scenario.run(on: own.server) { it in
      let sync = try #require(try switched(it, syncing: true))
      try sync.waitUntilSays("streaming back from")
      try it.psql(
        """
        BEGIN; INSERT INTO account (email) VALUES ('late'); UPDATE slot SET holder = 'late' WHERE id < 5;
        DELETE FROM line WHERE account = 2; PREPARE TRANSACTION 'late';
        """)
      try it.psql("INSERT INTO account (email) VALUES ('early'); UPDATE slot SET holder = 'early' WHERE id > 5")
      try it.waitUntilBackInStep()
      #expect(try it.sqlite("SELECT email FROM account WHERE email IN ('early', 'late')") == "early")
      try own.stop("immediate")
      try own.start()
      try sync.waitUntilSays("PostgreSQL is back")
      try it.psql("INSERT INTO account (email) VALUES ('between')")
      try it.waitUntilBackInStep()
      try it.psql("COMMIT PREPARED 'late'")
      try it.waitUntilFollowedBack()
      #expect(try it.sqlite("SELECT count(*) FROM slot WHERE holder = 'late'") == "5")
      try it.expectEqual()

      // Nobody can read a table that a prepared TRUNCATE has locked: nothing comes back until it is ended.
      try it.psql("BEGIN; TRUNCATE event; PREPARE TRANSACTION 'empty';")
      try it.psql("INSERT INTO account (email) VALUES ('beside')")
      #expect(try it.rollback().report.failed == ["prepared transactions"])
      try it.psql("COMMIT PREPARED 'empty'; INSERT INTO event (kind) VALUES ('first')")
      try it.waitUntilFollowedBack()
      #expect(try it.sqlite("SELECT kind FROM event") == "first")
      #expect(try it.sqlite("SELECT count(*) FROM account WHERE email = 'beside'") == "1")
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}

extension Scenario {
  /// Waits until SQLite has everything that was written to PostgreSQL before this call.
  func waitUntilFollowedBack(seconds: Double = 60) throws {
    var written: Int64?
    var last = ""
    try Waiting.until("SQLite has what PostgreSQL has", seconds: seconds, details: { last }) {
      let lag = try lag()
      last = "\(lag)"
      guard lag.state == "reversed" else { return false }
      // A group that was on its way at the first look may count twice in it.
      if lag.changes == 0 { return true }
      if written == nil { written = lag.source_sequence }
      return written.map { (lag.applied_sequence ?? 0) >= $0 } ?? false
    }
  }
}
