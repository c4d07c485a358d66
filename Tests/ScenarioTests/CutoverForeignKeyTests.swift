import Testing

/// Foreign keys come at the switch.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverForeignKeyTests {
  private static let schema = """
    PRAGMA foreign_keys = ON;
    CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b (id) DEFERRABLE INITIALLY DEFERRED, code TEXT UNIQUE);
    CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE node (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES node ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE child (
      id INTEGER PRIMARY KEY, code TEXT REFERENCES a (code) ON UPDATE CASCADE ON DELETE SET NULL,
      node INTEGER REFERENCES node (id) ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE pair (x INTEGER, y TEXT, PRIMARY KEY (x, y)) WITHOUT ROWID;
    CREATE TABLE pairing (id INTEGER PRIMARY KEY, x INTEGER, y TEXT, FOREIGN KEY (x, y) REFERENCES pair (x, y));
    """
  private static let rows = """
    BEGIN;
    INSERT INTO a VALUES (1, 1, 'one'), (2, NULL, 'two'), (3, NULL, 'three'); INSERT INTO b VALUES (1, 1), (2, 2);
    INSERT INTO node VALUES (1, NULL), (2, 1), (3, 2), (4, 4);
    INSERT INTO child VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 4), (4, NULL, NULL);
    INSERT INTO pair VALUES (1, 'p'), (2, 'q'); INSERT INTO pairing VALUES (1, 1, 'p'), (2, 2, NULL);
    COMMIT;
    """

  private func constraints(_ it: Scenario) throws -> String {
    try it.psql("SELECT conname, convalidated, condeferred FROM pg_constraint WHERE contype = 'f' ORDER BY conname")
  }

  /// Self-references, cycles, deferrable keys, parents that cascade while the target follows (case 6).
  @Test func `they are present and valid after the switch`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.schema + Self.rows)
      try it.copyAll()
      let sync = try it.startStreaming()
      // Without its children taken along: the target has no keys while it follows.
      try it.sqlite(
        """
        PRAGMA foreign_keys = ON;
        UPDATE a SET code = 'uno' WHERE id = 1; UPDATE node SET id = 20 WHERE id = 2;
        DELETE FROM a WHERE id = 3; DELETE FROM node WHERE id = 4;
        INSERT OR REPLACE INTO a VALUES (2, NULL, 'two'); INSERT INTO node VALUES (30, 20), (31, 31);
        """)
      try it.waitUntilCaughtUp()
      #expect(try constraints(it) == "")
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      #expect(
        try constraints(it)
          == """
          a_b_fkey|t|t
          b_a_fkey|t|t
          child_code_fkey|t|f
          child_node_fkey|t|f
          node_parent_fkey|t|f
          pairing_x_y_fkey|t|f
          """)
      try it.expectEqual()
      try it.expectFollowsBack(sync)
      #expect(throws: Program.Failed.self) { try it.psql("INSERT INTO child VALUES (9, 'nowhere', NULL)") }
      try it.psql("BEGIN; INSERT INTO b VALUES (9, 9); INSERT INTO a VALUES (9, 9, 'nine'); COMMIT")
      try it.psql("DELETE FROM node WHERE id = 1")
      #expect(try it.psql("SELECT id FROM child ORDER BY id") == "4", "deletes cascade")
    }
  }

  @Test func `orphans are listed before the switch, and accepted by name only`() throws {
    try Scenario.run { it in
      try it.sqlite(Self.schema)
      try it.sqlite(
        Self.rows + "INSERT INTO child VALUES (8, 'gone', 1), (9, 'lost', 1); INSERT INTO pairing VALUES (9, 9, 'z');")
      try it.copyAll()
      for arguments in [["--execute"], []] {
        let (status, report) = try it.startCutover(arguments).finish()
        #expect(status == 1)
        #expect(!report.switched)
        #expect(report.pause_ms == nil)
        #expect(report.failed == ["foreign key child_code_fkey", "foreign key pairing_x_y_fkey"])
        let detail = try #require(report.detail("foreign key child_code_fkey"))
        #expect(detail.hasPrefix("2 rows of 'child' lead nowhere"))
        #expect(detail.contains("--waive child_code_fkey"))
      }
      #expect(
        try it.cutover("--execute", "--waive", "child_code_fkey").report.failed == ["foreign key pairing_x_y_fkey"])
      try it.sqlite("DELETE FROM pairing WHERE id = 9")
      #expect(try it.isSourceWritable("UPDATE a SET code = code"))
      let (status, report) = try it.cutover("--execute", "--waive", "child_code_fkey", "--waive", "pairing_x_y_fkey")
      #expect(status == 0, "\(report)")
      let found = try constraints(it)
      #expect(found.contains("child_code_fkey|f|f"))
      #expect(found.contains("child_node_fkey|t|f"))
      #expect(throws: Program.Failed.self, "new rows are held to it") {
        try it.psql("INSERT INTO child VALUES (19, 'nowhere', NULL)")
      }
      try it.expectEqual()
      #expect(try it.cutover("--execute").status == 0)
    }
  }
}
