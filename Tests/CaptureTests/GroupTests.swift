import FoundationEssentials
import Glibc
import Journal
import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// Groups: from one consistent state to a later one, in one batch or many.
@Suite struct GroupTests {
  private static let big = [
    "CREATE TABLE big (id INTEGER PRIMARY KEY, v INT, filler BLOB)",
    """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO big SELECT i, -1, zeroblob(8) FROM n
    """,
  ]

  /// Case 18.
  @Test(arguments: ["wal", "delete"]) func `a group of many batches is one state while a writer goes on`(mode: String)
    throws
  {
    let bench = try Bench(Self.big, journalMode: mode)
    try Database(path: bench.path, access: .readWrite).execute("UPDATE big SET filler = randomblob(4000)")
    // The first row in the order of capture and the last one: always equal.
    let writer = try Child(
      "python3", [SourcePath.support("writer.py"), bench.path, "UPDATE big SET v = ? WHERE id IN (1, 5000)"])
    #expect(try writer.line() == "writing")
    let table = try bench.table("big").id
    var seen: Set<Value?> = []
    for _ in 0..<20 {
      try bench.capture()
      let rows = bench.replica.tables[table] ?? [:]
      let ends = [1, 5000].map { rows[[.integer($0)]]?[1] }
      #expect(ends[0] == ends[1])
      seen.insert(ends[0])
    }
    writer.closeInput()
    let report = try JSONDecoder().decode(WriterReport.self, from: Data((writer.line() ?? "").utf8))
    #expect(report.errors == [])
    #expect(seen.count > 1)
    try bench.capture()
    try bench.expectInStep()
    let parts = try bench.journal.group(GroupNumber(1))?.parts ?? []
    #expect(parts.count > 2)
    let headers = try parts.map { try bench.journal.header(of: $0) }
    #expect(headers.dropLast().allSatisfy { $0.moreFollows } && headers.last?.moreFollows == false)
    #expect(headers.allSatisfy { $0.rawLength < 9 << 20 && $0.after == bench.change(0) })
    // Only a group of several read transactions may bring a key twice.
    #expect(headers.allSatisfy { $0.keysMayRepeat == (mode == "delete") })
    #expect(try bench.journal.check().isEmpty)
  }

  @Test func `headers tell when the capture looked and where it ended`() throws {
    let bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY)"])
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    #expect(try bench.hasNews() == false)
    let looked = bench.lookedAt
    _ = try writer.run("INSERT INTO t VALUES (1), (2)")
    #expect(try bench.hasNews() == true)
    #expect(bench.lookedAt == looked)
    let captured = try #require(try bench.capture())
    let header = try bench.journal.header(of: BatchName(group: GroupNumber(1), part: 0))
    #expect(header.direction == .forward)
    #expect(header.previousLookAt == looked)
    #expect(header.capturedAt > looked)
    #expect(bench.lookedAt > looked && bench.lookedAt < header.capturedAt)
    #expect(header.source == bench.installation.source)
    #expect((header.after, header.last) == (bench.change(0), bench.change(2)))
    #expect(header.position == captured.position && captured.position == bench.position)
    let nonce = try bench.database.integer(
      "SELECT nonce FROM _changeover_change WHERE seq = ?1", [.integer(bench.change(2).rawValue)])
    #expect(header.nonce == nonce)
    #expect(try bench.hasNews() == false)
    #expect(try bench.capture() == nil)
  }

  @Test(arguments: ["wal", "delete"]) func `a group that is stopped half-way is taken again`(mode: String) throws {
    let bench = try Bench(Self.big, journalMode: mode)
    try Database(path: bench.path, access: .readWrite).execute("UPDATE big SET v = 7, filler = randomblob(4000)")
    let stop = StopSignal()
    var other = try bench.otherCapturer(stop: stop)
    // The first part is there, the others are not: what is left behind by a stop or a crash.
    let stopper = try Background { [journal = bench.journal] in
      try Deadline.wait(for: "the first part") { try !journal.files().isEmpty }
      stop.request()
    }
    #expect(throws: Stopped.self) { _ = try other.capture(from: bench.database) }
    try stopper.value()
    let isOpen = bench.database.isInTransaction
    #expect(!isOpen)
    #expect(try bench.journal.group(GroupNumber(1)) == nil)
    try bench.capture()
    try bench.expectInStep()
    #expect(try bench.journal.check().isEmpty)
  }

  @Test(arguments: ["wal", "delete"]) func `a group that the journal cannot take is taken again`(mode: String) throws {
    let bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY)"], journalMode: mode)
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    _ = try writer.run("INSERT INTO t VALUES (1)")
    rename(bench.journal.path, bench.journal.path + "-away")
    #expect(throws: JournalError.self) { try bench.captureWithoutResuming() }
    let isOpen = bench.database.isInTransaction
    #expect(!isOpen)
    #expect(bench.position == bench.installation.base)
    rename(bench.journal.path + "-away", bench.journal.path)
    _ = try writer.run("INSERT INTO t VALUES (2)")
    try bench.capture()
    try bench.expectInStep()
  }

  @Test func `two that capture in turn continue each other's groups`() throws {
    let bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY)"])
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    var other = try bench.otherCapturer()
    let otherDatabase = try Database(path: bench.path, access: .readOnly)
    for number in 1...6 {
      _ = try writer.run("INSERT INTO t VALUES (\(number))")
      if number.isMultiple(of: 2) {
        try bench.capture()
      } else {
        try other.resume(applied: other.position)
        let captured = try other.capture(from: otherDatabase)
        #expect(captured?.position.group == GroupNumber(Int64(number)))
      }
    }
    try bench.expectInStep()
    #expect(try bench.journal.check().isEmpty)
  }

  @Test(arguments: ["wal", "delete"]) func `a capture inside the caller's write transaction leaves it open`(
    mode: String
  ) throws {
    let bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY)"], journalMode: mode)
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    _ = try writer.run("INSERT INTO t VALUES (1), (2)")
    try bench.database.execute("BEGIN IMMEDIATE")
    #expect(try bench.capture()?.entries == 3)
    #expect(try bench.capture() == nil)
    let isOpen = bench.database.isInTransaction
    #expect(isOpen)
    try bench.database.execute("COMMIT")
    try bench.expectInStep()
  }

  @Test func `rows are read on the connection that captures`() throws {
    let bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY, v)"])
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    _ = try writer.run("INSERT INTO t VALUES (1, 'old')")
    try bench.capture()
    // A connection in a write transaction sees what no other can.
    let other = try Database(path: bench.path, access: .readWrite)
    try other.execute("BEGIN IMMEDIATE; UPDATE t SET v = 'new'")
    try bench.capture(from: other)
    try other.execute("COMMIT")
    try bench.expectInStep()
  }
}
