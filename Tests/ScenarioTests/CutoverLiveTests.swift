import Glibc
import Testing

/// The switch while the application writes.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverLiveTests {
  /// Cases 43 and 44.
  @Test(arguments: [true, false])
  func `every acknowledged write is in PostgreSQL and none is in one store only`(besideSync: Bool) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 500)
      let writers = try (1...3).map { try it.startWriter(number: $0, rate: 170, busyTimeout: 5) }
      let sync = besideSync ? try it.startStreaming() : nil
      for writer in writers { try writer.waitFor(100) }
      if besideSync { try it.waitUntilCaughtUp() }

      let (status, report) = try it.cutover("--execute")
      #expect(status == 0)
      #expect(report.switched)
      #expect(report.failed == [])
      let pause = try #require(report.pause_ms)
      print("pause_ms \(pause), \(besideSync ? "beside a sync" : "without one"), three writers")
      #expect(pause < 5_000)
      #expect(try #require(report.refused_ms) >= 0)
      try it.expectSwitched(writers)
      if let sync {
        try it.expectFollowsBack(sync)
        #expect(sync.everythingSaid.contains("the switch is done"))
      }
    }
  }

  /// Case 18: in rollback-journal mode a reader blocks the writer's COMMIT, and the cutover's too.
  @Test(arguments: ["wal", "delete"])
  func `switches with readers around in either journal mode`(mode: String) throws {
    try Scenario.run { it in
      try it.prepareCopied(mode: mode)
      let writer = try it.startWriter(rate: 100, busyTimeout: 20)
      let readers = try (1...2).map { _ in
        try it.spawn(["python3", "-c", Self.reader, it.source])
      }
      for reader in readers { try reader.waitUntilSays("reading") }
      try writer.waitFor(30)
      let (status, report) = try it.cutover("--execute", "--pause-limit", "10")
      #expect(status == 0, "\(report)")
      for reader in readers {
        #expect(reader.isRunning, "\(reader.everythingSaid)")
        reader.kill()
      }
      try it.expectSwitched([writer])
    }
  }

  /// Reads for 20 ms, rests for 5.
  private static let reader = """
    import sqlite3, sys, time
    connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
    print("reading", flush=True)
    while True:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM account").fetchone()
        time.sleep(0.02)
        connection.execute("COMMIT")
        time.sleep(0.005)
    """

  /// Case 44.
  @Test func `a late write of any kind fails and says where the data went`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      #expect(try it.cutover("--execute").status == 0)
      for statement in [
        "INSERT INTO account (email) VALUES ('late')",
        "INSERT OR IGNORE INTO account (id, email) VALUES (1, 'late')",
        "INSERT OR REPLACE INTO slot VALUES (1, 1, 'late')",
        "REPLACE INTO product (sku, name) VALUES ('SKU-1', 'late')",
        "INSERT INTO product (sku, name) VALUES ('Sku-1', 'late') ON CONFLICT (sku) DO UPDATE SET name = 'late'",
        "INSERT INTO product (sku, name) VALUES ('Sku-1', 'late') ON CONFLICT DO NOTHING",
        "UPDATE account SET balance = 0", "UPDATE OR IGNORE slot SET id = 2 WHERE id = 1",
        "UPDATE OR REPLACE slot SET place = 2 WHERE id = 1", "DELETE FROM line",
        "DELETE FROM event WHERE kind = 'start'",
        "INSERT INTO event SELECT * FROM event",
      ] {
        #expect(try !it.isSourceWritable(statement), "\(statement)")
      }
      #expect(try it.sqlite("SELECT count(*) FROM account") == "60", "reading goes on")
      try it.expectEqual()
    }
  }

  /// What a writer leaves behind just before the lock is applied before the writers wait, not while they do.
  @Test func `a large transaction that ends just before the switch does not prolong the pause`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let cutover = try it.startCutover(fault: "before-source-lock:wait")
      try cutover.waitUntilReached()
      try it.sqlite(
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
        INSERT INTO event SELECT 'large', NULL, i FROM n;
        """)
      try cutover.letGoOn()
      let (status, report) = try cutover.finish()
      #expect(status == 0)
      let source = report.checkpoints.first { $0.name == "source lock" }
      #expect(try #require(report.pause_ms) < #require(source?.ms), "the large group went before the pause")
      try it.expectSwitched()
    }
  }
}
