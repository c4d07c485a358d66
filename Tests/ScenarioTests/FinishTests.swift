import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The end of a move.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct FinishTests {
  @Test func `a dry run tells what would go and changes nothing`() throws {
    try Scenario.run { it in
      try it.prepareSwitched()
      let before = try it.pgDump()
      let file = try Files.read(it.source)
      let result = try it.changeover("finish")
      #expect(result.status == 0, "\(result.output)\(result.errors)")
      #expect(result.output.contains("event: ") && result.output.contains("column _changeover_rowid"))
      #expect(result.output.contains("GO. Nothing was changed"))
      #expect(try it.pgDump() == before)
      #expect(try Files.read(it.source) == file)
      #expect(!Files.exists(it.stateDirectory + "/finish-report.json"))
    }
  }

  @Test func `executed, PostgreSQL shows no trace but one record, SQLite stays closed, and a report is left`() throws {
    try Scenario.run { it in
      try it.prepareSwitched()
      try it.psql("INSERT INTO slot VALUES (5000, 5000, 'after the switch')")
      let (status, outcome) = try it.finish("--execute")
      #expect(status == 0, "\(outcome)")
      #expect(outcome.finished)
      try it.expectFinished()
      #expect(try !it.isSourceWritable())
      #expect(try it.psql("SELECT holder FROM slot WHERE id = 5000") == "after the switch")
      try it.psql("INSERT INTO event (kind, at) VALUES ('free', 1)")
      let report = try #require(outcome.report)
      #expect(report.complete)
      let event = try #require(report.tables.first { $0.name == "event" })
      #expect(event.removed.contains("column _changeover_rowid"))
      #expect(report.tables.first { $0.name == "slot" }?.rows == 21)
      #expect(report.undelivered_writes >= 1)
      let kept = Files.text(it.stateDirectory + "/finish-report.json")
      #expect(try FinishReport(kept).tables.map(\.name) == report.tables.map(\.name))
      #expect(Files.text(it.stateDirectory + "/finish-report.txt").contains("is over"))
      #expect(!it.journalFiles.isEmpty, "the journal stays")
      #expect(try it.psql("SELECT count(*) FROM pg_stats WHERE tablename = 'slot'") != "0", "ANALYZE was run")
    }
  }

  @Test func `every command says that the move is over`() throws {
    try Scenario.run { it in
      try it.prepareSwitched()
      _ = try it.finish("--execute")
      let sync = try it.changeover("sync")
      #expect(sync.status == 0 && sync.errors.contains("the move is over"), "\(sync.errors)")
      #expect(try it.lag("--max-seconds", "1").state == "finished")
      let lag = try it.changeover("lag")
      #expect(lag.status == 0 && lag.output.contains("the move is over"))
      let status = try it.changeover("status")
      #expect(status.status == 0 && status.output.contains("finished: ") && status.output.contains("the move is over"))
      let cutover = try it.changeover("cutover", "--execute", "--waive", "verified")
      #expect(cutover.status == 1 && cutover.errors.contains("the move is over"))
      for command in ["verify", "rollback"] {
        let result = try it.changeover(command)
        #expect(result.status == 1 && (result.output + result.errors).contains("the move is over"), "\(result)")
      }
      let reseed = try it.changeover("sync", "--reseed")
      #expect(reseed.status == 78 && reseed.errors.contains("authority"), "\(reseed.errors)")
      let uninstall = try it.changeover("uninstall")
      #expect(uninstall.status == 1 && uninstall.errors.contains("finish --remove-fence"))
      #expect(try it.changeover("quarantine", "list").status == 0)
      #expect(try it.backUp().manifest.source.fenced)
      let again = try it.changeover("finish")
      #expect(again.status == 0 && again.output.contains("nothing left to remove"), "\(again.output)")
      try it.expectFinished()
    }
  }

  @Test func `with --remove-fence nothing of changeover is left in SQLite; a forgotten sync is refused all the same`()
    throws
  {
    try Scenario.run { it in
      try it.prepareSwitched()
      #expect(try it.finish("--execute").status == 0)
      let (status, outcome) = try it.finish("--execute", "--remove-fence")
      #expect(status == 0)
      #expect(outcome.report?.source_state.contains("without a trace") == true)
      #expect(outcome.report?.tables.first { $0.name == "event" }?.removed.contains("column _changeover_rowid") == true)
      #expect(try it.sourceSchema().contains("_changeover") == false)
      try it.sqlite("INSERT INTO event VALUES ('into the old file', NULL, 0)")
      #expect(try it.changeover("sync").status == 65)
      let reseed = try it.changeover("sync", "--reseed")
      #expect(reseed.status == 78 && reseed.errors.contains("authority"))
      #expect(try it.finish("--execute").status == 0)
      #expect(try it.changeover("finish").output.contains("nothing left to remove"))
      Files.remove(it.source)
      #expect(try it.changeover("finish").output.contains("the file is gone"))
      try it.expectFinished()
    }
  }

  @Test(arguments: [
    "finish-begin", "finish-decided", "finish-table", "finish-validated", "finish-source", "finish-cleared",
  ])
  func `killed between two steps, running it again completes, with the whole report`(point: String) throws {
    try Scenario.run { it in
      try it.prepareSwitched()
      let killed = try it.changeover("finish", "--execute", environment: ["CHANGEOVER_FAULT": point])
      #expect(killed.status == -SIGKILL)
      #expect(try !it.isSourceWritable() && it.isTargetWritable(), "in between, too, one store takes writes")
      let phase = try it.psql("SELECT phase FROM changeover.source")
      #expect(phase == (point == "finish-begin" ? "switched" : "finished"))
      if phase == "finished" { #expect(try it.changeover("sync").errors.contains("the move is over")) }
      let (status, outcome) = try it.finish("--execute")
      #expect(status == 0, "\(outcome)")
      try it.expectFinished()
      let report = try #require(outcome.report)
      #expect(report.complete)
      for table in report.tables {
        #expect(table.rows != nil && table.removed.contains("its capture function"), "\(table)")
      }
    }
  }

  @Test func `it refuses before the switch, beside a running sync, and while rows are in the quarantine`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let early = try it.changeover("finish", "--execute")
      #expect(early.status == 1)
      #expect(early.output.contains("nothing to finish before changeover cutover"))
      #expect(early.output.contains("changeover uninstall"))
      _ = try it.cutover("--execute")
      try it.psql(
        """
        INSERT INTO changeover.quarantine (source, table_id, table_name, key, digest, key_text, reason)
        SELECT source, 1, 'slot', '\\x00', sha256('\\x00'), '1', 'left over' FROM changeover.source
        """)
      let full = try it.finish("--execute")
      #expect(full.status == 1)
      #expect(full.outcome.failed == ["quarantine"])
      try it.psql("UPDATE changeover.quarantine SET discarded_at = now()")
      let held = try Program.run(
        ["flock", "-x", it.stateDirectory + "/sync.lock", Scenario.binary, "finish", "--execute"],
        environment: it.environment)
      #expect(held.status == 1)
      #expect(held.output.contains("stop it first"))
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switched")
      let (status, outcome) = try it.finish("--execute")
      #expect(status == 0)
      #expect(outcome.report?.rows_given_up == 1)
    }
  }

  @Test func `a hidden column that a view reads stays, one that is asked for too, and renamed tables are found`() throws
  {
    try Scenario.run { it in
      try it.prepareSwitched()
      try it.psql(
        """
        CREATE VIEW by_rowid AS SELECT _changeover_rowid AS id, kind FROM event;
        ALTER TABLE slot RENAME TO place; DROP TABLE line;
        """)
      let (status, outcome) = try it.finish("--execute")
      #expect(status == 0, "\(outcome)")
      let report = try #require(outcome.report)
      let event = try #require(report.tables.first { $0.name == "event" })
      #expect(event.kept.first?.contains("_changeover_rowid") == true)
      #expect(!event.removed.contains("column _changeover_rowid"))
      #expect(report.tables.first { $0.name == "slot" }?.target == "public.place")
      #expect(report.tables.first { $0.name == "line" }?.rows == nil)
      let dump = try it.pgDump()
      #expect(dump.contains("_changeover_rowid") && !dump.contains("_changeover_capture"))
      #expect(!dump.contains("_changeover_fence") && !dump.contains("change_"))
      try it.psql("INSERT INTO place VALUES (7000, 7000, 'x'); INSERT INTO event (kind) VALUES ('x')")
    }
  }

  @Test func `a table that somebody locks is waited for; beyond the limit it goes on where it was the next time`()
    throws
  {
    try Scenario.run { it in
      try it.prepareSwitched()
      let holder = try it.holdTable("product")
      let (status, errors) = try { () -> (Int32, String) in
        let result = try it.changeover("finish", "--execute", "--lock-timeout", "0.3")
        return (result.status, result.errors)
      }()
      #expect(status == 75)
      #expect(errors.contains("product") && errors.contains("run changeover finish again"))
      try it.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
      )
      try holder.wait()
      #expect(try it.finish("--execute").status == 0)
      try it.expectFinished()
    }
  }

  @Test func `another move to the same target goes on`() throws {
    try Scenario.run { it in
      try it.prepareSwitched()
      let second = it.directory + "/second.db"
      try it.sqlite("CREATE TABLE other (id INTEGER PRIMARY KEY, x); INSERT INTO other VALUES (1, 'a');", second)
      func other(_ arguments: String...) throws -> Program.Result {
        try Program.run(
          [Scenario.binary] + arguments, environment: it.environment.merging(["CHANGEOVER_SOURCE": second]) { $1 })
      }
      #expect(try other("sync", "--until-caught-up").status == 0)
      #expect(try it.finish("--execute").status == 0)
      try it.sqlite("INSERT INTO other VALUES (2, 'b')", second)
      #expect(try other("sync", "--until-caught-up").status == 0)
      #expect(try it.psql("SELECT count(*) FROM other") == "2")
      #expect(try other("cutover", "--execute").status == 0)
      #expect(try other("finish", "--execute").status == 0)
      try it.expectFinished(moves: 2)
    }
  }

  @Test func `a catalogue inside the tables' schema goes too`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 5)
      let role = "role_\(it.database)"
      try it.psql(
        """
        CREATE ROLE \(role) LOGIN PASSWORD 'p'; CREATE SCHEMA own AUTHORIZATION \(role);
        ALTER ROLE \(role) SET search_path = own; ALTER ROLE \(role) SET standard_conforming_strings = off;
        """)
      defer { _ = try? it.server.psql("DROP OWNED BY \(role); DROP ROLE \(role)", database: it.database) }
      it.url = it.server.url(database: it.database, user: role, password: "p")
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let cutover = try it.changeover("cutover", "--execute", "--waive", "verified")
      #expect(cutover.status == 0, "\(cutover.output)\(cutover.errors)")
      let (status, outcome) = try it.finish("--execute")
      #expect(status == 0, "\(outcome)")
      let names = try it.psql(
        """
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'own' AND c.relname LIKE '%changeover%' AND c.relkind = 'r'
        """)
      #expect(names == "changeover_source")
    }
  }
}

/// What `finish --json` says.
struct FinishReport: Decodable {
  struct Table: Decodable { var name: String, target: String, rows: Int64?, removed: [String], kept: [String] }
  var complete: Bool
  var tables: [Table]
  var rows_given_up: Int64
  var undelivered_writes: Int64
  var source_state: String

  init(_ json: String) throws { self = try JSONDecoder().decode(FinishReport.self, from: Data(json.utf8)) }
}

struct FinishOutcome: Decodable {
  var finished: Bool
  var checkpoints: [CutoverReport.Checkpoint]
  var report: FinishReport?
  var failed: [String] { checkpoints.filter { !$0.ok }.map(\.name) }
}

extension Scenario {
  /// The writers' tables, moved and switched; nothing runs.
  func prepareSwitched() throws {
    try prepareCopied(rows: 20)
    try sqlite("INSERT INTO event VALUES ('for the journal', NULL, 0)")
    let (status, report) = try cutover("--execute")
    guard status == 0 else {
      throw Program.Failed(what: "cutover", result: .init(status: status, output: "\(report)", errors: ""))
    }
  }

  func finish(_ arguments: String...) throws -> (status: Int32, outcome: FinishOutcome) {
    let result = try Program.run([Self.binary, "finish", "--json"] + arguments, environment: environment)
    do {
      return (result.status, try JSONDecoder().decode(FinishOutcome.self, from: Data(result.output.utf8)))
    } catch {
      throw Program.Failed(what: "finish", result: result)
    }
  }

  /// The target's schema as its own tool writes it.
  func pgDump() throws -> String {
    let result = try Program.run(["pg_dump", "--schema-only", "-d", server.url(database: database)])
    guard result.status == 0 else { throw Program.Failed(what: "pg_dump", result: result) }
    // A key of its own in every dump.
    return result.output.split(separator: "\n").filter { !$0.hasPrefix("\\restrict") && !$0.hasPrefix("\\unrestrict") }
      .joined(separator: "\n")
  }

  /// Nothing of changeover is in the target's schema but the table with the records of the moves.
  func expectFinished(moves: Int = 1, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let dump = try pgDump()
    #expect(!dump.contains("_changeover"), "\(dump)", sourceLocation: sourceLocation)
    let objects = try psql(
      """
      SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class AS c
      WHERE c.relnamespace = 'changeover'::regnamespace;
      SELECT count(*) FROM pg_proc WHERE pronamespace = 'changeover'::regnamespace;
      SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal; SELECT count(*) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL;
      SELECT count(*) FROM pg_constraint WHERE NOT convalidated;
      SELECT string_agg(DISTINCT phase, ' '), count(*) FROM changeover.source;
      """)
    #expect(objects == "source source_pkey\n0\n0\n0\n0\nfinished|\(moves)", sourceLocation: sourceLocation)
  }

  /// A session that holds a lock on a table until it is killed.
  func holdTable(_ table: String) throws -> ChildProcess {
    let holder = try spawn([
      "psql", "-XqAt", "-d", server.url(database: database), "-c",
      "BEGIN; LOCK TABLE \(table) IN ACCESS SHARE MODE; SELECT 'held'; SELECT pg_sleep(600)",
    ])
    try Waiting.until("the lock is held") {
      try psql("SELECT count(*) FROM pg_locks WHERE relation = '\(table)'::regclass AND granted") != "0"
    }
    return holder
  }
}
