import Testing

/// The first inserts after the switch.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverSequenceTests {
  /// Case 42.
  @Test func `no first insert after the switch collides`() throws {
    try Scenario.run { it in
      try it.sqlite(
        """
        CREATE TABLE empty (id INTEGER PRIMARY KEY, v); CREATE TABLE empty_auto (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
        CREATE TABLE gaps (id INTEGER PRIMARY KEY, v); INSERT INTO gaps VALUES (1, 'a'), (100, 'b'), (7, 'c');
        CREATE TABLE above (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO above VALUES (500, 'gone'), (3, 'kept');
        DELETE FROM above WHERE id = 500;
        CREATE TABLE emptied (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO emptied VALUES (40, 'gone');
        DELETE FROM emptied;
        CREATE TABLE negative (id INTEGER PRIMARY KEY, v); INSERT INTO negative VALUES (-5, 'a'), (-1, 'b');
        CREATE TABLE mixed (id INTEGER PRIMARY KEY, v); INSERT INTO mixed VALUES (-5, 'a'), (0, 'b'), (1, 'c');
        CREATE TABLE large (id INTEGER PRIMARY KEY, v); INSERT INTO large VALUES (9000000000000000000, 'a');
        CREATE TABLE "Mixed Case" ("Id" INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO "Mixed Case" (v) VALUES (1), (2);
        CREATE TABLE keyless (v TEXT); INSERT INTO keyless VALUES ('same'), ('same'), ('other');
        DELETE FROM keyless WHERE rowid = 2;
        """)
      try it.copyAll()
      // The last group carries the largest keys of all.
      try it.sqlite("INSERT INTO gaps VALUES (200, 'last'); INSERT INTO keyless VALUES ('last');")
      #expect(try it.cutover("--execute").status == 0)
      try it.expectEqual()
      func next(_ table: String, _ column: String = "id") throws -> String {
        try it.psql("INSERT INTO \(table) (v) VALUES ('1') RETURNING \(column)")
      }
      #expect(try next("empty") == "1")
      #expect(try next("empty_auto") == "1")
      #expect(try next("gaps") == "201")
      #expect(try next("above") == "501")
      #expect(try next("emptied") == "41")
      #expect(try next("negative") == "1")
      #expect(try next("mixed") == "2")
      #expect(try next("large") == "9000000000000000001")
      #expect(try next("\"Mixed Case\"", "\"Id\"") == "3")
      #expect(try next("keyless", "_changeover_rowid") == "5")
      #expect(try it.psql("INSERT INTO keyless SELECT v FROM keyless; SELECT count(*) FROM keyless") == "8")
    }
  }

  /// A cutover that was taken back leaves numbers behind; the next one sets them again.
  @Test func `a second cutover after one that was taken back sets them right`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (10, 'a');")
      try it.copyAll()
      let killed = try it.startCutover(fault: "target-committed")
      #expect(try killed.process.wait() == -9)
      try it.sqlite("INSERT INTO t VALUES (11, 'b'), (12, 'c');")
      #expect(try it.cutover("--execute").status == 0)
      #expect(try it.psql("INSERT INTO t (v) VALUES ('d') RETURNING id") == "13")
    }
  }
}
