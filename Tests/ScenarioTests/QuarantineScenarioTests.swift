import FoundationEssentials
import Testing

/// Rows that do not fit, from their first sight to their end (cases 25, 26, 30 and 39).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct QuarantineScenarioTests {
  /// A line of `quarantine list --json`.
  private struct Entry: Decodable, Equatable {
    struct Value: Decodable, Equatable {
      var column: String
      var `class`: String
    }
    var table: String
    var key: String
    var column: String?
    var reason: String
    var sqlstate: String?
    var first_seen: String
    var last_seen: String
    var discarded: Bool
    var discarded_at: String?
    var values: [Value]?
  }

  private func list(_ it: Scenario, _ arguments: String...) throws -> [Entry] {
    let result = try Program.run(
      [Scenario.binary, "quarantine", "list", "--json"] + arguments, environment: it.environment)
    guard result.status == 0 else { throw Program.Failed(what: "quarantine list", result: result) }
    return try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(Entry.self, from: Data(String($0).utf8))
    }
  }

  private func waitUntilQuarantined(_ it: Scenario, _ count: Int64) throws {
    try Waiting.until("\(count) rows in the quarantine") { try it.lag().quarantined == count }
  }

  @Test func `a poison row is kept aside while the stream goes on, and clears itself once it is mended`() throws {
    try Scenario.run { it in
      try it.sqlite(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT); INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')")
      let sync = try it.startStreaming()
      try it.sqlite("UPDATE t SET n = 'secret' WHERE id = 1; INSERT INTO t VALUES (3, 3, 'c')")
      try it.waitUntilCaughtUp()
      // No older image pretends to be current, and the others arrive.
      #expect(try it.psql("SELECT id FROM t ORDER BY id") == "2\n3")
      #expect(try it.lag().quarantined == 1)
      let entry = try #require(try list(it).first)
      #expect(entry.table == "t" && entry.key == "1" && entry.column == "n" && entry.sqlstate == nil)
      #expect(entry.reason == "holds TEXT, which bigint does not take")
      #expect(!entry.discarded && entry.values == nil)
      let text = try it.changeover("quarantine", "list")
      #expect(text.status == 0 && text.output.contains("t  1  column 'n' holds TEXT, which bigint does not take"))
      #expect(text.output.contains("1 rows stand in the way of cutover, 0 are discarded"))
      #expect(!text.output.contains("secret"))
      #expect(try it.changeover("quarantine", "list", "--show-values").output.contains("n: \"secret\""))
      #expect(try list(it, "--show-values").first?.values?.map(\.class) == ["integer", "text", "text"])
      #expect(try it.changeover("status").output.contains("quarantine  1 rows of 't', column 'n'"))
      try it.sqlite("UPDATE t SET n = 7 WHERE id = 1")
      try it.waitUntilCaughtUp()
      #expect(try it.lag().quarantined == 0)
      try it.expectEqual()
      // A row that goes is let go.
      try it.sqlite("UPDATE t SET n = 'x' WHERE id IN (2, 3)")
      try waitUntilQuarantined(it, 2)
      try it.sqlite("DELETE FROM t WHERE id = 2; UPDATE t SET id = 9, n = 9 WHERE id = 3")
      try it.waitUntilCaughtUp()
      #expect(try it.changeover("quarantine", "list").output == "the quarantine is empty\n")
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `retry brings rows whose obstacle on the target is gone`() throws {
    try Scenario.run { it in
      try it.sqlite(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE u (a TEXT, b BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID"
      )
      let sync = try it.startStreaming()
      try it.psql(
        "ALTER TABLE t ADD CONSTRAINT small CHECK (n < 10); ALTER TABLE u ADD CONSTRAINT none CHECK (a <> 'a')")
      try it.sqlite("INSERT INTO t VALUES (1, 10), (2, 20), (3, 3); INSERT INTO u VALUES ('a', x'00'), ('b', x'00')")
      try waitUntilQuarantined(it, 3)
      #expect(try list(it, "t").map(\.sqlstate) == ["23514", "23514"])
      try it.psql("ALTER TABLE t DROP CONSTRAINT small; ALTER TABLE u DROP CONSTRAINT none")
      let one = try it.changeover("quarantine", "retry", "t", "--key", "2")
      #expect(one.status == 0 && one.output.contains("1 rows of 't' are logged again"), "\(one)")
      #expect(one.output.contains("the running sync brings them"))
      // The group touches the table: what a constraint had refused there is tried too.
      try Waiting.until("t is complete") { try list(it, "t").isEmpty }
      #expect(try it.psql("SELECT count(*) FROM t") == "3")
      let rest = try it.changeover("quarantine", "retry")
      #expect(rest.output.contains("1 rows of 'u' are logged again"), "\(rest)")
      try it.waitUntilCaughtUp()
      #expect(try it.lag().quarantined == 0)
      try it.expectEqual()
      #expect(try it.changeover("quarantine", "retry").output == "nothing to try again\n")
      let missing = try it.changeover("quarantine", "retry", "t", "--key", "77")
      #expect(missing.status == 1 && missing.errors.contains("no row with the key 77"), "\(missing)")
      #expect(try it.changeover("quarantine", "retry", "nonsense").status == 64)
      #expect(try sync.stop() == 0)
      #expect(try it.changeover("quarantine", "list").status == 0)
    }
  }

  @Test func `discarded rows are listed, block nothing, and cutover goes`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 1)")
      try it.copyAll()
      try it.sqlite("INSERT INTO t VALUES (2, 'x'), (3, 'y')")
      try it.copyAll()
      #expect(try it.cutover().report.failed == ["quarantine"])
      #expect(try it.changeover("quarantine", "discard").status == 64)
      let dry = try it.changeover("quarantine", "discard", "t", "--key", "2")
      #expect(dry.output.contains("1 rows of 't' would be discarded") && dry.output.contains("Nothing was changed"))
      #expect(try it.lag().quarantined == 2)
      #expect(try it.changeover("quarantine", "discard", "t", "--key", "2", "--execute").status == 0)
      #expect(try it.lag().quarantined == 1)
      #expect(
        try it.changeover("quarantine", "discard", "--all", "--execute").output == "1 rows of 't' are discarded\n")
      #expect(try list(it).map(\.discarded) == [true, true])
      #expect(
        try it.changeover("quarantine", "list").output.contains("0 rows stand in the way of cutover, 2 are discarded"))
      #expect(try it.changeover("quarantine", "discard", "t", "--undo", "--key", "3", "--execute").status == 0)
      #expect(try it.cutover().report.failed == ["quarantine"])
      // One fits by now, the other is still given up.
      try it.sqlite("UPDATE t SET n = 'z' WHERE id = 2; UPDATE t SET n = 3 WHERE id = 3")
      try it.copyAll()
      #expect(try list(it).map(\.key) == ["2"])
      #expect(try it.lag().quarantined == 0)
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      #expect(report.detail("quarantine") == "1 rows are discarded and do not move")
      #expect(try it.psql("SELECT id, n FROM t ORDER BY id") == "1|1\n3|3")
      #expect(try list(it).map(\.key) == ["2"])
      let late = try it.changeover("quarantine", "retry")
      #expect(late.status == 0 && late.output == "nothing to try again\n", "\(late)")
    }
  }

  /// Case 36: what a table that the user made refuses does not stop the copy into it.
  @Test func `constraints of the user's own table do not stop the first copy`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT);
        WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 3000)
          INSERT INTO t SELECT i, i, 's' || i FROM r;
        UPDATE t SET n = -1 WHERE id = 1500; UPDATE t SET s = 's1' WHERE id = 2500;
        """)
      try it.psql(
        "CREATE TABLE t (id bigint PRIMARY KEY, n bigint CHECK (n > 0), s text UNIQUE, note text NOT NULL DEFAULT 'new')"
      )
      let sync = try it.startStreaming()
      #expect(try it.psql("SELECT count(*), min(note) FROM t") == "2998|new")
      #expect(try list(it).map(\.sqlstate).sorted { $0 ?? "" < $1 ?? "" } == ["23505", "23514"])
      // The row in the way goes, and the other one is mended.
      try it.sqlite("DELETE FROM t WHERE id = 1; UPDATE t SET n = 1 WHERE id = 1500")
      try it.waitUntilCaughtUp()
      #expect(try it.lag().quarantined == 0)
      #expect(try it.psql("SELECT count(*), count(DISTINCT s), min(n) FROM t") == "2999|2999|1")
      #expect(try sync.stop() == 0)
    }
  }

  /// Case 30.
  @Test func `keys that no index takes do not stop the first copy`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT); CREATE INDEX t_v ON t (v);
        INSERT INTO t VALUES ('a', 'b'), (hex(randomblob(3000)), 'long');
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
          INSERT INTO t SELECT 'k' || i, 'v' FROM n;
        """)
      let sync = try it.startStreaming()
      #expect(try it.psql("SELECT count(*) FROM t") == "2001")
      let entry = try #require(try list(it).first)
      #expect(entry.sqlstate == "54000" && entry.reason.contains("(constraint t_pkey)"))
      try it.sqlite("INSERT INTO t VALUES (hex(randomblob(3000)), 'long')")
      try waitUntilQuarantined(it, 2)
      try it.sqlite("DELETE FROM t WHERE v = 'long'")
      try it.waitUntilCaughtUp()
      #expect(try it.lag().quarantined == 0)
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
