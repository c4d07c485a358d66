import Glibc
import TestSupport
import Testing

/// Types of large tables are chosen from a sample of their rows, so that the first copy can begin; it looks at all rows as it goes.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct DraftPlanTests {
  private static let sampled = ["CHANGEOVER_TEST_SAMPLE_ROWS": "10"]
  private static let again = "the first copy begins anew"

  /// Forty days, of which the sample of ten does not see the third.
  private static func days(third: String) -> String {
    """
    CREATE TABLE late (id INTEGER PRIMARY KEY, day DATE, n INTEGER);
    WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 40)
    INSERT INTO late SELECT i, CASE i WHEN 3 THEN \(third) ELSE date('2024-01-01', i || ' days') END, i FROM i;
    """
  }

  private func expectCopied(_ it: Scenario, dayIs type: String) throws {
    let found = try it.psql(
      "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'late'::regclass AND attname = 'day'")
    #expect(found == type)
    #expect(try it.psql("SELECT plan LIKE '%isDraft%', phase FROM changeover.source") == "f|syncing")
    #expect(try it.psql("SELECT count(*) FROM changeover.quarantine") == "0")
    #expect(!Files.exists(it.stateDirectory + "/starting-over"))
    try it.expectEqual()
  }

  @Test func `types that all rows fit are kept, and nothing is copied twice`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = WAL; \(Self.days(third: "'2024-03-03'"))")
      let sync = try it.changeover("sync", "--until-caught-up", environment: Self.sampled)
      #expect(sync.status == 0 && !sync.errors.contains(Self.again), "\(sync.errors)")
      try expectCopied(it, dayIs: "date")
    }
  }

  @Test func `a value that the sample did not see changes the type, and the copy begins anew`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = WAL; \(Self.days(third: "'soon'"))")
      let sync = try it.changeover("sync", "--until-caught-up", environment: Self.sampled)
      #expect(sync.status == 0 && sync.errors.contains(Self.again), "\(sync.errors)")
      try expectCopied(it, dayIs: "text")
    }
  }

  /// The size from which a release samples.
  @Test func `of thirty thousand rows a sample is read first`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        PRAGMA journal_mode = WAL; CREATE TABLE late (id INTEGER PRIMARY KEY, day DATE);
        WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 30000)
        INSERT INTO late SELECT i, CASE i WHEN 500 THEN 'soon' ELSE '2024-01-01' END FROM i;
        """)
      let sync = try it.changeover("sync", "--until-caught-up")
      #expect(sync.status == 0 && sync.errors.contains(Self.again), "\(sync.errors)")
      try expectCopied(it, dayIs: "text")
    }
  }

  /// Nothing is written where a type that the user chose does not take all values, and a key is settled before the triggers are.
  @Test func `what a sample cannot settle is read as a whole first`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = WAL; \(Self.days(third: "'soon'"))")
      let refused = try it.changeover("sync", "--until-caught-up", "--type", "late.day=date", environment: Self.sampled)
      #expect(refused.status == 78 && refused.errors.contains("1 of 40 values"), "\(refused.errors)")
      #expect(try it.sourceSchema().contains("_changeover") == false)
      try it.sqlite(
        """
        CREATE TABLE k (name TEXT PRIMARY KEY, n);
        WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 40)
        INSERT INTO k SELECT CASE i WHEN 30 THEN NULL ELSE 'k' || i END, i FROM i;
        """)
      let sync = try it.changeover("sync", "--until-caught-up", "--exclude", "late", environment: Self.sampled)
      #expect(sync.status == 0 && !sync.errors.contains(Self.again), "\(sync.errors)")
      #expect(try it.psql("SELECT count(*), count(name) FROM k") == "40|39")
    }
  }

  private static let whenTheyHold = ["proof-begun", "segment-written", "segment-committed", "plan-proven"]
  /// The second visit is the second start's.
  private static let whenTheyDoNot = [
    "proof-begun", "segment-written", "segment-committed", "starting-over", "target-forgotten", "source-forgotten",
    "journal-forgotten", "source-installed#2", "target-created#2", "target-ready#2", "remembered#2",
  ]
  private static let kills = whenTheyHold.map { ($0, false) } + whenTheyDoNot.map { ($0, true) }

  /// Case 40.
  @Test(arguments: kills)
  func `killed while the types are a draft, it goes on by itself and nothing is lost`(
    fault: String, startsOver: Bool
  ) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 60)
      try it.sqlite(Self.days(third: startsOver ? "'soon'" : "'2024-03-03'"))
      let writer = try it.startWriter(rate: 100)
      try writer.waitFor(5)
      let killed = try it.start(
        "sync", "--jobs", "1", environment: Self.sampled.merging(["CHANGEOVER_FAULT": fault]) { $1 })
      #expect(try killed.wait(seconds: 60) == -SIGKILL, "\(killed.everythingSaid)")
      try writer.waitFor(5, since: writer.acknowledged)
      let next = try it.start("sync", environment: Self.sampled)
      try next.waitUntilSays("streaming from", seconds: 60)
      try writer.waitFor(5, since: writer.acknowledged)
      try writer.finish()
      try it.waitUntilCaughtUp()
      try expectCopied(it, dayIs: startsOver ? "text" : "date")
      #expect(try next.stop() == 0)
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  /// A rename has passed by the time that the rows are read to the end.
  @Test func `a column renamed while the rows are read: the copy begins anew, under the new name`() throws {
    try Scenario.run { it in
      try it.sqlite("PRAGMA journal_mode = WAL; \(Self.days(third: "'2024-03-03'"))")
      let gate = it.directory + "/gate"
      let held = ["CHANGEOVER_FAULT": "proof-begun:wait", "CHANGEOVER_FAULT_FILE": gate]
      let sync = try it.start("sync", environment: Self.sampled.merging(held) { $1 })
      try Waiting.until("the reading begins") { Files.exists(gate + ".reached") }
      try it.sqlite("ALTER TABLE late RENAME COLUMN n TO amount; INSERT INTO late VALUES (41, '2024-05-05', 5);")
      try Files.write("", to: gate)
      try sync.waitUntilSays("streaming from", seconds: 60)
      try it.waitUntilTakenUp()
      #expect(try it.psql("SELECT amount FROM late WHERE id = 41") == "5")
      try expectCopied(it, dayIs: "date")
      #expect(try sync.stop() == 0)
    }
  }
}
