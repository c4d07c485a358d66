import Glibc
import Testing

/// A switch, in either direction, that is killed or put to sleep on its way.
extension Scenario {
  /// The writers' tables and one with a foreign key, so that its validation has something to do; copied.
  func prepareWithForeignKey(rows: Int, mode: String = "wal") throws {
    try createWritersTables(rows: rows, mode: mode)
    try sqlite("CREATE TABLE note (id INTEGER PRIMARY KEY, slot INTEGER REFERENCES note (id));")
    try copyAll()
  }

  /// Switched, with writes in PostgreSQL that SQLite does not have yet.
  func prepareSwitchedAhead(mode: String = "wal") throws {
    try prepareWithForeignKey(rows: 20, mode: mode)
    #expect(try cutover("--execute", "--no-backup", "--waive", "verified").status == 0)
    try psql("INSERT INTO account (email) VALUES ('before'); DELETE FROM line WHERE account < 4")
  }

  /// Writes a row wherever the application may.
  func write(_ email: String) throws {
    let statement = "INSERT INTO account (email) VALUES ('\(email)')"
    if try isTargetWritable() { try psql(statement) } else { try sqlite(statement) }
  }

  /// The rows are in both stores, once.
  func expectEverywhere(_ emails: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    for email in emails {
      let query = "SELECT count(*) FROM account WHERE email = '\(email)'"
      #expect(try sqlite(query) == "1", "\(email) in SQLite", sourceLocation: sourceLocation)
      #expect(try psql(query) == "1", "\(email) in PostgreSQL", sourceLocation: sourceLocation)
    }
  }

  /// Runs `cutover`, or `rollback`, until it dies at a fault point.
  func kill(
    _ command: String, _ arguments: [String] = ["--execute"], at point: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let killed = try startCutover(arguments, command: command, fault: point)
    let status = try killed.process.wait()
    #expect(status == -SIGKILL, "\(killed.process.everythingSaid)", sourceLocation: sourceLocation)
    #expect(killed.process.output == "", "no report, no claim", sourceLocation: sourceLocation)
  }

  /// Puts `cutover`, or `rollback`, to sleep at a fault point until its pause limit is past; it then gives up by itself.
  func letSleepPastItsLimit(
    _ command: String, at point: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = try startCutover(["--execute", "--pause-limit", "0.5"], command: command, fault: "\(point):stop")
    try run.waitUntilReached()
    let asleep = ContinuousClock.now
    try Waiting.until("the limit is past") { ContinuousClock.now > asleep + .seconds(0.6) }
    run.process.send(SIGCONT)
    let (status, report) = try run.finish()
    #expect(status == 1, sourceLocation: sourceLocation)
    #expect(!report.switched, sourceLocation: sourceLocation)
    #expect(report.failed == ["abort"], sourceLocation: sourceLocation)
    try expectOneWritable(sourceLocation: sourceLocation)
  }

  /// Case 47: `cutover`, or `rollback`, hangs between the target's COMMIT and the source's while others come. They wait for
  /// it in vain and disturb nothing; awake again it switches.
  func letHang(
    _ command: String, at point: String, phase: String, while others: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let first = try startCutover(["--execute", "--pause-limit", "60"], command: command, fault: "\(point):stop")
    try first.waitUntilReached()
    for other in others {
      let second = try changeover(other, "--execute", "--lock-timeout", "0.5")
      #expect(second.status == 75, "\(second)", sourceLocation: sourceLocation)
      #expect(second.errors.contains("another changeover process keeps"), sourceLocation: sourceLocation)
    }
    #expect(try psql("SELECT phase FROM changeover.source") == phase, sourceLocation: sourceLocation)
    #expect(try !isTargetWritable(), sourceLocation: sourceLocation)
    first.process.send(SIGCONT)
    let (status, report) = try first.finish()
    #expect(status == 0, "\(report)", sourceLocation: sourceLocation)
    #expect(report.switched, sourceLocation: sourceLocation)
  }

  /// Starts a reader of the source that keeps its transaction until a file appears. In rollback-journal mode no COMMIT gets
  /// past it.
  func startReader(until end: String) throws -> ChildProcess {
    let reader = try spawn([
      "python3", "-c",
      """
      import os, sqlite3, sys, time
      connection = sqlite3.connect(sys.argv[1], isolation_level=None)
      connection.execute("BEGIN"); connection.execute("SELECT count(*) FROM account").fetchone()
      print("reading", flush=True)
      while not os.path.exists(sys.argv[2]):
          time.sleep(0.005)
      """, source, end,
    ])
    try reader.waitUntilSays("reading")
    return reader
  }
}
