import TestSupport
import Testing

/// The command that tells the application where to go.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverHookTests {
  @Test func `it runs once the target is open, and refused_ms includes it`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let url = it.server.url(database: it.database)
      let hook = "sleep 0.4; psql -XqAt -v ON_ERROR_STOP=1 -d \(url) -c \"INSERT INTO event (kind) VALUES ('hook')\""
      let (status, report) = try it.cutover("--execute", "--on-switch", hook)
      #expect(status == 0, "\(report)")
      #expect(try #require(report.refused_ms) >= 400)
      #expect(try #require(report.pause_ms) < 400)
      #expect(try it.psql("SELECT kind FROM event WHERE kind = 'hook'") == "hook")
      let names = report.checkpoints.map(\.name)
      #expect(names.suffix(4) == ["decision", "target open", "switch hook", "foreign keys validated"])
    }
  }

  @Test func `its failure is reported, the switch stays, and running again runs it again`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let hook = "echo run >> \(it.directory)/runs; test -e \(it.directory)/ready"
      let (status, report) = try it.cutover("--execute", "--on-switch", hook)
      #expect(status == 1)
      #expect(report.switched)
      #expect(report.failed == ["switch hook"])
      #expect(report.detail("switch hook")?.contains("status 1") == true)
      #expect(report.checkpoints.last?.name == "foreign keys validated", "the rest goes on")
      try it.expectSwitched()

      #expect(try it.cutover("--on-switch", hook).status == 0, "a dry run runs nothing")
      #expect(try it.cutover("--execute").status == 0, "without a hook there is none to fail")
      #expect(try it.cutover("--execute", "--on-switch", hook).status == 1)
      try Files.write("", to: "\(it.directory)/ready")
      #expect(try it.cutover("--execute", "--on-switch", hook).status == 0)
      #expect(try it.cutover("--execute", "--on-switch", hook).status == 0, "it ended well: no more of it")
      #expect(Files.text("\(it.directory)/runs") == "run\nrun\nrun\n")
    }
  }

  @Test func `a hook that dies of a signal is a failure too`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let (status, report) = try it.cutover("--execute", "--on-switch", "kill -9 $$")
      #expect(status == 1)
      #expect(report.switched)
      #expect(report.detail("switch hook")?.contains("status 137") == true)
    }
  }
}
