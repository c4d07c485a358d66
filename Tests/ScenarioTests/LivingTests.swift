import Glibc
import Testing

/// What an application notices of a sync beside it (cases 15, 18).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct LivingTests {
  @Test func `an idle sync holds no read transaction, so that the log can be emptied`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 200)
      let sync = try it.startStreaming()
      try it.sqlite("UPDATE slot SET holder = 'x';")
      try it.waitUntilCaughtUp()
      // A checkpoint that must reset the log fails while anybody reads.
      try Waiting.until("the log is emptied") {
        try it.sqlite("PRAGMA wal_checkpoint(TRUNCATE);") == "0|0|0"
      }
      var status = stat()
      #expect(stat(it.source + "-wal", &status) == 0 && status.st_size == 0)
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `under an application that never empties the log, it stays bounded`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 200)
      let sync = try it.startStreaming()
      let writer = try it.spawn([
        "python3", "-c",
        """
        import os, sqlite3, sys, time
        c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
        c.execute('PRAGMA wal_autocheckpoint = 0')
        largest = 0
        for turn in range(400):
            c.execute("UPDATE event SET payload = randomblob(1500) WHERE rowid IN (SELECT rowid FROM event LIMIT 100)")
            largest = max(largest, os.path.getsize(sys.argv[1] + '-wal'))
            time.sleep(0.01)
        print(largest)
        """, it.source,
      ])
      #expect(try writer.wait(seconds: 120) == 0, "\(writer.everythingSaid)")
      let largest = try #require(Int(writer.output.trimmed))
      // Alone it would be more than 400 times 150 kB.
      #expect(largest < 30_000_000, "\(largest)")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  /// Sync writes to the source only to prune: slices, and never waiting for the lock.
  @Test func `a writer without patience gets through beside a sync that has much to prune`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 200)
      try it.copyAll()
      try it.sqlite(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO event SELECT 'many', NULL, i FROM n;
        """)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200, transactions: 300, busyTimeout: 0)
      #expect(try writer.process.wait(seconds: 120) == 0, "\(writer.process.everythingSaid)")
      try it.waitUntilCaughtUp()
      try Waiting.until("it is pruned") { try it.sqlite("SELECT count(*) < 10 FROM _changeover_change;") == "1" }
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
