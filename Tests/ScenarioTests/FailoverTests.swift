import Glibc
import TestSupport
import Testing

/// Another PostgreSQL answers in the place of the one that was followed: a replica that lacks the last transactions, or a
/// restored backup (case 40).
@Suite(
  .enabled(
    if: Scenario.isPossible && OwnServer.isPossible,
    "CHANGEOVER_TEST_PGBIN is not set: run it under scripts/with-postgres"),
  .serialized)
struct FailoverTests {
  @Test func `a server that lacks the last transactions is brought up to date from the journal`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.createWritersTables(rows: 100)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200)
      try writer.waitFor(50)
      let kept = try own.keep()
      try sync.waitUntilSays("PostgreSQL is back")
      try writer.waitFor(150, since: writer.acknowledged)
      try it.waitUntilCaughtUpBesideWriters()
      let before = try #require(Int64(it.psql("SELECT applied_group FROM changeover.source")))
      try own.goBack(to: kept)
      #expect(try #require(Int64(it.psql("SELECT applied_group FROM changeover.source"))) <= before)
      try sync.waitUntilSays("what it lacks is applied again from the journal")
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  @Test func `a server from before the last start of sync is taken back and brought up to date`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.createWritersTables(rows: 100)
      try it.copyAll()
      try it.sqlite("UPDATE slot SET holder = 'a';")
      try it.copyAll()
      let kept = try own.keep()
      let sync = try it.startStreaming()
      try it.sqlite("UPDATE slot SET holder = 'b'; DELETE FROM account WHERE id % 2;")
      try it.waitUntilCaughtUp()
      try own.goBack(to: kept)
      try sync.waitUntilSays("what it lacks is applied again from the journal")
      try it.sqlite("UPDATE slot SET holder = 'c' WHERE id % 3 = 0;")
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
      // And once more while no sync runs.
      try it.sqlite("UPDATE slot SET holder = 'd' WHERE id % 5 = 0;")
      try own.goBack(to: kept)
      try it.copyAll()
      try it.expectEqual()
    }
  }

  @Test func `a server from the middle of the first copy is copied to the end`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.createWritersTables(rows: 100)
      try it.holdCopies()
      let sync = try it.start("sync")
      try Waiting.until("a key is being built", details: { sync.everythingSaid }) {
        try it.psql("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "t"
      }
      let kept = try own.keep()
      try it.releaseCopies()
      try sync.waitUntilSays("streaming from")
      try it.sqlite("UPDATE slot SET holder = 'b'; DELETE FROM account WHERE id % 2;")
      try it.waitUntilCaughtUp()
      try own.goBack(to: kept)
      // It is the server that still holds copies.
      try it.releaseCopies()
      try sync.waitUntilSays("streaming from", times: 2)
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try sync.stop() == 0)
    }
  }

  /// The source and its journal were taken back to an earlier moment and went another way from there.
  @Test(arguments: [true, false])
  func `a server of another history, or one that is ahead, is not written to`(running: Bool) throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.createWritersTables(rows: 50)
      try it.copyAll()
      let earlier = try EarlierSource(of: it)
      let kept = try own.keep()

      try it.sqlite("UPDATE slot SET holder = 'this way';")
      try it.copyAll()
      let other = try own.keep()
      try it.sqlite("UPDATE slot SET holder = 'and further';")
      try it.copyAll()
      let ahead = try own.keep()

      earlier.putBack(it)
      try own.goBack(to: kept)
      try it.sqlite("UPDATE slot SET holder = 'that way';")
      try it.copyAll()
      let state = "SELECT holder, count(*) FROM slot GROUP BY 1; SELECT applied_group, epoch FROM changeover.source"
      for (server, words) in [(other, "stands after another group"), (ahead, "is ahead of the journal")] {
        let sync = running ? try it.startStreaming() : nil
        try own.goBack(to: server)
        let before = try it.psql(state)
        let ended = try sync ?? it.start("sync")
        #expect(try ended.wait() == 65, "\(ended.everythingSaid)")
        #expect(ended.errors.contains(running ? words : "") && ended.errors.contains("--reseed"), "\(ended.errors)")
        if running { #expect(try it.psql(state) == before, "nothing was written") }
        #expect(try it.psql("SELECT count(*) FROM slot WHERE holder = 'that way'") == "0")
        try own.goBack(to: kept)
        try it.copyAll()
        try it.expectEqual()
      }
    }
  }

  // MARK: After the switch, when PostgreSQL is the authority and SQLite follows it

  private func switched(_ it: Scenario) throws {
    try it.prepareCopied(rows: 20)
    #expect(try it.cutover("--execute", "--no-backup", "--waive", "verified").status == 0)
    try it.psql("UPDATE slot SET holder = 'first'")
    try it.copyAll()
  }

  /// What a command that changes nothing leaves as it is.
  private func state(_ it: Scenario) throws -> [String] {
    [
      try it.psql("SELECT s.*, s.xmin FROM changeover.source AS s; SELECT holder, count(*) FROM slot GROUP BY 1"),
      "\(it.journalFiles)",
    ]
  }

  @Test(arguments: [true, false])
  func `an authority that lacks only what SQLite never had is followed on`(running: Bool) throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try switched(it)
      let kept = try own.keep()
      // Its epoch is one that the server does not know.
      let sync = running ? try it.start("sync") : nil
      if let sync {
        try sync.waitUntilSays("streaming back from")
      } else {
        // Given away and journaled, but not applied.
        try it.psql("UPDATE slot SET holder = 'lost'")
        let killed = try it.start("sync", environment: ["CHANGEOVER_FAULT": "reverse-drained"])
        #expect(try killed.wait() == -SIGKILL)
        try it.psql("UPDATE slot SET holder = 'lost as well' WHERE id < 9")
      }
      try own.goBack(to: kept)
      let next = try sync ?? it.start("sync")
      try next.waitUntilSays("streaming back from", times: running ? 2 : 1)
      try it.psql("UPDATE slot SET holder = 'second' WHERE id % 3 = 0")
      try it.waitUntilFollowedBack()
      #expect(try it.sqlite("SELECT DISTINCT holder FROM slot ORDER BY 1") == "first\nsecond")
      try it.expectEqual()
      #expect(try next.stop() == 0)
      #expect(try it.rollback("--execute").status == 0)
      try it.expectSwitchedBack()
    }
  }

  @Test(arguments: [true, false])
  func `an authority that lacks what SQLite has taken back stops everything, and nothing is changed`(running: Bool)
    throws
  {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try switched(it)
      let kept = try own.keep()
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      try it.psql("UPDATE slot SET holder = 'only in SQLite' WHERE id < 9")
      try it.waitUntilBackInStep()
      if !running { #expect(try sync.stop() == 0) }
      let whole = try own.keep()
      if running { try sync.waitUntilSays("PostgreSQL is back") }
      try own.goBack(to: kept)
      let before = try state(it)
      let words = "it was set back to an older state and has lost what the application wrote there since"
      if running {
        #expect(try sync.wait() == 65, "\(sync.everythingSaid)")
        #expect(sync.errors.contains(words), "\(sync.errors)")
      }
      for command in [["sync"], ["rollback", "--execute"], ["cutover", "--execute"], ["verify"], ["status"], ["lag"]] {
        let result = try Program.run([Scenario.binary] + command, environment: it.environment)
        #expect(result.status == 65, "\(command) \(result)")
        #expect(result.errors.contains(words), "\(command) \(result.errors)")
      }
      #expect(try state(it) == before)
      #expect(try it.sqlite("SELECT count(*) > 0 FROM slot WHERE holder = 'only in SQLite'") == "1")
      #expect(try !it.isSourceWritable())

      try own.goBack(to: whole)
      try it.copyAll()
      try it.expectEqual()
      #expect(try it.rollback("--execute").status == 0)
      try it.expectSwitchedBack()
    }
  }

  /// The switch itself was lost with the last transactions: the source decided, and has taken writes back since.
  @Test func `an authority from before its opening is not opened again`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.prepareCopied(rows: 20)
      let killed = try it.startCutover(["--execute", "--no-backup", "--waive", "verified"], fault: "decided")
      #expect(try killed.process.wait() == -SIGKILL)
      let kept = try own.keep()
      try it.copyAll()
      try it.psql("UPDATE slot SET holder = 'only in SQLite'")
      try it.copyAll()
      try own.goBack(to: kept)
      for command in [["sync"], ["cutover", "--execute"], ["rollback", "--execute"]] {
        let result = try Program.run([Scenario.binary] + command, environment: it.environment)
        #expect(result.status == 65, "\(command) \(result)")
      }
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switching")
      #expect(try !it.isTargetWritable())
      #expect(try !it.isSourceWritable())
    }
  }

  /// The source and its journal were taken back to an earlier moment, and followed another server from there.
  @Test func `an authority of another history, or one that is ahead of the journal, gives nothing away`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try switched(it)
      let earlier = try EarlierSource(of: it)
      let kept = try own.keep()

      try it.psql("UPDATE slot SET holder = 'this way'")
      try it.copyAll()
      let other = try own.keep()
      try it.psql("UPDATE slot SET holder = 'and further'")
      try it.copyAll()
      try it.psql("UPDATE slot SET holder = 'not taken yet'")
      let ahead = try own.keep()

      earlier.putBack(it)
      try own.goBack(to: kept)
      try it.psql("UPDATE slot SET holder = 'that way'")
      try it.copyAll()
      let journal = it.journalFiles
      for (server, words) in [(other, "it stands at another group"), (ahead, "is in neither the journal nor SQLite")] {
        try own.goBack(to: server)
        let pending = try it.psql("SELECT captured_group FROM changeover.source")
        let sync = try it.start("sync")
        #expect(try sync.wait() == 65, "\(sync.everythingSaid)")
        #expect(sync.errors.contains(words), "\(sync.errors)")
        #expect(try it.psql("SELECT captured_group FROM changeover.source") == pending)
        #expect(it.journalFiles == journal)
        #expect(try it.sqlite("SELECT DISTINCT holder FROM slot") == "that way")
      }
    }
  }
}

/// A source and its state directory as they were at one moment.
private struct EarlierSource {
  private let path: String

  init(of it: Scenario) throws {
    path = it.directory + "/earlier"
    for (kept, suffix) in [(it.source, ".db"), (it.stateDirectory, ".state")] {
      let copy = try Program.run(["cp", "-a", kept, path + suffix])
      guard copy.status == 0 else { throw Program.Failed(what: "cp", result: copy) }
    }
  }

  /// Puts them in the place of what came of them since.
  func putBack(_ it: Scenario) {
    for suffix in ["", "-wal", "-shm"] { unlink(it.source + suffix) }
    Files.remove(it.stateDirectory)
    rename(path + ".db", it.source)
    rename(path + ".state", it.stateDirectory)
  }
}
