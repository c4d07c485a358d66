import Glibc
import TestSupport
import Testing

/// GO and NO-GO of the way back, and what stands in its way while it runs.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct RollbackGateTests {
  private func switched(_ it: Scenario, rows: Int = 20) throws {
    try it.prepareCopied(rows: rows)
    #expect(try it.cutover("--execute", "--no-backup", "--waive", "verified").status == 0)
  }

  private func expectNoGo(_ it: Scenario, _ failed: [String], _ arguments: [String] = []) throws {
    for arguments in [arguments, arguments + ["--execute"]] {
      let (status, report) = try it.startRollback(arguments).finish()
      #expect(status == 1, "\(report)")
      #expect(!report.switched)
      #expect(report.failed == failed)
      #expect(report.pause_ms == nil)
    }
    try it.expectOneWritable()
  }

  @Test func `a dry run changes nothing in either store`() throws {
    try Scenario.run { it in
      try switched(it)
      try it.psql("INSERT INTO event (kind) VALUES ('new')")
      func state() throws -> [String] {
        [
          try it.sourceSchema(), try it.targetObjects(), "\(it.journalFiles)",
          try it.psql("SELECT phase, switch_id, way_back_id, captured_group FROM changeover.source"),
        ]
      }
      let before = try state()
      let (status, report) = try it.rollback()
      #expect(status == 0, "\(report)")
      #expect(!report.switched)
      #expect(report.failed == [])
      #expect(
        report.checkpoints.map(\.name) == [
          "authority", "fence", "lag", "quarantine", "schema", "tables", "transactions", "disk",
        ])
      #expect(try state() == before)
      let text = try it.changeover("rollback")
      #expect(text.output.contains("GO. Nothing was changed: run it again with --execute."))
    }
  }

  @Test func `NO-GO where SQLite is the authority, and after a way back it says so`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      try expectNoGo(it, ["authority"])
      #expect(try it.cutover("--execute", "--no-backup").status == 0)
      #expect(try it.rollback("--execute").status == 0)
      let again = try it.changeover("rollback", "--execute")
      #expect(again.status == 0)
      #expect(again.output.contains("SQLite is the authority again already"))
    }
  }

  @Test func `NO-GO where PostgreSQL's schema went where SQLite cannot follow, until it is waived by name`() throws {
    try Scenario.run { it in
      try switched(it)
      try it.psql(
        "ALTER TABLE account ADD COLUMN phone text; CREATE TABLE younger (id int PRIMARY KEY); UPDATE account SET phone = 1"
      )
      try expectNoGo(it, ["column:account.phone", "table:younger"])
      let (status, report) = try it.rollback(
        "--execute", "--waive", "column:account.phone", "--waive", "table:younger")
      #expect(status == 0, "\(report)")
      try it.psql("ALTER TABLE account DROP COLUMN phone; DROP TABLE younger")
      try it.expectSwitchedBack()
    }
  }

  @Test func `NO-GO with rows that SQLite does not take`() throws {
    try Scenario.run { it in
      try switched(it)
      try it.psql("INSERT INTO event (kind, at) VALUES ('nan', 'NaN')")
      let sync = try it.changeover("sync", "--until-caught-up")
      #expect(sync.status == 0, "\(sync)")
      try expectNoGo(it, ["quarantine"])
      try it.psql("UPDATE event SET at = 1 WHERE kind = 'nan'")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      #expect(try it.rollback("--execute").status == 0)
      try it.expectSwitchedBack()
    }
  }

  @Test func `a row that SQLite does not take in the last moment aborts it`() throws {
    try Scenario.run { it in
      try switched(it)
      let run = try it.startRollback(fault: "back-before-lock:wait")
      try run.waitUntilReached()
      try it.psql("INSERT INTO event (kind, at) VALUES ('nan', 'NaN')")
      try run.letGoOn()
      let (status, report) = try run.finish()
      #expect(status == 1)
      #expect(report.failed == ["abort"])
      #expect(report.detail("abort")?.contains("does not fit SQLite") == true)
      try it.expectOneWritable()
      #expect(try it.isTargetWritable())
    }
  }

  /// Case 48: transactions in flight are waited for, with a limit.
  @Test func `a transaction in flight is waited for, and what it wrote comes back`() throws {
    try Scenario.run { it in
      try switched(it)
      let session = try it.startSession("INSERT INTO account (email) VALUES ('in flight');")
      let run = try it.startRollback(["--execute", "--lock-timeout", "20"])
      try Waiting.until("rollback waits for it", details: { run.process.everythingSaid }) {
        try it.psql("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock'") != "0"
      }
      try session.say("COMMIT;")
      let (status, report) = try run.finish()
      #expect(status == 0, "\(report)")
      #expect(try it.sqlite("SELECT count(*) FROM account WHERE email = 'in flight'") == "1")
      try it.expectSwitchedBack()
    }
  }

  @Test func `a transaction that outlasts the limit is named, not ended, and ended only when asked for`() throws {
    try Scenario.run { it in
      try switched(it)
      let session = try it.startSession("INSERT INTO account (email) VALUES ('sleeper''s secret');")
      let (status, report) = try it.rollback("--execute", "--lock-timeout", "0.6")
      #expect(status == 1)
      #expect(report.failed == ["target locked"])
      let detail = try #require(report.detail("target locked"))
      #expect(detail.contains("pid "))
      #expect(detail.contains("idle in transaction"))
      #expect(!detail.contains("secret"), "never what was asked")
      #expect(session.process.isRunning)
      try it.expectOneWritable()
      #expect(try it.isTargetWritable())

      let (second, ended) = try it.rollback("--execute", "--lock-timeout", "0.6", "--terminate")
      #expect(second == 0, "\(ended)")
      #expect(ended.checkpoints.contains { $0.name == "sessions ended" })
      #expect(try it.sqlite("SELECT count(*) FROM account WHERE email LIKE 'sleeper%'") == "0", "never committed")
      try it.expectSwitchedBack()
    }
  }

  /// Case 48.
  @Test func `a REPEATABLE READ transaction older than the fence cannot write past it`() throws {
    try Scenario.run { it in
      try switched(it)
      let session = try it.startSession("SELECT count(*) FROM slot;", isolation: "REPEATABLE READ")
      let (status, report) = try it.rollback("--execute")
      #expect(status == 0, "\(report)")
      try session.say("INSERT INTO account (email) VALUES ('too late');\nCOMMIT;")
      try session.process.waitUntilSays("is closed")
      try it.expectSwitchedBack()
      #expect(try it.psql("SELECT count(*) FROM account WHERE email = 'too late'") == "0")
    }
  }

  /// Case 48.
  @Test(.enabled(if: OwnServer.isPossible)) func `a prepared transaction is a NO-GO that names it`() throws {
    let own = try OwnServer(settings: ["max_prepared_transactions = 5"])
    try Scenario.run(on: own.server) { it in
      try switched(it)
      try it.psql("BEGIN; INSERT INTO account (email) VALUES ('prepared'); PREPARE TRANSACTION 'the order';")
      // One that only read would keep the foreign keys from being dropped afterwards.
      try it.psql("BEGIN; SELECT count(*) FROM slot; PREPARE TRANSACTION 'the report';")
      try expectNoGo(it, ["prepared transactions"])
      let (_, report) = try it.rollback()
      #expect(report.detail("prepared transactions")?.hasPrefix("the order, the report hold") == true, "\(report)")
      try it.psql("COMMIT PREPARED 'the order'")
      try expectNoGo(it, ["prepared transactions"])
      try it.psql("COMMIT PREPARED 'the report'")
      #expect(try it.rollback("--execute").status == 0)
      #expect(try it.sqlite("SELECT count(*) FROM account WHERE email = 'prepared'") == "1")
      try it.expectSwitchedBack()
    }
  }

  /// Case 48: the gates had nothing to say.
  @Test(.enabled(if: OwnServer.isPossible))
  func `a transaction that is prepared while it runs is named, and not ended`() throws {
    let own = try OwnServer(settings: ["max_prepared_transactions = 5"])
    try Scenario.run(on: own.server) { it in
      try switched(it)
      let run = try it.startRollback(["--execute", "--lock-timeout", "0.6", "--terminate"], fault: "back-begin:wait")
      try run.waitUntilReached()
      try it.psql("BEGIN; INSERT INTO account (email) VALUES ('prepared'); PREPARE TRANSACTION 'the order';")
      try run.letGoOn()
      let (status, report) = try run.finish()
      #expect(status == 1)
      #expect(report.failed == ["target locked"])
      #expect(report.detail("target locked")?.contains("prepared transaction 'the order'") == true, "\(report)")
      try it.expectOneWritable()
      #expect(try it.isTargetWritable())
      try it.psql("COMMIT PREPARED 'the order'")
      #expect(try it.rollback("--execute").status == 0)
      #expect(try it.sqlite("SELECT count(*) FROM account WHERE email = 'prepared'") == "1")
      try it.expectSwitchedBack()
    }
  }

  // MARK: VACUUM, which holds the lock that its own kind and ours conflict with

  /// A VACUUM that goes through a table for as long as the test wants.
  private func startVacuum(_ it: Scenario) throws -> ChildProcess {
    try it.psql(
      "INSERT INTO event (kind, payload) SELECT 'large', decode(repeat('00', 1000), 'hex') FROM generate_series(1, 2000)"
    )
    let vacuum = try it.spawn([
      "psql", "-XqAt", "-d", it.server.url(database: it.database), "-c", "SET vacuum_cost_delay = 100", "-c",
      "SET vacuum_cost_limit = 1", "-c", "VACUUM (DISABLE_PAGE_SKIPPING) event",
    ])
    try Waiting.until("VACUUM is in the table") {
      try it.psql("SELECT count(*) > 0 FROM pg_stat_progress_vacuum WHERE relid = 'event'::regclass") == "t"
    }
    return vacuum
  }

  private func endVacuum(_ it: Scenario) throws {
    try it.psql("SELECT pg_cancel_backend(pid) FROM pg_stat_progress_vacuum WHERE relid = 'event'::regclass")
  }

  /// An application that waits for nothing: any queue behind the way back would make this fail.
  private func writeImpatiently(_ it: Scenario, _ kind: String) throws {
    try it.psql("SET lock_timeout = '500ms'; INSERT INTO event (kind) VALUES ('\(kind)')")
  }

  @Test func `a VACUUM is waited for before the pause, and writers go on meanwhile`() throws {
    try Scenario.run { it in
      try switched(it)
      let vacuum = try startVacuum(it)
      let run = try it.startRollback(["--execute", "--lock-timeout", "60"])
      try Waiting.until("rollback waits for it", details: { run.process.everythingSaid }) {
        try it.psql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'event'::regclass") != "0"
      }
      let waiting = ContinuousClock.now
      var writes = 0
      while ContinuousClock.now < waiting + .seconds(2) {
        try writeImpatiently(it, "meanwhile")
        writes += 1
      }
      #expect(run.process.isRunning)
      try endVacuum(it)
      let (status, report) = try run.finish()
      #expect(status == 0, "\(report)")
      let waited = try #require(report.checkpoints.first { $0.name == "target locked" }?.ms)
      #expect(waited > 2_000)
      #expect(try #require(report.pause_ms) < 1_000, "\(report)")
      _ = try vacuum.wait()
      #expect(try it.sqlite("SELECT count(*) FROM event WHERE kind = 'meanwhile'") == "\(writes)")
      try it.expectSwitchedBack()
    }
  }

  @Test func `a VACUUM that outlasts the limit is named, and no writer waited`() throws {
    try Scenario.run { it in
      try switched(it)
      let vacuum = try startVacuum(it)
      let run = try it.startRollback(["--execute", "--lock-timeout", "1"])
      while run.process.isRunning { try writeImpatiently(it, "meanwhile") }
      let (status, report) = try run.finish()
      #expect(status == 1)
      #expect(report.failed == ["target locked"])
      #expect(report.detail("target locked")?.contains("'psql' of role postgres") == true, "\(report)")
      #expect(report.pause_ms == nil)
      try endVacuum(it)
      _ = try vacuum.wait()
      #expect(try it.rollback("--execute").status == 0)
      try it.expectSwitchedBack()
    }
  }

  /// Case 42, backwards.
  @Test func `AUTOINCREMENT hands out no number that PostgreSQL handed out`() throws {
    try Scenario.run { it in
      try switched(it)
      try it.psql(
        "INSERT INTO account (email) SELECT 'n' || i FROM generate_series(1, 5) AS i; DELETE FROM account WHERE email LIKE 'n%'"
      )
      let last = try #require(Int(try it.psql("SELECT last_value FROM account_id_seq")))
      #expect(try it.rollback("--execute").status == 0)
      try it.sqlite("INSERT INTO account (email) VALUES ('next')")
      #expect(try it.sqlite("SELECT id FROM account WHERE email = 'next'") == "\(last + 1)")
    }
  }

  /// Case 48.
  @Test func `full-text indexes find what was written to PostgreSQL`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 3)
      try it.sqlite(
        """
        CREATE TABLE page (id INTEGER PRIMARY KEY, body TEXT);
        INSERT INTO page VALUES (1, 'old words');
        CREATE VIRTUAL TABLE page_text USING fts5(body, content=page, content_rowid=id);
        INSERT INTO page_text (page_text) VALUES ('rebuild');
        """)
      try it.copyAll()
      #expect(try it.cutover("--execute", "--no-backup").status == 0)
      try it.psql("UPDATE page SET body = 'new words' WHERE id = 1")
      let (status, report) = try it.rollback("--execute")
      #expect(status == 0, "\(report)")
      #expect(report.detail("full-text indexes")?.contains("page_text") == true)
      #expect(try it.sqlite("SELECT rowid FROM page_text WHERE page_text MATCH 'new'") == "1")
      #expect(try it.sqlite("SELECT rowid FROM page_text WHERE page_text MATCH 'old'") == "")
    }
  }

  /// Case 44.
  @Test func `a rebuilt table of the fenced file is noticed and fenced again`() throws {
    try Scenario.run { it in
      try switched(it)
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      #expect(throws: Program.Failed.self) { try it.sqlite("ALTER TABLE slot RENAME TO old_slot") }
      try it.sqlite("CREATE TABLE younger (x); DROP TRIGGER _changeover_1_fence_insert")
      try sync.waitUntilSays("the fence of 'younger' in SQLite was gone")
      #expect(try !it.isSourceWritable("INSERT INTO younger VALUES (1)"))
      #expect(try !it.isSourceWritable())
      try it.sqlite("DROP TABLE younger")
      #expect(try it.rollback("--execute").status == 0)
      try it.waitUntilCaughtUp()
      try it.expectSwitchedBack()
      #expect(sync.isRunning, "\(sync.everythingSaid)")
    }
  }

  /// Case 47: a source restored from a backup a week after the switch.
  @Test func `a source without its fence stops every command, and nothing is undone`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 5)
      try it.sqlite("PRAGMA wal_checkpoint(TRUNCATE)")
      try Files.copy(it.source, to: "\(it.directory)/old.db")
      #expect(try it.cutover("--execute", "--no-backup").status == 0)
      try it.psql("INSERT INTO event (kind) VALUES ('new')")
      for name in ["-wal", "-shm"] { Files.remove(it.source + name) }
      try Files.copy("\(it.directory)/old.db", to: it.source)
      for command in [["rollback", "--execute"], ["cutover", "--execute"], ["sync"], ["status"]] {
        let result = try Program.run([Scenario.binary] + command, environment: it.environment)
        #expect(result.status == 65, "\(command) \(result)")
        #expect(result.errors.contains("is not fenced: it was restored from a copy"), "\(result.errors)")
      }
      #expect(try it.isTargetWritable())
    }
  }

  /// Case 48: the target lost for good.
  @Test func `without its target the source is opened with what the journal has, and says how far behind it is`() throws
  {
    try Scenario.run { it in
      try switched(it)
      try it.psql("INSERT INTO event (kind) VALUES ('in the journal')")
      let sync = try it.start("sync", environment: ["CHANGEOVER_FAULT": "reverse-drained"])
      #expect(try sync.wait() == -SIGKILL)
      try it.psql("INSERT INTO event (kind) VALUES ('lost')")

      let refused = try it.rollback("--abandon-target", "--execute")
      #expect(refused.status == 1)
      #expect(refused.report.failed == ["target"])
      it.url = it.server.url(database: "gone_for_good")
      let (dry, told) = try it.rollback("--abandon-target")
      #expect(dry == 0, "\(told)")
      #expect(told.detail("how far behind")?.contains("had committed by") == true)
      #expect(try !it.isSourceWritable())
      let (status, report) = try it.rollback("--abandon-target", "--execute")
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      #expect(try it.isSourceWritable())
      #expect(try it.sqlite("SELECT kind FROM event WHERE kind IN ('in the journal', 'lost')") == "in the journal")

      it.url = it.server.url(database: it.database)
      let back = try it.changeover("sync")
      #expect(back.status == 65, "\(back)")
      #expect(back.errors.contains("the two have parted"))
    }
  }
}
