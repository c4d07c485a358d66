import Glibc
import Testing

/// SIGTERM and SIGINT end a sync within a second, wherever it is; and one source has one sync.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct StoppingTests {
  /// Sends the signal; the end must come soon, with 0.
  private func expectCleanEnd(
    _ sync: ChildProcess, _ signal: Int32, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(sync.isRunning, "\(sync.everythingSaid)", sourceLocation: sourceLocation)
    let began = ContinuousClock.now
    sync.send(signal)
    #expect(try sync.wait() == 0, "\(sync.everythingSaid)", sourceLocation: sourceLocation)
    let took = began.duration(to: .now)
    #expect(took < .seconds(2), "\(took)", sourceLocation: sourceLocation)
    #expect(!sync.everythingSaid.contains("error"), "\(sync.everythingSaid)", sourceLocation: sourceLocation)
  }

  private static func bigTable(_ rows: Int) -> String {
    """
    CREATE TABLE big (id INTEGER PRIMARY KEY, t TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
    INSERT INTO big SELECT i, 'some text of row ' || i FROM n;
    """
  }

  @Test func `a signal ends the scan, the copy and the stream, and each goes on`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 100)
      try it.sqlite(Self.bigTable(600_000))
      for signal in [SIGTERM, SIGINT] {
        let scanning = try it.start("sync")
        try scanning.waitUntilSays("reading types")
        try expectCleanEnd(scanning, signal)
      }
      try it.holdCopies()
      for signal in [SIGTERM, SIGINT] {
        let copying = try it.start("sync")
        try copying.waitUntilSays("tables created", times: signal == SIGTERM ? 1 : 0)
        try Waiting.until("a key is being built", details: { copying.everythingSaid }) {
          try it.psql("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "t"
        }
        try expectCleanEnd(copying, signal)
      }
      try it.releaseCopies()
      let writer = try it.startWriter(rate: 200)
      for signal in [SIGTERM, SIGINT] {
        let streaming = try it.startStreaming()
        try writer.waitFor(50, since: writer.acknowledged)
        try expectCleanEnd(streaming, signal)
        #expect(streaming.errors.contains("stopped as asked"))
      }
      try writer.finish()
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      try it.expectEqual()
    }
  }

  @Test func `a signal ends a sync that waits for a silent server or a locked source`() throws {
    try Scenario.run { it in
      try it.sqlite("CREATE TABLE t (id INTEGER PRIMARY KEY);")
      let silent = try it.spawn([
        "python3", "-c",
        "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); c = s.accept(); print('accepted', flush=True); time.sleep(60)",
      ])
      try Waiting.until("a port") { silent.output.hasSuffix("\n") }
      let url = it.url
      it.url = "postgresql://a@127.0.0.1:\(silent.output.trimmed)/x"
      let waiting = try it.start("sync")
      try silent.waitUntilSays("accepted")
      try expectCleanEnd(waiting, SIGTERM)
      it.url = url
      let locker = try it.spawn([
        "python3", "-c",
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); time.sleep(60)",
        it.source,
      ])
      try locker.waitUntilSays("locked")
      let blocked = try it.start("sync")
      try Waiting.until("it is up") { blocked.catches(SIGTERM) }
      try expectCleanEnd(blocked, SIGTERM)
    }
  }

  @Test func `a writer that keeps everybody out for long ends neither the copy nor the stream`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 20_000, mode: "delete")
      let sync = try it.start("sync")
      try sync.waitUntilSays("tables created")
      for _ in 0..<2 {
        // Longer than SQLite's patience anywhere in the product.
        let locker = try it.spawn([
          "python3", "-c",
          """
          import sqlite3, sys, time
          c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
          c.execute('BEGIN EXCLUSIVE'); c.execute("UPDATE slot SET holder = 'locked'"); time.sleep(6.5); c.execute('COMMIT')
          """, it.source,
        ])
        #expect(try locker.wait() == 0)
        try sync.waitUntilSays("streaming from")
      }
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  @Test func `a second sync of a source is refused, on this machine and on another`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 50)
      let first = try it.startStreaming()
      let second = try it.changeover("sync")
      #expect(second.status == 75 && second.errors.contains("is running"), "\(second.errors)")
      // Another machine has another state directory.
      let elsewhere = it.directory + "/elsewhere"
      for arguments in [[], ["--take-over"], ["--reseed"]] {
        let other = try Program.run(
          [Scenario.binary, "sync", "--state", elsewhere] + arguments, environment: it.environment)
        #expect(other.status == 75 && other.errors.contains("heartbeat"), "\(other.errors)")
      }
      #expect(try first.stop() == 0)
      let refused = try it.changeover("sync", "--state", elsewhere, "--until-caught-up")
      #expect(refused.status == 75 && refused.errors.contains("--take-over"), "\(refused.errors)")
      try it.sqlite("INSERT INTO event VALUES ('meanwhile', NULL, 1);")
      let taken = try it.changeover("sync", "--state", elsewhere, "--until-caught-up", "--take-over")
      #expect(taken.status == 0, "\(taken.errors)")
      try it.expectEqual()
      // The first one's state directory is no longer the owner.
      let back = try it.changeover("sync", "--until-caught-up")
      #expect(back.status == 75, "\(back.errors)")
    }
  }

  @Test func `two syncs that begin at the same time do not both go on`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 2_000)
      let syncs = try ["a", "b"].map { try it.start("sync", "--state", "\(it.directory)/\($0)") }
      try Waiting.until("one of them streams", details: { syncs.map(\.everythingSaid).joined() }) {
        syncs.contains { $0.errors.contains("streaming from") }
      }
      try Waiting.until("the other one ends", details: { syncs.map(\.everythingSaid).joined() }) {
        syncs.contains { !$0.isRunning }
      }
      let ended = syncs.first { !$0.isRunning }
      #expect(ended?.status == 75, "\(ended?.everythingSaid ?? "")")
      #expect(syncs.filter { $0.isRunning }.count == 1)
      for sync in syncs where sync.isRunning { #expect(try sync.stop() == 0) }
      try it.expectEqual()
    }
  }

  @Test func `different sources share a target`() throws {
    try Scenario.run { it in
      try it.psql("CREATE SCHEMA one; CREATE SCHEMA two")
      let files = ["one", "two"].map { "\(it.directory)/\($0).db" }
      var syncs: [ChildProcess] = []
      for (file, schema) in zip(files, ["one", "two"]) {
        it.source = file
        try it.createWritersTables(rows: 50)
        syncs.append(
          try it.startStreaming(
            schema == "one" ? "--target-schema=one" : "--target=\(it.url)?options=-csearch_path%3Dtwo"))
      }
      for file in files {
        try it.sqlite("DELETE FROM slot WHERE id % 2; INSERT INTO event VALUES ('\(file)', NULL, 2);", file)
      }
      for sync in syncs { #expect(try sync.stop() == 0) }
      for (file, schema) in zip(files, ["one", "two"]) {
        it.source = file
        let last = try it.changeover("sync", "--until-caught-up", "--target-schema", schema)
        #expect(last.status == 0, "\(last.errors)")
        try it.expectEqual(schema: schema)
      }
    }
  }
}
