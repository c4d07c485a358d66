import Glibc
import Testing

/// What a server may do to a sync without going away: limits, locks, deadlocks, a disk without room, a pooler in between
/// (cases 38, 40).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct TargetTroubleTests {
  private let psqlProgram = Server.shared?.programs.map { $0 + "/psql" } ?? "psql"

  @Test(arguments: [
    "statement_timeout = '30ms'", "idle_in_transaction_session_timeout = '30ms'", "lock_timeout = '10ms'",
    "idle_session_timeout = '300ms'",
  ])
  func `limits that the host sets end neither the copy nor the stream`(limit: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 3_000)
      try it.psql("ALTER DATABASE \(it.database) SET \(limit)")
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 300)
      try writer.waitFor(100)
      try it.sqlite("UPDATE event SET at = at + 1;")
      // An idle second, in which an idle session is ended.
      try writer.finish()
      try it.waitUntilCaughtUp()
      try Waiting.until("it was idle for a while") { try it.lag().seconds == 0 }
      try it.sqlite("UPDATE slot SET holder = 'later' WHERE id % 3 = 0;")
      try it.waitUntilCaughtUp()
      try it.psql("ALTER DATABASE \(it.database) RESET ALL")
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `a table that somebody locks holds the stream up, and loses nothing`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      let sync = try it.startStreaming()
      let locker = try it.spawn(
        [
          psqlProgram, "-XqAt", "-d", it.url, "-c", "BEGIN", "-c", "LOCK TABLE slot", "-c", "SELECT 'locked'", "-c",
          "SELECT pg_sleep(2)",
        ],
        environment: Variables.base)
      try locker.waitUntilSays("locked")
      try it.sqlite("UPDATE slot SET holder = 'x';")
      try Waiting.until("sync waits for the lock") {
        try it.psql("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted") == "t"
      }
      let lag = try it.lag()
      #expect((lag.changes ?? 0) > 0 && lag.state == "streaming", "\(lag)")
      #expect(try locker.wait() == 0)
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  /// Another session locks two tables in the other order, round after round, until the server has ended a deadlock.
  @Test func `deadlocks with another session are tried again`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 200)
      try it.psql("ALTER DATABASE \(it.database) SET deadlock_timeout = '20ms'")
      let sync = try it.startStreaming()
      let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = '\(it.database)'"
      // Tables are written in their order; this takes a later one, and an earlier one once sync waits for it.
      let other = """
        BEGIN; LOCK TABLE slot IN SHARE MODE;
        DO $$ BEGIN
          WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'slot'::regclass) LOOP
            PERFORM pg_sleep(0.002);
          END LOOP;
        END $$;
        LOCK TABLE account IN SHARE MODE; COMMIT
        """
      var round = 0
      try Waiting.until("a deadlock", seconds: 60, details: { sync.everythingSaid }) {
        round += 1
        let session = try it.spawn([psqlProgram, "-XqAt", "-d", it.url, "-c", other], environment: Variables.base)
        try Waiting.until("it has its lock") {
          let held = "SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND relation = 'slot'::regclass"
          return try !session.isRunning || it.psql(held) != "0"
        }
        try it.sqlite("BEGIN; UPDATE account SET balance = \(round); UPDATE slot SET holder = '\(round)'; COMMIT;")
        #expect([0, 1, 3].contains(try session.wait()))
        try it.waitUntilCaughtUp()
        return try it.psql("SELECT pg_stat_clear_snapshot(); \(deadlocks)").trimmed != "0"
      }
      try it.expectEqual()
      #expect(sync.isRunning)
      #expect(try sync.stop() == 0)
    }
  }

  @Test(.enabled(if: Scenario.isRoot, "mounting a small file system needs root"))
  func `a server whose disk is full is waited for`() throws {
    try Scenario.run { it in
      let disk = try SmallDisk(megabytes: 12, owner: Variables["CHANGEOVER_TEST_PGACCOUNT"])
      defer { _ = try? it.psql("ALTER DATABASE \(it.database) SET default_tablespace = ''") }
      let space = "full_\(it.database)"
      try it.server.psql("CREATE TABLESPACE \(space) LOCATION '\(disk.path)'")
      defer {
        _ = try? it.server.psql("DROP DATABASE \(it.database) WITH (FORCE)")
        _ = try? it.server.psql("DROP TABLESPACE \(space)")
      }
      try it.psql("ALTER DATABASE \(it.database) SET default_tablespace = \(space)")
      try it.createWritersTables(rows: 100)
      let sync = try it.startStreaming()
      try it.sqlite(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
        INSERT INTO event SELECT 'large', randomblob(2000), i FROM n;
        """)
      try sync.waitUntilSays("PostgreSQL is away")
      #expect(sync.errors.contains("No space left on device") || sync.errors.contains("53100"), "\(sync.errors)")
      let lag = try it.lag()
      #expect((lag.changes ?? 0) > 0, "\(lag)")
      try disk.enlarge(megabytes: 200)
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test(.enabled(if: TransactionPooler.isPossible, "pgbouncer is not installed"))
  func `through PgBouncer in transaction mode everything arrives, and a restart of it is survived`() throws {
    try Scenario.run { it in
      let pooler = try TransactionPooler(before: it.server, in: it)
      try it.createWritersTables(rows: 500)
      it.url = pooler.url(database: it.database)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 300)
      try writer.waitFor(100)
      try it.sqlite("UPDATE event SET at = at + 1;")
      try pooler.restart()
      try writer.waitFor(200, since: writer.acknowledged)
      for _ in 0..<5 {
        // As a failover behind the pooler does it.
        let ours = "pid <> pg_backend_pid() AND datname = '\(it.database)'"
        try it.server.psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE \(ours)")
        try writer.waitFor(30, since: writer.acknowledged)
      }
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      try it.expectFollowsBack(sync)
      try it.expectSwitched()
    }
  }
}
