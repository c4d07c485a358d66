import Glibc
import Testing

/// PostgreSQL goes away under writes, on a server of the test's own (case 40).
@Suite(
  .enabled(
    if: Scenario.isPossible && OwnServer.isPossible,
    "CHANGEOVER_TEST_PGBIN is not set: run it under scripts/with-postgres"),
  .serialized)
struct TargetAwayTests {
  /// Seconds that PostgreSQL stays away.
  private static let away = Variables["CHANGEOVER_TEST_AWAY_SECONDS"].flatMap(Double.init) ?? 6

  @Test func `a sync goes on capturing while PostgreSQL is away, and recovers by itself`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.createWritersTables(rows: 100)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 300)
      try writer.waitFor(100)
      let before = try it.lag()
      #expect(before.target_reachable && before.state == "streaming")

      try own.stop("immediate")
      try sync.waitUntilSays("PostgreSQL is away")
      let stopped = ContinuousClock.now
      let batches = it.journalFiles.count
      let atStop = try it.lag()
      #expect(!atStop.target_reachable && atStop.sync_running && atStop.state == "streaming")
      var lastSeconds = 0.0
      try Waiting.until("it was away for long enough", seconds: Self.away + 60) {
        let lag = try it.lag()
        #expect(!lag.target_reachable && lag.changes != nil && lag.seconds != nil, "\(lag)")
        lastSeconds = lag.seconds ?? 0
        return stopped.duration(to: .now) > .seconds(Self.away)
      }
      let lag = try it.lag()
      let gone = stopped.duration(to: .now) / .seconds(1)
      #expect((lag.changes ?? 0) > 200 && lag.applied_sequence != nil, "\(lag)")
      #expect((lag.seconds ?? 0) > gone - 1.5 && (lag.seconds ?? 0) < gone + 5, "\(lag) after \(gone) s")
      #expect(lastSeconds > 0)
      #expect(it.journalFiles.count > batches, "the journal grows")
      // What is journaled is pruned: far fewer rows than changes are behind.
      var rows = 0
      try Waiting.until("the change table is smaller than the lag", details: { "\(rows) rows" }) {
        rows = Int(try it.sqlite("SELECT count(*) FROM _changeover_change;")) ?? .max
        return try it.lag().changes ?? 0 > rows * 2
      }
      let limited = try it.changeover("lag", "--max-seconds", "1")
      #expect(limited.status == 1 && limited.output.contains("PostgreSQL cannot be reached"), "\(limited.output)")

      try own.start()
      try sync.waitUntilSays("PostgreSQL is back")
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      let after = try it.lag()
      #expect(after.target_reachable && after.changes == 0 && after.seconds == 0)
      #expect(try sync.stop() == 0)
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `a sync that is stopped while PostgreSQL is away ends at once and resumes`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.createWritersTables(rows: 100)
      for signal in [SIGTERM, SIGINT] {
        let sync = try it.startStreaming()
        let writer = try it.startWriter(rate: 300)
        try writer.waitFor(30)
        try own.stop()
        try sync.waitUntilSays("PostgreSQL is away")
        try writer.waitFor(100, since: writer.acknowledged)
        let began = ContinuousClock.now
        sync.send(signal)
        #expect(try sync.wait() == 0, "\(sync.errors)")
        #expect(began.duration(to: .now) < .seconds(2))
        try writer.finish()
        let lag = try it.lag()
        #expect(
          lag.state == "stopped" && (lag.changes ?? 0) > 0 && (lag.seconds ?? 0) > 0 && lag.seconds_is_upper_bound,
          "\(lag)")
        let refused = try it.changeover("sync")
        #expect(refused.status == 69 && refused.errors.contains("connection refused"), "\(refused.errors)")
        try own.start()
      }
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `a first copy outlives a crash of PostgreSQL`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.createWritersTables(rows: 100)
      try it.holdCopies()
      let sync = try it.start("sync")
      try Waiting.until("a key is being built", details: { sync.everythingSaid }) {
        try it.psql("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "t"
      }
      try own.stop("immediate")
      try sync.waitUntilSays("PostgreSQL is away")
      try own.start()
      try it.releaseCopies()
      try sync.waitUntilSays("streaming from", seconds: 30)
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }
}
