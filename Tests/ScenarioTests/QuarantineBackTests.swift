import FoundationEssentials
import Testing

/// Rows of PostgreSQL that SQLite does not take, after the switch (cases 45 and 48).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct QuarantineBackTests {
  private func list(_ it: Scenario, _ arguments: String...) throws -> [String] {
    let result = try Program.run(
      [Scenario.binary, "quarantine", "list", "--json"] + arguments, environment: it.environment)
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").map { String($0) }
  }

  private func waitUntilQuarantined(_ it: Scenario, _ count: Int64) throws {
    try Waiting.until("\(count) rows in the quarantine") { try it.lag().quarantined == count }
  }

  @Test func `what SQLite does not take is listed, tried again and given up`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL, at DATETIME);
        CREATE TABLE u (name TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INTEGER);
        CREATE TABLE w (id INTEGER PRIMARY KEY, a INTEGER);
        CREATE UNIQUE INDEX pairs ON w (printf('%d', a / 2));
        INSERT INTO t VALUES (1, 0.5, '2024-01-01T00:00:00'); INSERT INTO u VALUES ('Abc', 1); INSERT INTO w VALUES (1, 2)
        """)
      let sync = try it.startStreaming()
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      try sync.waitUntilSays("streaming back from")
      try it.psql(
        """
        DROP INDEX u_name_key;
        INSERT INTO t VALUES (2, 'NaN', '2024-01-02'), (3, 1.5, '2024-01-03 10:00'); INSERT INTO u VALUES ('abc', 2);
        INSERT INTO w VALUES (2, 3)
        """)
      try waitUntilQuarantined(it, 3)
      // The others came, spelled as the column is.
      #expect(try it.sqlite("SELECT v, at FROM t WHERE id = 3;") == "1.5|2024-01-03T10:00:00")
      let text = try it.changeover("quarantine", "list")
      #expect(
        text.output.contains("SQLite: t  2  column 'v' holds NaN, which SQLite turns into NULL"), "\(text.output)")
      #expect(text.output.contains("SQLite: u  abc  refused by SQLite: UNIQUE constraint failed: u.name"))
      #expect(text.output.contains("3 rows stand in the way of rollback, 0 are discarded"))
      let lines = try list(it, "t", "--show-values")
      #expect(lines.count == 1 && lines[0].contains(#""missing_in":"sqlite""#), "\(lines)")
      #expect(lines[0].contains("2024-01-02"))
      // What nobody needs is given up, and that can be taken back.
      #expect(try it.changeover("quarantine", "discard", "t").output.contains("Nothing was changed"))
      #expect(try it.lag().quarantined == 3)
      #expect(try it.changeover("quarantine", "discard", "t", "--key", "2", "--execute").status == 0)
      try waitUntilQuarantined(it, 2)
      #expect(try it.changeover("quarantine", "discard", "t", "--undo", "--execute").status == 0)
      try waitUntilQuarantined(it, 3)
      // The obstacle in SQLite goes, and the row comes.
      try it.sqlite("DROP INDEX pairs;")
      let retried = try it.changeover("quarantine", "retry", "w")
      #expect(retried.output.contains("1 rows of 'w' are logged again"), "\(retried.output) \(retried.errors)")
      try waitUntilQuarantined(it, 2)
      #expect(try it.sqlite("SELECT * FROM w ORDER BY id;") == "1|2\n2|3")
      // A row that stood in the way goes, and the other one comes by itself.
      try it.psql("DELETE FROM u WHERE name = 'Abc'; UPDATE t SET v = 2.5 WHERE id = 2")
      try waitUntilQuarantined(it, 0)
      #expect(try it.changeover("quarantine", "list").output == "the quarantine is empty\n")
      #expect(try it.sqlite("SELECT * FROM u; SELECT * FROM t WHERE id = 2;") == "abc|2\n2|2.5|2024-01-02T00:00:00")
      #expect(try it.changeover("quarantine", "retry", "t", "--key", "99").status == 1)
      #expect(try it.changeover("quarantine", "retry", "nothing").status == 64)
      #expect(try sync.stop() == 0)
    }
  }
}
