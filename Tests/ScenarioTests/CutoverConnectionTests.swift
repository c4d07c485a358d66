import Glibc
import Testing

/// PostgreSQL fails in the middle of the switch.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverConnectionTests {
  private func terminate(_ it: Scenario) throws {
    let ended = try it.psql(
      """
      SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
      WHERE application_name = 'changeover cutover' AND datname = current_database()
      """)
    #expect(ended != "0")
  }

  @Test(arguments: [true, false])
  func `the connection lost before the last group takes the switch back by itself`(besideSync: Bool) throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let sync = besideSync ? try it.startStreaming() : nil
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      let cutover = try it.startCutover(fault: "captured:wait")
      try cutover.waitUntilReached()
      try terminate(it)
      try cutover.letGoOn()
      let (status, report) = try cutover.finish()
      #expect(status == 1)
      #expect(!report.switched)
      #expect(report.failed == ["abort"])
      #expect(report.detail("abort")?.contains("connection lost") == true, "\(report)")
      try writer.waitFor(20, since: writer.acknowledged)
      try it.expectOneWritable()
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched([writer])
      if let sync { try it.expectFollowsBack(sync) }
    }
  }

  /// Case 40.
  @Test(arguments: [true, false])
  func `a COMMIT that is cut off, or takes longer than writers may wait, is taken back`(isCutOff: Bool) throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      // Deferred: it runs inside COMMIT, and sleeps there.
      try it.psql(
        """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.phase = 'switching' THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON changeover.source DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow();
        """)
      let cutover = try it.startCutover(["--execute", "--pause-limit", isCutOff ? "20" : "1"])
      try Waiting.until("it is inside COMMIT") {
        try it.psql(
          """
          SELECT count(*) FROM pg_stat_activity
          WHERE application_name = 'changeover cutover' AND wait_event = 'PgSleep' AND datname = current_database()
          """) == "1"
      }
      if isCutOff { try terminate(it) }
      let (status, report) = try cutover.finish()
      #expect(status == 1)
      #expect(!report.switched)
      try writer.waitFor(20, since: writer.acknowledged)
      try it.psql("DROP TRIGGER slow ON changeover.source")
      try it.expectOneWritable()
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched([writer])
    }
  }

  @Test func `the connection lost after the decision is made anew, and the target opened`() throws {
    try Scenario.run { it in
      try it.prepareCopied()
      let cutover = try it.startCutover(fault: "decided:wait")
      try cutover.waitUntilReached()
      try terminate(it)
      try cutover.letGoOn()
      let (status, report) = try cutover.finish()
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      try it.expectSwitched()
    }
  }
}
