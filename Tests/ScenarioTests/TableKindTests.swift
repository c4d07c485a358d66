import Testing

/// Every kind of table with values of every class (cases 1, 2, 5, 6, 8, 9, 12, 13, 18, 19, 24, 37).
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct TableKindTests {
  @Test(arguments: ["wal", "delete"])
  func `tables of every kind are copied and followed exactly`(mode: String) throws {
    try Scenario.run { it in
      try Program.python("table_kinds.py", ["create", it.source, mode])
      let sync = try it.startStreaming()
      try it.expectEqual()
      try Program.python("table_kinds.py", ["change", it.source])
      try it.waitUntilCaughtUp()
      #expect(
        try it.psql("SELECT table_name, column_name, reason, count(*) FROM changeover.quarantine GROUP BY 1, 2, 3")
          == "")
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `what is written while nothing runs is caught up`() throws {
    try Scenario.run { it in
      try Program.python("table_kinds.py", ["create", it.source])
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try Program.python("table_kinds.py", ["change", it.source])
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `UTF-16 databases are read as what they say`() throws {
    try Scenario.run { it in
      try it.sqlite(
        "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('größe €😀', 'ö');")
      let sync = try it.startStreaming()
      try it.sqlite("INSERT INTO t VALUES ('😀', 1); UPDATE t SET k = 'GRÖSSE' WHERE v = 'ö';")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
