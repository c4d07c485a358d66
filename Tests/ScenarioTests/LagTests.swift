import Glibc
import Testing

/// `lag` in every state; with PostgreSQL away it is in `TargetAwayTests`.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct LagTests {
  @Test func `a source that is not prepared has no lag`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY);")
      let lag = try it.changeover("lag", "--json")
      #expect(lag.status == 78 && lag.output == "" && lag.errors.contains("changeover sync"), "\(lag.errors)")
    }
  }

  @Test func `says how far behind it is while it runs and while it is stopped`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let sync = try it.startStreaming()
      try it.waitUntilCaughtUp()
      let current = try it.lag("--max-seconds", "0", "--max-changes", "0")
      #expect(current.state == "streaming" && current.sync_running && current.target_reachable)
      #expect(current.changes == 0 && current.seconds == 0 && !current.seconds_is_upper_bound)
      #expect(current.source_sequence == current.applied_sequence && current.quarantined == 0)
      #expect(try it.changeover("lag").output.contains("streaming: nothing behind"))

      // The target holds the tables locked: the running sync knows since when.
      let locker = try it.spawn(
        ["psql", "-Xq", "-d", it.url, "-c", "BEGIN; LOCK TABLE event; SELECT 'locked'; SELECT pg_sleep(60)"])
      try Waiting.until("the table is locked") {
        try it.psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'event'::regclass")
          == "1"
      }
      let before = ContinuousClock.now
      try it.sqlite("INSERT INTO event VALUES ('late', NULL, 1);")
      let written = ContinuousClock.now
      try Waiting.until("lag of a second is seen") {
        let lag = try it.lag()
        guard let seconds = lag.seconds, seconds > 1, !lag.seconds_is_upper_bound else { return false }
        #expect(lag.changes == 1 && lag.state == "streaming")
        #expect(
          seconds <= before.duration(to: .now) / .seconds(1)
            && seconds >= written.duration(to: .now) / .seconds(1) - 1.5)
        return true
      }
      for limit in [["--max-seconds", "0.5"], ["--max-changes", "0"]] {
        #expect(try Program.run([Scenario.binary, "lag"] + limit, environment: it.environment).status == 1)
      }
      #expect(try it.changeover("lag", "--max-seconds", "600", "--max-changes", "1").status == 0)
      locker.kill()
      _ = try it.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
      )
      try it.waitUntilCaughtUp()
      #expect(try sync.stop() == 0)

      let stopped = ContinuousClock.now
      let idle = try it.lag()
      #expect(idle.state == "stopped" && !idle.sync_running && idle.changes == 0 && idle.seconds == 0)
      try it.sqlite("INSERT INTO event VALUES ('later', NULL, 1); DELETE FROM slot WHERE id = 3;")
      let lag = try it.lag()
      #expect(lag.changes == 2 && lag.seconds_is_upper_bound)
      #expect((lag.seconds ?? 0) > 0 && (lag.seconds ?? 0) < stopped.duration(to: .now) / .seconds(1) + 5)
      let sentence = try it.changeover("lag", "--max-changes", "1")
      #expect(sentence.status == 1 && sentence.output.contains("2 changes behind, ≤ "), "\(sentence.output)")
      #expect(sentence.output.contains("no sync is running"))

      // Killed in the middle of it all: what it noted does not make it look alive.
      let killed = try it.startStreaming()
      killed.kill()
      #expect(try !it.lag().target_reachable == false)
      try it.sqlite("INSERT INTO event VALUES ('last', NULL, 1);")
      let after = try it.lag()
      #expect(after.seconds_is_upper_bound && (after.changes ?? 0) >= 1)
    }
  }

  @Test func `watch looks again until it is interrupted`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let watch = try it.start("lag", "--watch", "--json")
      try watch.waitUntilSays("\"state\"", times: 2)
      watch.send(SIGINT)
      #expect(try watch.wait(seconds: 2) == 0, "\(watch.everythingSaid)")
      for line in watch.output.split(separator: "\n") { _ = try Lag(String(line)) }
    }
  }

  @Test func `a first copy is not within any limit`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      try it.holdCopies()
      let sync = try it.start("sync")
      try sync.waitUntilSays("tables created")
      try Waiting.until("it says that it copies") { try it.lag().state == "copying" }
      let limited = try it.changeover("lag", "--max-changes", "1000000")
      #expect(limited.status == 1, "\(limited.output)")
      sync.kill()
      let stopped = try it.changeover("lag", "--max-changes", "1000000")
      #expect(stopped.status == 1 && stopped.output.hasPrefix("stopped"), "\(stopped.output)")
    }
  }
}
