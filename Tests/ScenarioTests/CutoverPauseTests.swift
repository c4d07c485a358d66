import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What the application notices: the pause, and that it has an end.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverPauseTests {
  /// Milliseconds of a writer's slowest transaction.
  private func slowest(_ writer: PythonWriter) throws -> Double {
    struct Summary: Decodable { var slowest_ms: Double, busy: Int }
    let summary = try JSONDecoder().decode(Summary.self, from: Data(try writer.finish().utf8))
    #expect(summary.busy == 0, "no write failed for the pause")
    return summary.slowest_ms
  }

  /// A transaction that stays open until a file appears.
  private static let holder = """
    import os, sqlite3, sys, time
    connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO ledger VALUES (99, 1, 'held')")
    print("holding", flush=True)
    while not os.path.exists(sys.argv[2]):
        time.sleep(0.005)
    connection.execute("COMMIT")
    """

  /// Case 43.
  @Test func `a writer in the middle of a transaction finishes it, and it arrives`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let holder = try it.spawn(["python3", "-c", Self.holder, it.source, "\(it.directory)/end"])
      try holder.waitUntilSays("holding")
      let cutover = try it.startCutover(fault: "before-source-lock:wait")
      try cutover.waitUntilReached()
      try cutover.letGoOn()
      #expect(holder.isRunning)
      try Files.write("", to: "\(it.directory)/end")
      let (status, report) = try cutover.finish()
      #expect(status == 0, "\(report)")
      #expect(try holder.wait() == 0)
      #expect(try it.psql("SELECT what FROM ledger WHERE writer = 99") == "held")
      try it.expectSwitched()
    }
  }

  /// Case 43.
  @Test func `a writer that holds its transaction for longer than the lock timeout makes it refuse`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let sync = try it.startStreaming()
      let before = (source: try it.sourceSchema(), target: try it.targetObjects())
      let holder = try it.spawn(["python3", "-c", Self.holder, it.source, "\(it.directory)/end"])
      try holder.waitUntilSays("holding")
      let (status, report) = try it.cutover("--execute", "--lock-timeout", "0.3")
      #expect(status == 1)
      #expect(!report.switched)
      #expect(report.pause_ms == nil)
      #expect(report.failed == ["source lock"])
      #expect(report.detail("source lock")?.contains("--lock-timeout") == true)
      try Files.write("", to: "\(it.directory)/end")
      #expect(try holder.wait() == 0)
      #expect(try it.sourceSchema() == before.source)
      #expect(try it.targetObjects() == before.target)
      try it.waitUntilCaughtUp()
      #expect(try it.cutover("--execute").status == 0)
      try it.expectFollowsBack(sync)
      try it.expectSwitched()
    }
  }

  /// The locks of the target are waited for before the writers wait.
  @Test func `a session that keeps a lock on a target table makes it refuse, and no writer waits`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      let session = try it.spawn([
        "psql", "-XqAt", "-d", it.server.url(database: it.database), "-c",
        "BEGIN; LOCK TABLE slot IN SHARE MODE; SELECT pg_sleep(60)",
      ])
      try Waiting.until("the lock is held") {
        try it.psql("SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND relation = 'slot'::regclass") == "1"
      }
      let (status, report) = try it.cutover("--execute", "--lock-timeout", "0.5", "--waive", "verified")
      #expect(status == 1)
      #expect(report.failed == ["target locked"])
      #expect(report.detail("target locked")?.contains("'psql' of role postgres") == true, "\(report)")
      #expect(report.pause_ms == nil)
      session.kill()
      _ = try it.psql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%LOCK TABLE slot%' AND pid <> pg_backend_pid()"
      )
      try writer.waitFor(20, since: writer.acknowledged)
      #expect(try slowest(writer) < 400)
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched()
    }
  }

  /// The server process stops answering once the writers wait; much later it wakes and commits what it was sent.
  @Test(arguments: [true, false])
  func `a target that hangs ends the pause at its limit, and wakes without harm`(besideSync: Bool) throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let sync = besideSync ? try it.startStreaming() : nil
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      let cutover = try it.startCutover(["--execute", "--pause-limit", "1.5"], fault: "captured:wait")
      try cutover.waitUntilReached()
      let process = try #require(
        pid_t(
          it.psql(
            """
            SELECT pid FROM pg_stat_activity
            WHERE application_name = 'changeover cutover' AND state = 'idle in transaction' AND datname = current_database()
            """)))
      #expect(kill(process, SIGSTOP) == 0)
      defer { kill(process, SIGCONT) }
      try cutover.letGoOn()
      // The writers go on while the target still hangs.
      let acknowledged = writer.acknowledged
      try writer.waitFor(20, since: acknowledged, seconds: 10)
      let (status, report) = try cutover.finish()
      #expect(status == 1)
      #expect(!report.switched)
      #expect(report.failed == ["abort"])
      #expect(report.detail("abort")?.contains("pause limit of 1.5 s") == true, "\(report)")
      let pause = try #require(report.pause_ms)
      #expect(pause < 2_000)

      kill(process, SIGCONT)
      try Waiting.until("the server process has ended") {
        try it.psql("SELECT count(*) FROM pg_stat_activity WHERE pid = \(process)") == "0"
      }
      let (second, again) = try it.cutover("--execute")
      #expect(second == 0, "\(again)")
      #expect(writer.process.isRunning == false || Waiting.reached(seconds: 10) { !writer.process.isRunning })
      try it.expectSwitched([writer])
      if let sync { try it.expectFollowsBack(sync) }
    }
  }

  /// Nobody answers at all: no cancelling, no new connection.
  @Test(.enabled(if: OwnServer.isPossible))
  func `a server that hangs as a whole ends the pause at its limit, and a second cutover works`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.prepareCopied()
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      let cutover = try it.startCutover(["--execute", "--pause-limit", "1.5"], fault: "captured:wait")
      try cutover.waitUntilReached()
      try own.freeze()
      defer { own.thaw() }
      try cutover.letGoOn()
      try writer.waitFor(20, since: writer.acknowledged, seconds: 10)
      let (status, report) = try cutover.finish()
      #expect(status == 1)
      #expect(report.failed == ["abort"])
      #expect(report.detail("abort")?.contains("the target could not be told") == true, "\(report)")
      #expect(try #require(report.pause_ms) < 2_000)
      own.thaw()
      try it.waitUntilCaughtUpBesideWriters()
      let (second, again) = try it.cutover("--execute")
      #expect(second == 0, "\(again)")
      try it.expectSwitched([writer])
      try it.expectFollowsBack(sync)
    }
  }

  @Test func `the writer's own clock agrees with the limit`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      let cutover = try it.startCutover(["--execute", "--pause-limit", "1"], fault: "target-committed:wait")
      try cutover.waitUntilReached()
      let reached = ContinuousClock.now
      try Waiting.until("the limit is past") { ContinuousClock.now > reached + .seconds(1) }
      try cutover.letGoOn()
      let (status, report) = try cutover.finish()
      #expect(status == 1)
      #expect(report.failed == ["abort"])
      try writer.waitFor(20, since: writer.acknowledged)
      let waited = try slowest(writer)
      let pause = try #require(report.pause_ms)
      #expect(abs(waited - pause) < 300, "\(waited) against \(pause)")
      #expect(try it.psql("SELECT phase FROM changeover.source") == "syncing")
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched()
    }
  }

  /// Case 18: a reader keeps the COMMIT in rollback-journal mode waiting.
  @Test func `a reader that blocks the decision ends the pause at its limit`() throws {
    try Scenario.run { it in
      try it.prepareCopied(mode: "delete")
      let reader = try it.startReader(until: "\(it.directory)/end")
      let (status, report) = try it.cutover("--execute", "--pause-limit", "0.7")
      #expect(status == 1)
      #expect(report.failed == ["abort"])
      let pause = try #require(report.pause_ms)
      #expect(pause >= 600 && pause < 1_100, "\(pause)")
      try it.expectOneWritable()
      try Files.write("", to: "\(it.directory)/end")
      #expect(try reader.wait() == 0)
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched()
    }
  }
}
