import Glibc
import TestSupport
import Testing

/// Case 46: kill −9 at every durable step of the switch, and what comes after.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CutoverCrashTests {
  /// In the order in which a cutover comes to them.
  enum Point: String, CaseIterable {
    case begin, locked, targetLocked = "target-locked", caughtUp = "caught-up", beforeSourceLock = "before-source-lock"
    case sourceLocked = "source-locked", captured, targetCommitted = "target-committed", fenced, decided, opened
    case beforeCanary = "before-canary", afterCanary = "after-canary"
    case beforeHook = "before-hook", afterHook = "after-hook", beforeValidation = "before-validation", validated

    private static let afterDecision: Set<Point> = [
      .decided, .opened, .beforeCanary, .afterCanary, .beforeHook, .afterHook, .beforeValidation, .validated,
    ]
    var isDecided: Bool { Self.afterDecision.contains(self) }
    /// Until the hook has ended well the canary is asked again.
    var asksCanaryTwice: Bool { [.afterCanary, .beforeHook, .afterHook].contains(self) }
  }

  @Test(arguments: Point.allCases)
  func `killed and run again, it switches and nothing is lost`(point: Point) throws {
    try Scenario.run { it in
      try it.prepareWithForeignKey(rows: 40)
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      let hook = "echo ran >> \(it.directory)/hook"
      let arguments = ["--execute", "--on-switch", hook, "--canary", "echo asked >> \(it.directory)/canary"]
      try it.kill("cutover", arguments, at: point.rawValue)
      #expect(try it.isSourceWritable() == !point.isDecided)
      #expect(try !(it.isSourceWritable() && it.isTargetWritable()))
      if !point.isDecided { try writer.waitFor(20, since: writer.acknowledged) }

      let (status, report) = try it.startCutover(arguments).finish()
      #expect(status == 0, "\(report)")
      #expect(report.switched)
      #expect(report.failed == [])
      try it.expectSwitched([writer])
      let times = point == .afterHook ? 2 : 1
      #expect(Files.text("\(it.directory)/hook") == String(repeating: "ran\n", count: times))
      let asked = point.asksCanaryTwice ? 2 : 1
      #expect(Files.text("\(it.directory)/canary") == String(repeating: "asked\n", count: asked))
      #expect(try it.psql("SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'") == "t")
    }
  }

  @Test(arguments: [Point.targetLocked, .sourceLocked, .captured, .targetCommitted, .fenced, .decided, .opened])
  func `killed, and a sync started instead, ends it one way or the other`(point: Point) throws {
    try Scenario.run { it in
      try it.prepareWithForeignKey(rows: 40)
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      try it.kill("cutover", at: point.rawValue)

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
      try it.prepareWithForeignKey(rows: 40)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      try it.kill("cutover", at: point.rawValue)
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
      try it.prepareWithForeignKey(rows: 40)
      try it.kill("cutover", at: point.rawValue)
      try it.kill("cutover", at: second)
      try it.sqliteIfOpen("INSERT INTO note VALUES (1, 1)")
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      try it.expectSwitched()
    }
  }

  /// Case 47: it hangs between the target's COMMIT and the source's while another one comes.
  @Test func `a second one beside a first that hangs before its decision does not disturb it`() throws {
    try Scenario.run { it in
      try it.prepareWithForeignKey(rows: 40)
      let sync = try it.startStreaming()
      try it.letHang("cutover", at: Point.targetCommitted.rawValue, phase: "switching", while: ["cutover", "rollback"])
      try it.expectFollowsBack(sync)
      try it.expectSwitched()
    }
  }

  @Test func `one that slept past its pause limit takes itself back`() throws {
    try Scenario.run { it in
      try it.prepareWithForeignKey(rows: 40)
      try it.letSleepPastItsLimit("cutover", at: Point.targetCommitted.rawValue)
      #expect(try it.psql("SELECT phase FROM changeover.source") == "syncing")
      #expect(try it.cutover("--execute").status == 0)
      try it.expectSwitched()
    }
  }

  @Test(arguments: [Point.decided, .opened, .beforeCanary, .afterCanary])
  func `killed at a canary that fails, the next run lets it take the switch back`(point: Point) throws {
    try Scenario.run { it in
      try it.prepareWithForeignKey(rows: 3)
      let arguments = ["--execute", "--canary", "false", "--on-switch", "true"]
      try it.kill("cutover", arguments, at: point.rawValue)
      try it.psqlIfOpen("INSERT INTO event (kind) VALUES ('meanwhile')")
      let isWritten = point != .decided
      let (status, report) = try it.startCutover(arguments).finish()
      #expect(status == 1)
      #expect(!report.switched)
      #expect(report.failed == ["canary"])
      try it.expectSwitchedBack()
      #expect(try it.sqlite("SELECT count(*) FROM event WHERE kind = 'meanwhile'") == (isWritten ? "1" : "0"))
    }
  }

  /// Nobody can tell whether a command did anything before the process that ran it died: what may be frozen is thawed.
  @Test(arguments: ["before-freeze", "frozen", "source-locked"])
  func `killed around its freeze, the next run thaws first`(point: String) throws {
    try Scenario.run { it in
      try it.prepareWithForeignKey(rows: 3)
      let log = "\(it.directory)/frost"
      let frost = ["--execute", "--freeze", "echo freeze >> \(log)", "--thaw", "echo thaw >> \(log)"]
      try it.kill("cutover", frost, at: point)
      let before = point == "before-freeze" ? "" : "freeze\n"
      #expect(Files.text(log) == before)
      try it.expectOneWritable()
      #expect(try it.cutover("--execute").report.failed == ["thaw"])
      let (status, report) = try it.startCutover(frost).finish()
      #expect(status == 0, "\(report)")
      #expect(Files.text(log) == before + "thaw\nfreeze\nthaw\n")
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

  func psqlIfOpen(_ statement: String) throws {
    if try isTargetWritable() { try psql(statement) }
  }
}
