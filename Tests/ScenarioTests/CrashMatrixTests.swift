import Glibc
import TestSupport
import Testing

/// kill −9 at every durable step of installing, copying, journaling, applying, pruning and starting over, under writes; what
/// comes after loses nothing (case 40). The switch has its own: CutoverCrashTests.
@Suite(.enabled(if: Scenario.isPossible, Scenario.skipped), .serialized)
struct CrashMatrixTests {
  /// The fault points, in the order in which a sync comes to them.
  enum Point: String, CaseIterable {
    case installing, sourceInstalled = "source-installed", targetCreated = "target-created"
    case targetReady = "target-ready", remembered
    case segmentBegun = "segment-begun", segmentWritten = "segment-written", segmentCommitted = "segment-committed"
    case groupRead = "group-read", batchWritten = "batch-written", batchLinked = "batch-linked"
    case batchNamed = "batch-named", batchSynced = "batch-synced"
    case indexBuilt = "index-built", copyComplete = "copy-complete", syncing
    case groupJournaled = "group-journaled", groupStaged = "group-staged", groupApplied = "group-applied"
    case slicePruned = "slice-pruned", takenOver = "taken-over"
    case targetForgotten = "target-forgotten", sourceForgotten = "source-forgotten"
    case journalForgotten = "journal-forgotten"

    /// A first sync comes there the first time; later visits are other cases.
    var visits: [Int] {
      switch self {
      case .segmentWritten, .segmentCommitted: [1, 2, 7]  // Rows and keys of the tables, one after the other.
      case .groupJournaled, .groupApplied, .batchNamed: [1, 3]
      case .indexBuilt: [1, 2]
      default: [1]
      }
    }

    enum Start { case first, again, reseeding }
    var start: Start {
      switch self {
      case .takenOver: .again
      case .targetForgotten, .sourceForgotten, .journalForgotten: .reseeding
      default: .first
      }
    }
  }

  private static let cases = Point.allCases.flatMap { point in point.visits.map { (point, $0) } }

  @Test(arguments: cases)
  func `killed at a durable step under writes, it goes on and nothing is lost`(point: Point, visit: Int) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 60)
      if point.start != .first { try it.copyAll() }
      let writer = try it.startWriter(rate: 100)
      try writer.waitFor(5)
      let arguments = point.start == .reseeding ? ["sync", "--reseed", "--jobs", "1"] : ["sync", "--jobs", "1"]
      let fault = ["CHANGEOVER_FAULT": visit == 1 ? point.rawValue : "\(point.rawValue)#\(visit)"]
      let sync = try it.spawn([Scenario.binary] + arguments, environment: it.environment.merging(fault) { $1 })
      if point == .groupStaged {
        try sync.waitUntilSays("streaming from")
        try it.sqlite(Self.largeGroup)
      }
      #expect(try sync.wait(seconds: 60) == -SIGKILL, "\(sync.everythingSaid)")
      try expectGoesOn(it, writer, reseeding: point.start == .reseeding)
    }
  }

  /// A group of several batches of which only the first ones are there.
  @Test(arguments: ["batch-synced#2", "batch-named#3", "part-staged", "part-staged#3"])
  func `killed between the parts of a group, it captures the group again`(fault: String) throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 60)
      try it.copyAll()
      let writer = try it.startWriter(rate: 100)
      // Four batches of 6 MiB and a rest.
      try it.sqlite(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 280)
        INSERT INTO event SELECT 'large', randomblob(100000), i FROM n;
        """)
      let sync = try it.start("sync", environment: ["CHANGEOVER_FAULT": fault])
      #expect(try sync.wait(seconds: 60) == -SIGKILL, "\(sync.everythingSaid)")
      #expect(!it.journalFiles.isEmpty, "the first part is there")
      try expectGoesOn(it, writer)
    }
  }

  /// Retention takes the oldest group of several batches and dies after the first of them.
  @Test func `killed while old groups leave the journal, it takes the rest of them away`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 60)
      try it.copyAll()
      try it.sqlite(
        """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 280)
        INSERT INTO event SELECT 'large', randomblob(100000), i FROM n;
        """)
      #expect(try it.changeover("sync", "--until-caught-up").status == 0)
      let large = try #require(it.journalFiles.first { $0.hasSuffix("-000001.batch") }).prefix(19)
      let parts = { it.journalFiles.filter { $0.hasPrefix(large) }.map { $0.dropFirst(19) } }
      #expect(parts().count > 2)
      let writer = try it.startWriter(rate: 100)
      let settings = it.directory + "/retention.toml"
      try Files.write("journal-keep-hours = 0\njournal-keep-mebibytes = 1\njournal-keep-groups = 1\n", to: settings)
      let older = it.journalFiles.filter { $0.prefix(19) < large }.count
      let fault = ["CHANGEOVER_FAULT": "batch-removed#\(older + 1)"]
      let killed = try it.start("sync", "--config", settings, environment: fault)
      #expect(try killed.wait(seconds: 90) == -SIGKILL, "\(killed.everythingSaid)")
      #expect(parts().first == "-000001.batch", "\(it.journalFiles)")
      // A remnant is no damage, and goes with the next look.
      let next = try it.start("sync", "--config", settings)
      try Waiting.until("what was left is gone", seconds: 90) { parts().isEmpty }
      try writer.waitFor(5, since: writer.acknowledged)
      try writer.finish()
      try it.waitUntilCaughtUp()
      try it.expectEqual()
      #expect(try next.stop() == 0)
      #expect(try it.changeover("journal", "check").status == 0)
    }
  }

  private static let largeGroup = """
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    INSERT INTO event SELECT 'large', NULL, i FROM n;
    """

  private func expectGoesOn(_ it: Scenario, _ writer: PythonWriter, reseeding: Bool = false) throws {
    // The application does not notice.
    try writer.waitFor(5, since: writer.acknowledged)
    // Killed while starting over, the source may be the unknown one, and the target's tables ours no more.
    let next = try it.spawn([Scenario.binary, "sync"] + (reseeding ? ["--reseed"] : []), environment: it.environment)
    try next.waitUntilSays("streaming from", seconds: 60)
    try writer.waitFor(5, since: writer.acknowledged)
    try writer.finish()
    try it.waitUntilCaughtUp()
    try it.expectEqual()
    #expect(try it.psql("SELECT count(*) FROM changeover.quarantine") == "0")
    #expect(try next.stop() == 0)
    let check = try it.changeover("journal", "check")
    #expect(check.status == 0, "\(check.output)")
  }

  /// The target's last step takes longer than the pause may: the switch aborts, and dies before it is taken back there.
  @Test func `killed while an aborted switch is being taken back, it leaves nothing that the next one minds`() throws {
    try Scenario.run { it in
      try it.createWritersTables(rows: 40)
      try it.sqlite("CREATE TABLE note (id INTEGER PRIMARY KEY, slot INTEGER REFERENCES note (id));")
      try it.copyAll()
      let writer = try it.startWriter(rate: 100, busyTimeout: 20)
      try writer.waitFor(5)
      try it.holdCopies()
      let killed = try it.startCutover(
        ["--execute", "--pause-limit", "0.5", "--no-backup", "--waive", "verified"], fault: "aborting")
      #expect(try killed.process.wait() == -SIGKILL, "\(killed.process.everythingSaid)")
      try writer.waitFor(5, since: writer.acknowledged)
      #expect(try it.isSourceWritable())
      #expect(try !it.isTargetWritable())
      try it.releaseCopies()
      let (status, report) = try it.cutover("--execute")
      #expect(status == 0, "\(report)")
      try it.expectSwitched([writer])
    }
  }

  @Test func `every fault point of the product has its test`() throws {
    let found = try Program.run([
      "grep", "-rhoE", #"FaultPoint\.reach\("[^"]+"\)"#, "\(Files.checkout)/Sources", "\(Files.checkout)/journal",
    ])
    let points = Set(found.output.split(separator: "\n").compactMap { $0.split(separator: "\"").dropFirst().first })
    #expect(points.count > 30)
    // A test names a point as a literal, with or without what is to happen there, or as a case of an enum.
    let folder = "\(Files.checkout)/Tests/ScenarioTests"
    let tests = Files.names(in: folder).filter { $0.hasSuffix(".swift") }.map { Files.text("\(folder)/\($0)") }.joined()
    let cases = tests.split(separator: "\n").filter { String($0).trimmed.hasPrefix("case ") }.flatMap {
      $0.split { !$0.isLetter }.map(String.init)
    }
    for point in points.map(String.init) {
      let isLiteral = ["\"", "#", ":"].contains { tests.after("\"\(point)\($0)") != nil }
      #expect(isLiteral || cases.contains(point), "\(point)")
    }
    for point in Point.allCases {
      #expect(points.contains(Substring(point.rawValue)), "\(point) is nowhere in the product")
    }
  }
}
