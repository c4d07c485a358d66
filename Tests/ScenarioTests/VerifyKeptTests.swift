import TestSupport
import Testing

/// What verify found is kept, cutover asks for it, and a running sync goes on verifying.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct VerifyKeptTests {
  @Test func `cutover wants a clean verify, and runs one where there is none`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      let dry = try it.cutover()
      #expect(dry.status == 0)
      #expect(dry.report.detail("verified")?.contains("never yet: with --execute") == true, "\(dry.report)")
      try it.tamper("UPDATE slot SET holder = 'nobody' WHERE id = 3")
      let refused = try it.cutover("--execute")
      #expect(refused.status == 1 && refused.report.failed == ["verified"] && !refused.report.switched)
      #expect(
        refused.report.detail("verified")?.contains("1 of 100 rows differ, just now") == true, "\(refused.report)")
      #expect(try it.lastVerify()?.equal == false)
      #expect(try it.isSourceWritable())
      let known = try it.cutover()
      #expect(known.status == 1 && known.report.failed == ["verified"])
      #expect(try it.cutover("--waive", "verified").status == 0)
      #expect(try it.verify("--repair").status == 0)
      let ready = try it.cutover()
      #expect(ready.report.detail("verified")?.contains("both stores equal (100 rows)") == true, "\(ready.report)")
      // A newer look at one table that found differences counts.
      try it.tamper("UPDATE slot SET holder = 'nobody' WHERE id = 3")
      #expect(try it.verify("--table", "slot").status == 1)
      #expect(try it.cutover().report.failed == ["verified"])
      #expect(try it.verify("--table", "slot", "--repair").status == 0)
      let (status, report) = try it.cutover("--execute", "--verified-within", "0")
      #expect(status == 0 && report.switched, "\(report)")
      #expect(report.detail("verified")?.contains("just now") == true)
      try it.expectSwitched()
    }
  }

  @Test func `an old verify is not enough, and a recent one is not run again`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 20)
      try it.expectVerified()
      try it.psql("UPDATE changeover.verification SET finished_at = finished_at - interval '25 hours'")
      let dry = try it.cutover()
      #expect(dry.report.detail("verified")?.contains("25 h ago, too long ago") == true, "\(dry.report)")
      #expect(try it.cutover("--verified-within", "2d").report.detail("verified")?.contains("too long") == false)
      #expect(try it.changeover("cutover", "--verified-within", "soon").status == 64)
      let (status, report) = try it.cutover("--execute", "--verified-within", "26h")
      #expect(status == 0, "\(report)")
      #expect(try it.psql("SELECT count(*) FROM changeover.verification") == "1")
    }
  }

  @Test func `a catalogue of an earlier version gets the table`() throws {
    try Scenario.run { it in
      try it.prepareCopied(rows: 10)
      try it.psql("DROP TABLE changeover.verification")
      #expect(try it.lastVerify() == nil)
      #expect(try it.changeover("status").output.contains("verify      never"))
      #expect(try it.cutover().status == 0)
      try it.expectVerified()
      #expect(try it.lastVerify()?.rows == 50)
      try it.psql("DROP TABLE changeover.verification")
      try it.copyAll()
      #expect(try it.psql("SELECT count(*) FROM changeover.verification") == "0")
      try it.psql("DROP TABLE changeover.verification")
      #expect(try it.changeover("sync", "--reseed", "--until-caught-up").status == 0)
      try it.expectVerified()
    }
  }

  @Test func `a running sync verifies in the background, warns, and is asked to by an unseen commit`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB); INSERT INTO t VALUES (1, x'0000'), (2, x'00')")
      try Files.write("verify-every = \"1h\"\n", to: it.directory + "/changeover.toml")
      let sync = try it.startStreaming("--config", it.directory + "/changeover.toml")
      try sync.waitUntilSays("verify: both stores are equal, 2 rows")
      #expect(try it.lastVerify()?.full == true)
      #expect(try sync.stop() == 0)
      // The next is due in an hour, unless something happens that only a verify can judge.
      let next = try it.startStreaming("--verify-every", "2s")
      try it.writeBlob("t", "b", rowid: 1, "dead")
      try next.waitUntilSays("verify: 1 rows of 't' differ")
      #expect(try it.lastVerify()?.equal == false)
      let status = try it.changeover("status").output
      #expect(status.contains("1 of 2 rows differ") && status.contains("verify --repair"), "\(status)")
      #expect(try it.verify("--repair").status == 0)
      try next.waitUntilSays("verify: both stores are equal, 2 rows")
      try it.expectEqual()
      #expect(try next.stop() == 0)
      try Files.write("verify-every = \"often\"\n", to: it.directory + "/changeover.toml")
      #expect(try it.changeover("sync", "--config", it.directory + "/changeover.toml").status == 78)
    }
  }
}
