import Glibc
import Testing

/// Case 46, from the other side: the sync, or PostgreSQL, is killed between every two steps of a switch that itself goes on.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct SwitchVictimTests {
  /// Every step is on the way: a canary that is content, a hook that does nothing.
  private static let arguments = ["--execute", "--pause-limit", "60", "--on-switch", "true"]
  private static let forward = arguments + ["--canary", "true", "--no-backup", "--waive", "verified"]

  /// Halts a switch at a step, does something there, and lets it go on; then, if need be, runs it once more.
  private func run(
    _ command: String, _ arguments: [String], haltedAt point: String, _ it: Scenario, _ meanwhile: () throws -> Void
  ) throws {
    let run = try it.startCutover(arguments, command: command, fault: "\(point):wait")
    try run.waitUntilReached()
    try meanwhile()
    try run.letGoOn()
    // 69 where the server went away before it began.
    if try run.process.wait() == 0 { return }
    let said = run.process.everythingSaid
    #expect(try !(it.isSourceWritable() && it.isTargetWritable()), "\(said)")
    let (status, report) = try it.startCutover(arguments, command: command).finish()
    #expect(status == 0, "\(report) after \(said)")
    #expect(report.switched)
  }

  @Test(arguments: CutoverCrashTests.Point.allCases)
  func `a sync that is killed beside a cutover loses nothing`(point: CutoverCrashTests.Point) throws {
    try Scenario.run { it in
      try it.prepareWithForeignKey(rows: 40)
      let sync = try it.startStreaming()
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      try run("cutover", Self.forward, haltedAt: point.rawValue, it) {
        sync.send(SIGKILL)
        _ = try sync.wait()
      }
      try it.expectSwitched([writer])
      try it.expectFollowsBack(try it.start("sync"))
    }
  }

  @Test(arguments: RollbackCrashTests.Point.allCases)
  func `a sync that is killed beside a rollback loses nothing`(point: RollbackCrashTests.Point) throws {
    try Scenario.run { it in
      try it.prepareSwitchedAhead()
      let sync = try it.start("sync")
      try sync.waitUntilSays("streaming back from")
      try it.write("late")
      // The sync may have drained everything, and the switch then journals nothing itself.
      let step = point == .journaled ? RollbackCrashTests.Point.drained : point
      try run("rollback", Self.arguments, haltedAt: step.rawValue, it) {
        sync.send(SIGKILL)
        _ = try sync.wait()
      }
      try it.copyAll()
      try it.expectSwitchedBack()
      try it.expectEverywhere("before", "late")
    }
  }

  @Test(.enabled(if: OwnServer.isPossible), arguments: CutoverCrashTests.Point.allCases)
  func `a PostgreSQL that crashes under a cutover loses nothing`(point: CutoverCrashTests.Point) throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.prepareWithForeignKey(rows: 40)
      let writer = try it.startWriter(rate: 200, busyTimeout: 20)
      try writer.waitFor(20)
      try run("cutover", Self.forward, haltedAt: point.rawValue, it) {
        try own.stop("immediate")
        try own.start()
      }
      try it.expectSwitched([writer])
      #expect(try it.psql("SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'") == "t")
    }
  }

  @Test(.enabled(if: OwnServer.isPossible), arguments: RollbackCrashTests.Point.allCases)
  func `a PostgreSQL that crashes under a rollback loses nothing`(point: RollbackCrashTests.Point) throws {
    let own = try OwnServer()
    try Scenario.run(on: own.server) { it in
      try it.prepareSwitchedAhead()
      try run("rollback", Self.arguments, haltedAt: point.rawValue, it) {
        try own.stop("immediate")
        try own.start()
      }
      try it.copyAll()
      try it.expectSwitchedBack()
      try it.expectEverywhere("before")
    }
  }
}
