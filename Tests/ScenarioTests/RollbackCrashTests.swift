import Glibc
import TestSupport
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

  @Test(arguments: Point.allCases)
  func `killed and run again, it goes back and nothing is lost`(point: Point) throws {
    try Scenario.run { it in
      try it.prepareSwitchedAhead()
      let hook = "echo $CHANGEOVER_DIRECTION >> \(it.directory)/hook"
      try it.kill("rollback", ["--execute", "--on-switch", hook], at: point.rawValue)
      #expect(try it.isSourceWritable() == point.isDecided)
      #expect(try it.isTargetWritable() == !point.isClosed)
      if !point.isClosed || point.isDecided { try it.write("between") }

      let (status, report) = try it.rollback("--execute", "--on-switch", hook)
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      try it.copyAll()
      try it.expectSwitchedBack()
      try it.expectEverywhere("before")
      if !point.isClosed || point.isDecided { try it.expectEverywhere("between") }
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
      try it.prepareSwitchedAhead()
      try it.kill("rollback", at: point.rawValue)
      let sync = try it.start("sync")
      try sync.waitUntilSays(point.isDecided ? "streaming from" : "streaming back from")
      try it.expectOneWritable()
      #expect(try it.isSourceWritable() == point.isDecided)
      try it.write("after")
      if point.isDecided { try it.waitUntilCaughtUp() } else { try it.waitUntilBackInStep() }
      try it.expectEverywhere("before", "after")
      try it.expectEqual()
      #expect(sync.isRunning)
    }
  }

  /// A sync that runs on beside it: it takes the way back back, or sees it through.
  @Test(arguments: [Point.sourceLocked, .drained, .targetCommitted, .decided])
  func `killed beside a running sync, that ends it one way or the other`(point: Point) throws {
    try Scenario.run { it in
      try it.prepareSwitchedAhead()
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      try it.kill("rollback", at: point.rawValue)
      try Waiting.until("one store takes writes again") {
        try it.psql("SELECT phase FROM changeover.source") == (point.isDecided ? "syncing" : "switched")
      }
      try it.expectOneWritable()
      #expect(try it.isSourceWritable() == point.isDecided)
      try it.write("after")
      if point.isDecided { try it.waitUntilCaughtUp() } else { try it.waitUntilBackInStep() }
      try it.expectEverywhere("before", "after")
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
      try it.prepareSwitchedAhead()
      try it.kill("rollback", at: point.rawValue)
      try it.kill("rollback", at: second)
      let (status, report) = try it.rollback("--execute")
      #expect(status == 0, "\(report)")
      try it.expectSwitchedBack()
      try it.expectEverywhere("before")
    }
  }

  /// An interrupted rollback is no matter for rollback alone.
  @Test func `a cutover resolves an interrupted rollback too`() throws {
    try Scenario.run { it in
      try it.prepareSwitchedAhead()
      try it.kill("rollback", at: Point.targetCommitted.rawValue)
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
      try it.prepareSwitchedAhead()
      try it.letHang(
        "rollback", at: Point.targetCommitted.rawValue, phase: "switching-back", while: ["rollback", "cutover"])
      try it.expectSwitchedBack()
      try it.expectEverywhere("before")
    }
  }

  @Test(arguments: [Point.targetLocked, .targetCommitted])
  func `one that slept past its pause limit takes itself back`(point: Point) throws {
    try Scenario.run { it in
      try it.prepareSwitchedAhead()
      try it.letSleepPastItsLimit("rollback", at: point.rawValue)
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switched")
      try it.write("goes on")
      #expect(try it.rollback("--execute").status == 0)
      try it.expectSwitchedBack()
      try it.expectEverywhere("before", "goes on")
    }
  }

  /// A reader keeps the source's COMMIT waiting, after the target's: the way back gives up, and dies before it has opened
  /// PostgreSQL again.
  @Test(arguments: ["rollback", "cutover", "sync"])
  func `killed while an aborted way back is being taken back, whatever comes next opens PostgreSQL`(next: String) throws
  {
    try Scenario.run { it in
      try it.prepareSwitchedAhead(mode: "delete")
      // The reader is to come when nothing but the decision is left: the server holds the fence up until it is there.
      try it.psql(
        """
        CREATE FUNCTION held() RETURNS event_trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_advisory_xact_lock_shared(48); END';
        CREATE EVENT TRIGGER held ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION held();
        """)
      let holder = try it.startSession("SELECT pg_advisory_xact_lock(48);")
      let run = try it.startRollback(["--execute", "--pause-limit", "6"], fault: "back-aborting")
      try Waiting.until("the fence is held up", details: { run.process.everythingSaid }) {
        try it.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") != "0"
      }
      let end = "\(it.directory)/end"
      let reader = try it.startReader(until: end)
      try holder.say("COMMIT;")
      #expect(try run.process.wait() == -SIGKILL, "\(run.process.everythingSaid)")
      try Files.write("", to: end)
      #expect(try reader.wait() == 0)
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switching-back")
      #expect(try !it.isTargetWritable() && !it.isSourceWritable())

      switch next {
      case "rollback":
        let (status, report) = try it.rollback("--execute")
        #expect(status == 0, "\(report)")
        #expect(report.detail("recovery")?.contains("taken back") == true)
        try it.expectSwitchedBack()
      case "cutover":
        #expect(try it.cutover("--execute").status == 0)
        try it.expectSwitched()
      default:
        let sync = try it.start("sync")
        try sync.waitUntilSays("streaming back from")
        try it.expectOneWritable()
        #expect(try it.isTargetWritable())
        try it.write("after")
        try it.waitUntilBackInStep()
        try it.expectEverywhere("before", "after")
        try it.expectEqual()
      }
      try it.expectEverywhere("before")
    }
  }

  /// The target is gone for good, and so is whoever opens the source without it.
  @Test(arguments: ["abandon-begin", "abandon-applied", "abandoned", "before-hook", "after-hook"])
  func `killed while it gives its target up, the next run opens the file with all that the journal has`(point: String)
    throws
  {
    try Scenario.run { it in
      try it.prepareSwitchedAhead()
      let sync = try it.start("sync", environment: ["CHANGEOVER_FAULT": "reverse-drained"])
      #expect(try sync.wait() == -SIGKILL)
      it.url = it.server.url(database: "gone_for_good")
      let arguments = ["--abandon-target", "--execute", "--on-switch", "echo ran >> \(it.directory)/hook"]
      try it.kill("rollback", arguments, at: point)
      let isDecided = !["abandon-begin", "abandon-applied"].contains(point)
      #expect(try it.isSourceWritable() == isDecided)

      for _ in 0..<2 {
        let (status, report) = try it.startRollback(arguments).finish()
        #expect(status == 0, "\(report)")
        #expect(report.switched)
        #expect(try it.isSourceWritable())
        try it.expectEqual()
      }
      try it.expectEverywhere("before")
      #expect(try it.sqlite("PRAGMA integrity_check") == "ok")
      let times = point == "after-hook" ? 2 : 1
      #expect(Files.text("\(it.directory)/hook") == String(repeating: "ran\n", count: times))
    }
  }

  /// Case 46: PostgreSQL itself.
  @Test(.enabled(if: OwnServer.isPossible)) func `PostgreSQL killed before the decision goes on as before`() throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.prepareSwitchedAhead()
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
      try it.expectEverywhere("before")
    }
  }
}
