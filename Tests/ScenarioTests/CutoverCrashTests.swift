import Glibc
import Testing

/// Case 46: kill −9 at every durable step of the switch, and what comes after.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverCrashTests {
  /// In the order in which a cutover comes to them.
  enum Point: String, CaseIterable {
    case begin, locked, targetLocked = "target-locked", caughtUp = "caught-up", beforeSourceLock = "before-source-lock"
    case sourceLocked = "source-locked", captured, targetCommitted = "target-committed", fenced, decided, opened
    case beforeHook = "before-hook", afterHook = "after-hook", beforeValidation = "before-validation", validated

    var isDecided: Bool { [.decided, .opened, .beforeHook, .afterHook, .beforeValidation, .validated].contains(self) }
  }

  /// Keys so that validation has something to do.
  private func prepare(_ it: Scenario) throws {
    try it.createWritersTables(rows: 40)
    try it.sqlite("CREATE TABLE note (id INTEGER PRIMARY KEY, slot INTEGER REFERENCES note (id));")
    try it.copyAll()
  }

  @Test(arguments: Point.allCases)
  func `killed and run again, it switches and nothing is lost`(point: Point) throws {
    try Scenario.run { it in
      try prepare(it)
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      let hook = "echo ran >> \(it.directory)/hook"
      let killed = try it.startCutover(["--execute", "--on-switch", hook], fault: point.rawValue)
      #expect(try killed.process.wait() == -SIGKILL)
      #expect(killed.process.output == "", "no report, no claim")
      #expect(try it.isSourceWritable() == !point.isDecided)
      #expect(try !(it.isSourceWritable() && it.isTargetWritable()))
      if !point.isDecided { try writer.waitFor(20, since: writer.acknowledged) }

      let (status, report) = try it.cutover("--execute", "--on-switch", hook)
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      #expect(report.failed == [])
      try it.expectSwitched([writer])
      let times = point == .afterHook ? 2 : 1
      #expect(Files.text("\(it.directory)/hook") == String(repeating: "ran\n", count: times))
      #expect(try it.psql("SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'") == "t")
    }
  }

  @Test(arguments: [Point.targetLocked, .sourceLocked, .captured, .targetCommitted, .fenced, .decided, .opened])
  func `killed, and a sync started instead, ends it one way or the other`(point: Point) throws {
    try Scenario.run { it in
      try prepare(it)
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      #expect(try it.startCutover(fault: point.rawValue).process.wait() == -SIGKILL)

      let sync = try it.start("sync")
      try Waiting.until("sync streams, in either direction", details: { sync.everythingSaid }) {
        !sync.isRunning || sync.everythingSaid.contains("streaming ")
      }
      if point.isDecided {
        try it.expectFollowsBack(sync)
      } else {
        try writer.waitFor(20, since: writer.acknowledged)
        try it.waitUntilCaughtUpBesideWriters()
        #expect(try it.psql("SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == "0", "taken back")
      }
      try it.expectOneWritable()
      #expect(try it.isTargetWritable() == point.isDecided)

      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched([writer])
      if !point.isDecided { try it.expectFollowsBack(sync) }
    }
  }

  /// A sync that runs on beside it: it takes the switch back, or sees it through and follows back.
  @Test(arguments: [Point.captured, .targetCommitted, .fenced, .decided])
  func `killed beside a running sync, that ends it one way or the other`(point: Point) throws {
    try Scenario.run { it in
      try prepare(it)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      #expect(try it.startCutover(fault: point.rawValue).process.wait() == -SIGKILL)
      if point.isDecided {
        try it.expectFollowsBack(sync)
      } else {
        try writer.waitFor(20, since: writer.acknowledged)
        try it.waitUntilCaughtUpBesideWriters()
        #expect(sync.isRunning)
      }
      try it.expectOneWritable()
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched([writer])
      if !point.isDecided { try it.expectFollowsBack(sync) }
    }
  }

  @Test(arguments: [
    (Point.targetCommitted, "recovery-looked"), (.targetCommitted, "recovered"), (.decided, "recovery-looked"),
    (.decided, "recovered"),
  ])
  func `killed again while it recovers, the third run completes`(point: Point, second: String) throws {
    try Scenario.run { it in
      try prepare(it)
      #expect(try it.startCutover(fault: point.rawValue).process.wait() == -SIGKILL)
      #expect(try it.startCutover(fault: second).process.wait() == -SIGKILL)
      try it.sqliteIfOpen("INSERT INTO note VALUES (1, 1)")
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      try it.expectSwitched()
    }
  }

  /// Case 47: it hangs between the target's COMMIT and the source's while another one comes.
  @Test func `a second one beside a first that hangs before its decision does not disturb it`() throws {
    try Scenario.run { it in
      try prepare(it)
      let sync = try it.startStreaming()
      let first = try it.startCutover(["--execute", "--pause-limit", "60"], fault: "target-committed:stop")
      try first.waitUntilReached()
      let second = try it.changeover("cutover", "--execute", "--lock-timeout", "0.5")
      #expect(second.status == 75, "\(second)")
      #expect(second.errors.contains("another changeover process keeps"))
      #expect(try it.psql("SELECT phase FROM changeover.source") == "switching")
      #expect(try !it.isTargetWritable())
      first.process.send(SIGCONT)
      let (status, report) = try first.finish()
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      try it.expectFollowsBack(sync)
      try it.expectSwitched()
    }
  }

  @Test func `one that slept past its pause limit takes itself back`() throws {
    try Scenario.run { it in
      try prepare(it)
      let first = try it.startCutover(["--execute", "--pause-limit", "0.5"], fault: "target-committed:stop")
      try first.waitUntilReached()
      let asleep = ContinuousClock.now
      try Waiting.until("the limit is past") { ContinuousClock.now > asleep + .seconds(0.6) }
      first.process.send(SIGCONT)
      let (status, report) = try first.finish()
      #expect(status == 1)
      #expect(!report.switched)
      #expect(report.failed == ["abort"])
      try it.expectOneWritable()
      #expect(try it.psql("SELECT phase FROM changeover.source") == "syncing")
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched()
    }
  }
}

extension Scenario {
  /// Nothing older than the last half second is behind.
  func waitUntilCaughtUpBesideWriters() throws {
    var last = ""
    try Waiting.until("little is behind", seconds: 60, details: { last }) {
      let lag = try lag()
      last = "\(lag)"
      return (lag.seconds ?? 99) < 1 && lag.state == "streaming"
    }
  }

  func sqliteIfOpen(_ statement: String) throws {
    if try isSourceWritable() { try sqlite(statement) }
  }
}
