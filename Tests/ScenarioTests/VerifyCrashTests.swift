import Glibc
import TestSupport
import Testing

/// What ends, fails or moves while verify compares (cases 40 and 49).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct VerifyCrashTests {
  /// A verify that does at a fault point what the fault says.
  private func start(_ it: Scenario, fault: String, _ arguments: String...) throws -> (ChildProcess, file: String) {
    let file = "\(it.directory)/verify-fault-\(UInt32.random(in: 0 ... .max))"
    let process = try it.spawn(
      [Scenario.binary, "verify", "--json"] + arguments,
      environment: it.environment.merging(["CHANGEOVER_FAULT": fault, "CHANGEOVER_FAULT_FILE": file]) { $1 })
    return (process, file)
  }

  private func waitUntilReached(_ file: String, _ process: ChildProcess) throws {
    try Waiting.until("the fault point", details: { process.everythingSaid }) { Files.exists(file + ".reached") }
  }

  @Test(arguments: ["verify-caught-up", "verify-captured", "verify-applied", "verify-opened", "verify-logged"])
  func `a verify that is killed harms nothing`(point: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200)
      try writer.waitFor(20)
      if point == "verify-logged" { try it.tamper("DELETE FROM slot WHERE id = 7; UPDATE account SET note = 'x'") }
      let (killed, _) = try start(it, fault: point, "--repair")
      #expect(try killed.wait() == -SIGKILL)
      let before = writer.acknowledged
      try writer.waitFor(20, since: before)
      try writer.finish()
      try it.waitUntilCaughtUp()
      // A repair was interrupted with some of the tables logged.
      if point == "verify-logged" { #expect(try it.verify("--repair").status == 0) }
      try it.expectVerified()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
      // And where nobody but the next verify can go on.
      let (alone, _) = try start(it, fault: point == "verify-logged" ? "verify-opened" : point)
      #expect(try alone.wait() == -SIGKILL)
      try it.expectVerified()
    }
  }

  @Test func `a sync that is killed during a verify goes on after it`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200)
      try writer.waitFor(20)
      // Killed while the verify holds both locks, with a group journaled and not applied.
      let (verify, file) = try start(it, fault: "verify-captured:wait")
      try waitUntilReached(file, verify)
      sync.kill()
      let next = try it.start("sync")
      try Files.write("", to: file)
      try next.waitUntilSays("streaming from")
      #expect(try verify.wait() == 0, "\(verify.everythingSaid)")
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectVerified()
      try it.expectEqual()
      #expect(try next.stop() == 0)
    }
  }

  @Test func `writers and the stream go on while two snapshots are open`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200)
      try writer.waitFor(20)
      let (verify, file) = try start(it, fault: "verify-opened:wait")
      try waitUntilReached(file, verify)
      let before = writer.acknowledged
      try writer.waitFor(50, since: before)
      try it.waitUntilCaughtUp()
      try it.tamper("DELETE FROM ledger")
      try Files.write("", to: file)
      // What came later is not in its snapshots.
      #expect(try verify.wait() == 0, "\(verify.everythingSaid)")
      #expect(try it.verify().status == 1)
      try writer.finish()
      #expect(try sync.stop() == 0)
    }
  }

  private func createLarge(_ it: Scenario, mode: String = "wal") throws {
    try it.sqlite(
      """
      PRAGMA journal_mode = \(mode);
      CREATE TABLE a (id INTEGER PRIMARY KEY, s TEXT);
      WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 40000)
        INSERT INTO a SELECT i, 'row ' || i FROM i;
      CREATE TABLE b (id INTEGER PRIMARY KEY, s TEXT); INSERT INTO b VALUES (1, 'b');
      """)
    try it.copyAll()
  }

  @Test(arguments: ["wal", "delete"]) func `an interrupted verify goes on where it was`(mode: String) throws {
    try Scenario.run { it in
      try createLarge(it, mode: mode)
      try it.tamper("UPDATE a SET s = 'other' WHERE id = 3; DELETE FROM b")
      let verify = try it.start("verify", "--rate", "8000", "--json")
      try Waiting.until("it has noted how far it is") { Files.exists(it.stateDirectory + "/verify.json") }
      verify.kill()
      let anew = try it.start("verify", "--rate", "8000")
      try anew.waitUntilSays("an earlier run was interrupted")
      try Waiting.until("it is somewhere") {
        Files.text(it.stateDirectory + "/verify.json").contains("\"sourceRows\":") && anew.isRunning
      }
      #expect(try anew.stop() == 75)
      #expect(anew.errors.contains("verify --resume goes on"), "\(anew.errors)")
      let resumed = try it.changeover("verify", "--resume", "--json")
      #expect(resumed.errors.contains("going on after"), "\(resumed.errors)")
      let report = try VerifyReport(resumed.output)
      #expect(resumed.status == 1 && report.full)
      #expect(report.lines("a") == ["different 3 s"] && report.lines("b") == ["missing 1"])
      #expect(report["a"]?.source_rows == 40_000 && report["a"]?.target_rows == 40_000)
      let again = try it.changeover("verify", "--resume")
      #expect(again.errors.contains("no interrupted run"), "\(again.errors)")
    }
  }

  @Test func `DDL on the target waits for nobody and is named`() throws {
    try Scenario.run { it in
      try createLarge(it)
      let verify = try it.start("verify", "--rate", "8000", "--json")
      try Waiting.until("it is under way") { Files.exists(it.stateDirectory + "/verify.json") }
      // Gets its lock soon, although the snapshots might stay open for half a minute.
      try it.psql("SET lock_timeout = '10s'; ALTER TABLE a DROP COLUMN s; CREATE INDEX more ON b (s)")
      #expect(try verify.wait(seconds: 60) == 1, "\(verify.everythingSaid)")
      let report = try VerifyReport(verify.output)
      #expect(!report.equal && report["a"]?.problem?.contains("is not as it was made") == true, "\(report)")
      #expect(report["b"]?.equal == true)
      #expect(report.findings("schema").contains { $0.contains("a.s") }, "\(report.checks)")
      try it.psql("DROP TABLE b")
      let gone = try it.changeover("verify")
      #expect(gone.status == 65 && gone.errors.contains("is not on the target any more"), "\(gone)")
    }
  }

  @Test func `DDL on the source during a run ends it with the reason`() throws {
    try Scenario.run { it in
      try createLarge(it)
      let verify = try it.start("verify", "--rate", "8000", "--max-transaction-seconds", "0.5")
      try Waiting.until("it is under way") { Files.exists(it.stateDirectory + "/verify.json") }
      try it.sqlite("ALTER TABLE a RENAME TO c")
      #expect(try verify.wait(seconds: 60) == 75, "\(verify.everythingSaid)")
      #expect(verify.errors.contains("the source's schema changed"), "\(verify.errors)")
    }
  }

  @Test func `another owner, another phase and another directory are told`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 10)
      #expect(try it.changeover("verify", "--table", "nonsense").status == 64)
      #expect(try it.changeover("verify", "--rate", "0").status == 64)
      #expect(try it.changeover("verify", "--state", it.directory + "/nowhere").status == 78)
      let (verify, file) = try start(it, fault: "verify-opened:wait")
      try waitUntilReached(file, verify)
      let other = it.directory + "/other-state"
      #expect(try it.changeover("sync", "--state", other, "--take-over", "--until-caught-up").status == 0)
      try Files.write("", to: file)
      // Its snapshots were its own yet.
      #expect(try verify.wait() == 0)
      #expect(try it.changeover("verify").status == 78)
      #expect(try it.changeover("verify", "--state", other).status == 0)
      #expect(try it.changeover("cutover", "--execute", "--state", other).status == 0)
      let late = try it.verify("--state", other)
      #expect(late.status == 0 && late.report.direction == "reverse", "\(late.report)")
    }
    try Scenario.run { it in
      try it.createWritersTables(rows: 10)
      #expect(try it.changeover("verify").status == 78)
      try it.holdCopies()
      let sync = try it.start("sync")
      try sync.waitUntilSays("tables created")
      let early = try it.changeover("verify")
      #expect(early.status == 75 && early.errors.contains("the first copy is not finished"), "\(early)")
      #expect(try it.changeover("lag", "--json").output.contains("\"last_verify\":null"))
      try it.releaseCopies()
      sync.kill()
    }
  }

  @Test(
    .enabled(if: OwnServer.isPossible, "CHANGEOVER_TEST_PGBIN is not set: run it under scripts/with-postgres"))
  func `a target that goes away and comes back is waited for`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try createLarge(it)
      let sync = try it.startStreaming()
      let verify = try it.start("verify", "--rate", "10000", "--json")
      try Waiting.until("it is under way") { Files.exists(it.stateDirectory + "/verify.json") }
      try own.stop("immediate")
      try verify.waitUntilSays("PostgreSQL is away")
      try it.sqlite("UPDATE a SET s = 'new' WHERE id % 100 = 0")
      try own.start()
      #expect(try verify.wait(seconds: 90) == 0, "\(verify.everythingSaid)")
      let report = try VerifyReport(verify.output)
      #expect(report.equal && report.snapshots > 1 && report["a"]?.source_rows == 40_000)
      #expect(try sync.stop() == 0)
      try own.stop()
      #expect(try it.changeover("verify").status == 69)
    }
  }
}
