import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// What stands around the switch: what is proven before it, the commands, the time after it.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverHardenedTests {
  private static let quick = ["--no-backup", "--waive", "verified"]

  @Test func `the application's role is looked at, right by right`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let role = "app_\(it.database)"
      let unknown = try it.cutover("--app-role", role)
      #expect(unknown.report.failed == ["application's role"])
      try it.psql("CREATE ROLE \(role); GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO \(role)")
      defer { _ = try? it.psql("DROP OWNED BY \(role); DROP ROLE \(role)") }
      let lacking = try it.cutover("--app-role", role)
      #expect(lacking.report.failed == ["application's role"])
      #expect(lacking.report.detail("application's role")?.contains("account (UPDATE, DELETE)") == true)
      try it.psql("GRANT UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO \(role)")
      #expect(try it.cutover("--app-role", role).report.failed == [])
      try it.psql("SET ROLE \(role); SELECT count(*) FROM account")
    }
  }

  @Test func `triggers of the application's own that stay behind are a NO-GO until they are waived`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 3)
      try it.sqlite(
        "CREATE TRIGGER audit AFTER INSERT ON account BEGIN UPDATE account SET note = 'n' WHERE id = NEW.id; END")
      try it.copyAll()
      #expect(try it.cutover().report.failed == ["triggers:account"])
      #expect(try it.cutover("--waive", "triggers:account").report.failed == [])
    }
  }

  @Test func `a capture trigger that does not record is found by a test write, which leaves nothing`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let (_, report) = try it.cutover()
      #expect(report.detail("way back")?.contains("was recorded, and rolled back") == true)
      let logs = try it.psql(
        "SELECT relname FROM pg_class WHERE relname LIKE 'change\\_%' AND relkind = 'r' ORDER BY 1")
      for log in logs.split(separator: "\n") {
        #expect(try it.psql("SELECT count(*) FROM changeover.\(log)") == "0")
      }
      let function = try it.psql("SELECT proname FROM pg_proc WHERE proname LIKE 'capture\\_%' ORDER BY 1 LIMIT 1")
      try it.psql(
        "CREATE OR REPLACE FUNCTION changeover.\(function)() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
      )
      #expect(try it.cutover().report.failed == ["way back"])
    }
  }

  @Test func `it stays ready while a file is there, and looks again when the file goes`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let flag = "\(it.directory)/not-yet"
      let missing = try it.cutover("--execute", "--postpone-flag", flag)
      #expect(missing.status == 1)
      #expect(missing.report.failed == ["postpone flag"])
      #expect(try it.isSourceWritable())

      try Files.write("", to: flag)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 100, busyTimeout: 20)
      let waiting = try it.startCutover(["--execute", "--postpone-flag", flag] + Self.quick)
      try writer.waitFor(30)
      #expect(waiting.process.isRunning)
      #expect(try it.isSourceWritable())
      Files.remove(flag)
      let (status, report) = try waiting.finish()
      #expect(status == 0, "\(report)")
      #expect(report.checkpoints.filter { $0.name == "streaming" }.count == 2, "GO or NO-GO again")
      _ = try? writer.process.wait()
      try it.waitUntilBackInStep()
      try it.expectSwitched([writer])
      #expect(sync.isRunning)
    }
  }

  @Test func `asked to stop while it is postponed, it leaves everything as it was`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let flag = "\(it.directory)/not-yet"
      try Files.write("", to: flag)
      let waiting = try it.start("cutover", "--execute", "--postpone-flag", flag, "--no-backup", "--waive", "verified")
      try waiting.waitUntilSays("postponed")
      #expect(try waiting.stop() == 1)
      #expect(waiting.errors.contains("stopped as asked"))
      try it.expectOneWritable()
    }
  }

  @Test func `a canary that fails takes the switch back with what was written meanwhile`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 10)
      let url = it.server.url(database: it.database)
      let canary = "psql -XqAt -d \(url) -c \"INSERT INTO event (kind) VALUES ('canary')\" && exit 3"
      let hook = "echo $CHANGEOVER_DIRECTION >> \(it.directory)/hook"
      let (status, report) = try it.startCutover(
        ["--execute", "--canary", canary, "--on-switch", hook] + Self.quick
      ).finish()
      #expect(status == 1)
      #expect(!report.switched)
      #expect(report.failed == ["canary"])
      #expect(report.checkpoints.contains { $0.name == "rollback: decision" })
      #expect(!Files.exists("\(it.directory)/hook"), "the application was never told to go")
      try it.expectSwitchedBack()
      #expect(try it.sqlite("SELECT count(*) FROM event WHERE kind = 'canary'") == "1", "nothing is lost")
      #expect(
        try it.startCutover(["--execute", "--canary", "true", "--on-switch", hook] + Self.quick).finish().status == 0)
      try it.expectSwitched()
      #expect(Files.text("\(it.directory)/hook") == "forward\n")
    }
  }

  @Test(arguments: ["switched", "aborted", "refused", "frozen"])
  func `what was frozen is thawed, whatever came of the switch`(outcome: String) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let log = "\(it.directory)/frost"
      var arguments = ["--execute", "--freeze", "echo freeze >> \(log)", "--thaw", "echo thaw >> \(log)"] + Self.quick
      if outcome == "frozen" { arguments[2] += "; exit 5" }
      var blocker: OpenSession?
      if outcome == "aborted" {
        arguments += ["--lock-timeout", "0.5"]
        blocker = try it.startSession("LOCK TABLE slot IN ACCESS SHARE MODE; LOCK TABLE slot IN EXCLUSIVE MODE;")
      }
      if outcome == "refused" { arguments += ["--app-role", "nobody_knows"] }
      let (status, report) = try it.startCutover(arguments).finish()
      #expect(status == (outcome == "switched" ? 0 : 1), "\(report)")
      #expect(Files.text(log) == (outcome == "refused" ? "" : "freeze\nthaw\n"))
      #expect(report.switched == (outcome == "switched"))
      try it.expectOneWritable()
      withExtendedLifetime(blocker) {}
    }
  }

  @Test func `what goes wrong while it is watched takes the switch back where that was asked for`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 10)
      let place = "\(it.directory)/place"
      let hook = "echo $CHANGEOVER_AUTHORITY > \(place)"
      // Well before the hook, and not any more after the application has been told.
      let canary = "test ! -e \(place)"
      let watched = ["--execute", "--watch", "30s", "--canary", canary, "--on-switch", hook] + Self.quick
      let (status, report) = try it.startCutover(watched).finish()
      #expect(status == 1)
      #expect(report.switched, "it only says so")
      #expect(report.failed == ["watch"])
      #expect(Files.text(place) == "postgresql\n")

      #expect(try it.rollback("--execute").status == 0)
      Files.remove(place)
      let (second, back) = try it.startCutover(watched + ["--rollback-on-failure"]).finish()
      #expect(second == 1)
      #expect(!back.switched)
      #expect(back.failed == ["watch"])
      #expect(Files.text(place) == "sqlite\n", "the application was told to go back")
      try it.expectSwitchedBack()
    }
  }

  @Test func `a watch that finds nothing ends well`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let (status, report) = try it.startCutover(
        ["--execute", "--watch", "1s", "--rollback-on-failure", "--canary", "true"] + Self.quick
      ).finish()
      #expect(status == 0, "\(report)")
      #expect(report.checkpoints.last?.name == "watch")
      try it.expectSwitched()
    }
  }

  @Test func `a backup is made, and a clean verify is wanted`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      let strict = try it.cutover("--execute", "--require-verified", "--waive", "verified")
      #expect(strict.report.failed == ["verified"])
      #expect(try it.changeover("verify").status == 0)
      let (status, report) = try it.cutover("--execute", "--require-verified")
      #expect(status == 0, "\(report)")
      let path = try #require(report.detail("backup")?.after("made and checked: "))
      #expect(try it.sqlite("SELECT count(*) FROM account", path + "/database.sqlite") == "3")
    }
  }

  @Test(arguments: ["cutover", "rollback"]) func `every step is written down for people`(command: String) throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 3)
      #expect(try it.startCutover(["--execute"] + Self.quick).finish().status == 0)
      if command == "rollback" { #expect(try it.rollback("--execute").status == 0) }
      let names = Files.names(in: it.stateDirectory + "/log")
      let name = try #require(names.first { $0.hasPrefix(command) })
      #expect(name.hasSuffix(".log"))
      let text = Files.text("\(it.stateDirectory)/log/\(name)")
      #expect(text.contains("ok    decision ("))
      #expect(text.hasSuffix(command == "cutover" ? "PostgreSQL is the authority\n" : "SQLite is the authority\n"))
      #expect(try it.cutover().status >= 0, "a dry run")
      #expect(Files.names(in: it.stateDirectory + "/log") == names, "writes nothing down")
    }
  }

  @Test(arguments: [
    ["--freeze", "true"], ["--thaw", "true"], ["--rollback-on-failure"], ["--watch", "soon"], ["--pause-limit", "0"],
    ["--lock-timeout", "-1"],
  ])
  func `options that make no sense are a wrong usage`(arguments: [String]) throws {
    try Scenario.run { it in
      let result = try Program.run([Scenario.binary, "cutover"] + arguments, environment: it.environment)
      #expect(result.status == 64, "\(result)")
    }
  }
}
