import TestSupport
import Testing

/// Histories of real migration tools, applied while the sync runs and others write (cases 10 and 11).
@Suite(
  .enabled(if: Scenario.isPossible, Scenario.skipped),
  .enabled(
    if: MigrationTools.python != nil, "scripts/migration-tools could not install Django and Alembic from PyPI"),
  .serialized)
struct MigrationToolTests {
  @Test(arguments: ["django_migrations.py", "alembic_migrations.py"], ["wal", "delete"])
  func `its migrations arrive while sync runs`(script: String, mode: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50, mode: mode)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 30)
      try writer.waitFor(5)
      try migrate(script, it)
      try writer.finish()
      try it.waitUntilTakenUp()
      try it.expectEqual()
      #expect(try it.lag().quarantined == 0)
      // What the migrations dropped stays until somebody says so.
      let dropped = try it.lag().held
      for table in dropped {
        #expect(try it.sqlite("SELECT count(*) FROM sqlite_schema WHERE name = '\(table)';") == "0")
        #expect(try it.changeover("resync", table).status == 0)
      }
      try it.waitUntilTakenUp()
      #expect(try it.lag().held == [])
      #expect(try it.cutover("--execute").status == 0)
      #expect(try sync.stop() == 0)
      try it.expectEqual()
    }
  }

  @Test(arguments: ["django_migrations.py", "alembic_migrations.py"])
  func `its migrations are taken up by a sync that was stopped`(script: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      try it.copyAll()
      try migrate(script, it)
      try it.copyAll()
      try it.expectEqual()
    }
  }

  private func migrate(_ script: String, _ it: Scenario) throws {
    let python = try #require(MigrationTools.python)
    let result = try Program.run([python, "\(Files.checkout)/Tests/Support/\(script)", it.source], seconds: 120)
    guard result.status == 0 else { throw Program.Failed(what: script, result: result) }
  }
}
