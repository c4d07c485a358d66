import TestSupport
import Testing

/// GO and NO-GO, and what a run that does not switch leaves behind: nothing.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverGateTests {
  @Test func `a dry run changes nothing in either store`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      func state() throws -> [String] {
        [
          try it.sourceSchema(),
          try it.sqlite("SELECT * FROM _changeover_meta; SELECT max(seq) FROM _changeover_change"),
          try it.targetObjects(),
          try it.psql(
            "SELECT s.*, s.xmin FROM changeover.source s; SELECT relname, relfilenode, reloptions FROM pg_class WHERE oid > 16383 ORDER BY 1, 2"
          ),
          try it.psql("SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger ORDER BY 1, 2"),
          try it.psql("SELECT * FROM pg_sequences"), "\(it.journalFiles)",
        ]
      }
      let before = try state()
      let (status, report) = try it.cutover()
      #expect(status == 0)
      #expect(!report.switched)
      #expect(report.pause_ms == nil)
      #expect(report.refused_ms == nil)
      #expect(report.failed == [])
      #expect(
        report.checkpoints.map(\.name) == [
          "streaming", "lag", "quarantine", "foreign keys", "tables", "triggers", "views", "application's role",
          "way back", "disk", "verified",
        ])
      #expect(try state() == before)
      let text = try it.changeover("cutover")
      #expect(text.output.contains("GO. Nothing was changed: run it again with --execute."))
      #expect(try state() == before)
    }
  }

  /// The lines of `--json` are one object, whatever else is said.
  @Test func `its JSON object has the documented fields`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let result = try it.changeover("cutover", "--execute", "--json", "--on-switch", "echo noise; echo more >&2")
      #expect(result.status == 0)
      let output = result.output
      #expect(output.hasPrefix(#"{"switched":true,"pause_ms":"#))
      #expect(output.contains(#","refused_ms":"#))
      #expect(output.contains(#","checkpoints":[{"name":"streaming","ok":true,"detail":"#))
      #expect(output.contains(#"],"log":"\#(it.stateDirectory)/log/cutover-"#))
      #expect(output.components(around: "\n") == 2, "one line")
      #expect(result.errors.contains("noise"))
      #expect(result.errors.contains("more"))
    }
  }

  private func expectNoGo(_ it: Scenario, _ failed: [String], _ arguments: [String] = []) throws {
    for arguments in [arguments, arguments + ["--execute"]] {
      let (status, report) = try it.startCutover(arguments).finish()
      #expect(status == 1, "\(report)")
      #expect(!report.switched)
      #expect(report.failed == failed)
      #expect(report.pause_ms == nil)
    }
    #expect(try it.isSourceWritable())
    #expect(try !it.isTargetWritable())
  }

  /// Case 48: what a prepared transaction has locked it keeps, through a restart of the server too.
  @Test(
    .enabled(if: OwnServer.isPossible),
    arguments: ["LOCK TABLE account IN ACCESS EXCLUSIVE MODE", "SELECT count(*) FROM slot"])
  func `a prepared transaction with a lock on a target table is a NO-GO that names it`(statement: String) throws {
    let own = try OwnServer(settings: ["max_prepared_transactions = 5"])
    try Scenario.run(on: own.server) { it in
      try it.prepareCopied(rows: 3)
      try it.psql("BEGIN; \(statement); PREPARE TRANSACTION 'the migration';")
      try expectNoGo(it, ["prepared transactions"])
      let (_, report) = try it.cutover()
      #expect(report.detail("prepared transactions")?.contains("the migration") == true)
      try it.psql("ROLLBACK PREPARED 'the migration'")
      #expect(try it.cutover("--execute", "--no-backup").status == 0)
      try it.expectSwitched()
    }
  }

  @Test func `NO-GO while the first copy is not finished`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 3)
      try it.copyAll()
      try it.psql("UPDATE changeover.source SET phase = 'preparing'")
      try expectNoGo(it, ["streaming"])
    }
  }

  @Test func `NO-GO while a running sync is too far behind`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let sync = try it.startStreaming()
      let session = try it.spawn([
        "psql", "-XqAt", "-d", it.server.url(database: it.database), "-c",
        "BEGIN; LOCK TABLE slot IN SHARE MODE; SELECT pg_sleep(60)",
      ])
      try Waiting.until("the lock is held") {
        try it.psql("SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND relation = 'slot'::regclass") == "1"
      }
      try it.sqlite("INSERT INTO slot VALUES (99, 99, 'late')")
      try Waiting.until("it is behind") { (try it.lag().seconds ?? 0) > 0.3 }
      try expectNoGo(it, ["lag"], ["--max-lag", "0.2"])
      session.kill()
      _ = try it.psql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE slot%' AND pid <> pg_backend_pid()"
      )
      try it.waitUntilCaughtUp()
      #expect(try it.cutover("--max-lag", "0.2").status == 0)
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `NO-GO with rows in the quarantine`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE event (kind, payload, at);")
      try it.sqlite("INSERT INTO t VALUES (1, 1)")
      try it.copyAll()
      try it.sqlite("INSERT INTO t VALUES (2, 'text')")
      try it.copyAll()
      try expectNoGo(it, ["quarantine"])
      try it.sqlite("UPDATE t SET n = 2 WHERE id = 2")
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      try it.expectEqual()
    }
  }

  /// The row comes in with the last changes, after the look.
  @Test func `rows that do not fit are found in the changes that cutover itself applies`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE event (kind, payload, at);")
      try it.copyAll()
      let cutover = try it.startCutover(fault: "before-source-lock:wait")
      try cutover.waitUntilReached()
      try it.sqlite("INSERT INTO t VALUES (2, 'text')")
      try cutover.letGoOn()
      let (status, report) = try cutover.finish()
      #expect(status == 1)
      #expect(report.failed == ["abort"])
      #expect(report.detail("abort")?.contains("quarantine") == true)
      try it.expectOneWritable()
      try it.sqlite("UPDATE t SET n = 2 WHERE id = 2")
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `NO-GO with a table that came after the copy`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      try it.sqlite("CREATE TABLE later (id INTEGER PRIMARY KEY)")
      try expectNoGo(it, ["table:later"])
      // A sync takes it along.
      try it.copyAll()
      #expect(try it.cutover("--execute").status == 0)
      #expect(try it.psql("SELECT count(*) FROM later") == "0")
    }
  }

  /// It would be left behind, and left writable.
  @Test(arguments: ["caught-up:wait", "before-source-lock:wait"])
  func `a table that comes after the look stops the switch`(fault: String) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let cutover = try it.startCutover(fault: fault)
      try cutover.waitUntilReached()
      try it.sqlite("CREATE TABLE later (id INTEGER PRIMARY KEY)")
      try cutover.letGoOn()
      let status = try cutover.process.wait()
      // Before the look at the tables that names it, or after.
      #expect(status == 1 || status == 75)
      let said = cutover.process.everythingSaid
      #expect(said.contains("later") || said.contains("the source's schema changed"), "\(said)")
      try it.expectOneWritable()
    }
  }

  @Test func `a captured table that changes after the look stops the switch`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let cutover = try it.startCutover(fault: "before-source-lock:wait")
      try cutover.waitUntilReached()
      try it.sqlite("ALTER TABLE slot ADD COLUMN more")
      try cutover.letGoOn()
      let (status, _) = (try cutover.process.wait(), 0)
      #expect(status != 0)
      #expect(cutover.process.everythingSaid.contains("the source's schema changed"))
      try it.expectOneWritable()
    }
  }

  @Test func `NO-GO with a hook that cannot be run`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      try Files.write("#!/bin/sh\n", to: "\(it.directory)/hook")
      try expectNoGo(it, ["hook runnable"], ["--on-switch", "\(it.directory)/hook"])
      try expectNoGo(it, ["hook runnable"], ["--on-switch", "no-such-program"])
      #expect(try it.cutover("--on-switch", "sh \(it.directory)/hook").status == 0)
    }
  }

  @Test func `NO-GO where the target would not record the application's writes`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      try it.psql(
        "DROP TRIGGER _changeover_capture ON slot; ALTER TABLE line DISABLE TRIGGER _changeover_capture_truncate")
      try expectNoGo(it, ["way back"])
    }
  }

  @Test func `run again after the switch it says so and ends well`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      #expect(try it.cutover("--execute").status == 0)
      try it.psql("INSERT INTO event (kind) VALUES ('after')")
      for arguments in [[], ["--execute"], ["--execute", "--pause-limit", "1"]] {
        let (status, report) = try it.startCutover(arguments).finish()
        #expect(status == 0)
        #expect(report.switched)
        #expect(report.pause_ms == nil)
        #expect(report.failed == [])
      }
      for arguments in [["cutover"], ["cutover", "--execute"]] {
        let result = try Program.run([Scenario.binary] + arguments, environment: it.environment)
        #expect(result.status == 0)
        #expect(result.output.contains("PostgreSQL is the authority already"))
      }
      #expect(try it.psql("SELECT count(*) FROM event WHERE kind = 'after'") == "1")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
    }
  }

  /// Cases 17 and 47: a week later.
  @Test(arguments: [false, true])
  func `a source restored from a copy after the switch is refused, the target untouched`(isWrittenTo: Bool) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let copy = "\(it.directory)/copy.db"
      try it.sqlite("VACUUM INTO '\(copy)'")
      #expect(try it.cutover("--execute").status == 0)
      for suffix in ["-wal", "-shm"] { Files.remove(it.source + suffix) }
      try Files.copy(copy, to: it.source)
      if isWrittenTo { try it.sqlite("INSERT INTO event VALUES ('to the dead', NULL, 1)") }
      let before = try it.psql("SELECT * FROM changeover.source; SELECT count(*) FROM event; SELECT count(*) FROM slot")
      let journal = it.journalFiles
      for arguments in [["cutover"], ["cutover", "--execute"], ["sync"], ["sync", "--reseed"]] {
        let result = try Program.run([Scenario.binary] + arguments, environment: it.environment)
        #expect(result.status != 0, "\(arguments)")
        #expect(result.errors.contains("authority since the switch"), "\(arguments): \(result.errors)")
      }
      #expect(
        try it.psql("SELECT * FROM changeover.source; SELECT count(*) FROM event; SELECT count(*) FROM slot") == before)
      #expect(it.journalFiles == journal)
      #expect(try it.isTargetWritable())
    }
  }

  /// Between the target's COMMIT and the decision, an older file takes the source's place.
  @Test func `an older copy put in place of an undecided source is not taken for it`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let copy = "\(it.directory)/copy.db"
      try it.sqlite("VACUUM INTO '\(copy)'")
      try it.sqlite("INSERT INTO event VALUES ('newer', NULL, 1)")
      #expect(try it.startCutover(fault: "target-committed").process.wait() == -9)
      for suffix in ["-wal", "-shm"] { Files.remove(it.source + suffix) }
      try Files.copy(copy, to: it.source)
      for arguments in [["cutover", "--execute"], ["sync"]] {
        let result = try Program.run([Scenario.binary] + arguments, environment: it.environment)
        #expect(result.status == 65, "\(arguments): \(result)")
        #expect(result.errors.contains("is not the file that was captured"), "\(arguments): \(result.errors)")
      }
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switching")
    }
  }
}
