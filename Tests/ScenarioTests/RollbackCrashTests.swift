import Glibc
import Testing

/// Case 46: kill −9 at every durable step of the way back, and what comes after.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct RollbackCrashTests {
  /// In the order in which a rollback comes to them.
  enum Point: String, CaseIterable {
    case begin = "back-begin", locked = "back-locked", caughtUp = "back-caught-up", beforeLock = "back-before-lock"
    case targetLocked = "back-target-locked", sourceLocked = "back-source-locked", journaled = "reverse-part"
    case drained = "back-drained", fenced = "back-fenced", targetCommitted = "back-target-committed"
    case decided = "back-decided", completed = "back-completed", beforeHook = "before-hook", afterHook = "after-hook"

    var isDecided: Bool { [.decided, .completed, .beforeHook, .afterHook].contains(self) }
    /// Between the two COMMITs PostgreSQL is closed already.
    var isClosed: Bool { self == .targetCommitted || isDecided }
  }

  /// Switched, with writes in PostgreSQL that SQLite does not have yet.
  private func prepare(_ it: Scenario) throws {
    try it.createWritersTables(rows: 20)
    try it.sqlite("CREATE TABLE note (id INTEGER PRIMARY KEY, slot INTEGER REFERENCES note (id));")
    try it.copyAll()
    #expect(try it.cutover("--execute", "--no-backup", "--waive", "verified").status == 0)
    try it.psql("INSERT INTO account (email) VALUES ('before'); DELETE FROM line WHERE account < 4")
  }

  private func write(_ it: Scenario, _ email: String) throws {
    if try it.isTargetWritable() {
      try it.psql("INSERT INTO account (email) VALUES ('\(email)')")
    } else {
      try it.sqlite("INSERT INTO account (email) VALUES ('\(email)')")
    }
  }

  private func expectAll(_ it: Scenario, _ emails: String...) throws {
    for email in emails {
      let query = "SELECT count(*) FROM account WHERE email = '\(email)'"
      #expect(try it.sqlite(query) == "1", "\(email) in SQLite")
      #expect(try it.psql(query) == "1", "\(email) in PostgreSQL")
    }
  }

  @Test(arguments: Point.allCases)
  func `killed and run again, it goes back and nothing is lost`(point: Point) throws {
    try Scenario.run { it in
      try prepare(it)
      let hook = "echo $CHANGEOVER_DIRECTION >> \(it.directory)/hook"
      let killed = try it.startRollback(["--execute", "--on-switch", hook], fault: point.rawValue)
      #expect(try killed.process.wait() == -SIGKILL, "\(killed.process.everythingSaid)")
      #expect(killed.process.output == "", "no report, no claim")
      #expect(try it.isSourceWritable() == point.isDecided)
      #expect(try it.isTargetWritable() == !point.isClosed)
      if !point.isClosed || point.isDecided { try write(it, "between") }

      let (status, report) = try it.rollback("--execute", "--on-switch", hook)
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      try it.copyAll()
      try it.expectSwitchedBack()
      try expectAll(it, "before")
      if !point.isClosed || point.isDecided { try expectAll(it, "between") }
      let times = point == .afterHook ? 2 : 1
      #expect(Files.text("\(it.directory)/hook") == String(repeating: "back\n", count: times))
      #expect(try it.psql("SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == "0", "it follows without keys")
      #expect(try it.cutover("--execute", "--no-backup").status == 0)
      try it.expectSwitched()
    }
  }

  @Test(arguments: [Point.targetLocked, .journaled, .drained, .targetCommitted, .decided, .completed])
  func `killed, and a sync started instead, ends it one way or the other`(point: Point) throws {
    try Scenario.run { it in
      try prepare(it)
      #expect(try it.startRollback(fault: point.rawValue).process.wait() == -SIGKILL)
      let sync = try it.start("sync")
      try sync.waitUntilSays(point.isDecided ? "streaming from" : "streaming back from")
      try it.expectOneWritable()
      #expect(try it.isSourceWritable() == point.isDecided)
      try write(it, "after")
      if point.isDecided { try it.waitUntilCaughtUp() } else { try it.waitUntilBackInStep() }
      try expectAll(it, "before", "after")
      try it.expectEqual()
      #expect(sync.isRunning)
    }
  }

  /// A sync that runs on beside it: it takes the way back back, or sees it through.
  @Test(arguments: [Point.sourceLocked, .drained, .targetCommitted, .decided])
  func `killed beside a running sync, that ends it one way or the other`(point: Point) throws {
    try Scenario.run { it in
      try prepare(it)
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      #expect(try it.startRollback(fault: point.rawValue).process.wait() == -SIGKILL)
      try Waiting.until("one store takes writes again") {
        try it.psql("SELECT phase FROM changeover.source") == (point.isDecided ? "syncing" : "switched")
      }
      try it.expectOneWritable()
      #expect(try it.isSourceWritable() == point.isDecided)
      try write(it, "after")
      if point.isDecided { try it.waitUntilCaughtUp() } else { try it.waitUntilBackInStep() }
      try expectAll(it, "before", "after")
      try it.expectEqual()
      #expect(sync.isRunning, "\(sync.everythingSaid)")
    }
  }

  @Test(arguments: [
    (Point.targetCommitted, "recovery-looked"), (.targetCommitted, "recovered"), (.decided, "recovery-looked"),
    (.decided, "recovered"),
  ])
  func `killed again while it recovers, the third run completes`(point: Point, second: String) throws {
    try Scenario.run { it in
      try prepare(it)
      #expect(try it.startRollback(fault: point.rawValue).process.wait() == -SIGKILL)
      #expect(try it.startRollback(fault: second).process.wait() == -SIGKILL)
      let (status, report) = try it.rollback("--execute")
      #expect(status == 0, "\(report)")
      try it.expectSwitchedBack()
      try expectAll(it, "before")
    }
  }

  /// An interrupted rollback is no matter for rollback alone.
  @Test func `a cutover resolves an interrupted rollback too`() throws {
    try Scenario.run { it in
      try prepare(it)
      #expect(try it.startRollback(fault: Point.targetCommitted.rawValue).process.wait() == -SIGKILL)
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      #expect(report.detail("recovery")?.contains("taken back") == true)
      try it.expectOneWritable()
      #expect(try it.isTargetWritable())
    }
  }

  /// Case 47: it hangs between the target's COMMIT and the source's while others come.
  @Test func `others beside a rollback that hangs before its decision do not disturb it`() throws {
    try Scenario.run { it in
      try prepare(it)
      let first = try it.startRollback(
        ["--execute", "--pause-limit", "60"], fault: "\(Point.targetCommitted.rawValue):stop")
      try first.waitUntilReached()
      for command in ["rollback", "cutover"] {
        let second = try it.changeover(command, "--execute", "--lock-timeout", "0.5")
        #expect(second.status == 75, "\(second)")
        #expect(second.errors.contains("another changeover process keeps"))
      }
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switching-back")
      #expect(try !it.isTargetWritable())
      first.process.send(SIGCONT)
      let (status, report) = try first.finish()
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      try it.expectSwitchedBack()
      try expectAll(it, "before")
    }
  }

  @Test(arguments: [Point.targetLocked, .targetCommitted])
  func `one that slept past its pause limit takes itself back`(point: Point) throws {
    try Scenario.run { it in
      try prepare(it)
      let first = try it.startRollback(["--execute", "--pause-limit", "0.5"], fault: "\(point.rawValue):stop")
      try first.waitUntilReached()
      let asleep = ContinuousClock.now
      try Waiting.until("the limit is past") { ContinuousClock.now > asleep + .seconds(0.6) }
      first.process.send(SIGCONT)
      let (status, report) = try first.finish()
      #expect(status == 1)
      #expect(!report.switched)
      #expect(report.failed == ["abort"])
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switched")
      try it.expectOneWritable()
      try write(it, "goes on")
      #expect(try it.rollback("--execute").status == 0)
      try it.expectSwitchedBack()
      try expectAll(it, "before", "goes on")
    }
  }

  /// Case 46: PostgreSQL itself.
  @Test(.enabled(if: OwnServer.isPossible)) func `PostgreSQL killed before the decision goes on as before`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try prepare(it)
      let run = try it.startRollback(fault: "\(Point.fenced.rawValue):wait")
      try run.waitUntilReached()
      try own.stop("immediate")
      try run.letGoOn()
      let (status, report) = try run.finish()
      #expect(status == 1)
      #expect(!report.switched)
      try own.start()
      #expect(try it.isTargetWritable())
      #expect(try !it.isSourceWritable())
      #expect(try it.rollback("--execute").status == 0)
      try it.expectSwitchedBack()
      try expectAll(it, "before")
    }
  }
}
