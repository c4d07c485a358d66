import Glibc
import Testing

/// The way back: what was written to PostgreSQL is in SQLite, and the move goes on from there.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct RollbackTests {
  @Test func `what was written after the switch comes back, and the move goes on without a new copy`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      #expect(try it.cutover("--execute").status == 0)
      try it.psql(
        """
        INSERT INTO account (email, balance) VALUES ('there', 1.5); UPDATE slot SET place = -place WHERE id < 10;
        DELETE FROM line WHERE account < 5; INSERT INTO event (kind) VALUES ('there');
        """)
      let (status, report) = try it.rollback("--execute")
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      #expect(try it.sqlite("SELECT email FROM account WHERE balance = 1.5") == "there")
      try it.expectSwitchedBack()
      try it.sqlite("INSERT INTO account (email) VALUES ('here'); DELETE FROM slot WHERE id = 3")
      try it.copyAll()
      try it.expectEqual()
      #expect(try it.psql("SELECT count(*) FROM account WHERE email IN ('here', 'there')") == "2")
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched()
    }
  }
}

extension Scenario {
  /// After the way back: PostgreSQL is closed, SQLite open, and both hold the same.
  func expectSwitchedBack(sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try isSourceWritable(), sourceLocation: sourceLocation)
    #expect(try !isTargetWritable(), sourceLocation: sourceLocation)
    #expect(try psql("SELECT phase FROM changeover.source") == "syncing", sourceLocation: sourceLocation)
    try expectEqual(sourceLocation: sourceLocation)
  }
}
