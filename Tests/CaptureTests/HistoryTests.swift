import Glibc
import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// A source that does not continue the history that was captured.
@Suite struct HistoryTests {
  private let bench: Bench
  private let writer: OwnConnection

  init() throws {
    bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY, v)", "CREATE TABLE k (k TEXT PRIMARY KEY)"])
    writer = try OwnConnection(path: bench.path, pragmas: [])
  }

  private func write(_ statements: String...) throws {
    for sql in statements { #expect(try writer.run(sql).error == "", "\(sql)") }
  }

  /// A copy made by another process: to read the file beside SQLite would drop SQLite's locks.
  private func copy() throws -> String {
    try write("PRAGMA wal_checkpoint(TRUNCATE)")
    let copy = bench.directory.file("copy.db")
    let child = try Child("cp", [bench.path, copy])
    #expect(child.wait() == 0)
    return copy
  }

  private func expectRefused(_ database: borrowing Database, _ words: String) throws {
    let position = bench.position
    let files = try bench.journal.files()
    do {
      try bench.capture(from: database)
      Issue.record("captured a history that is not this one's")
    } catch let failure as Failure {
      #expect(failure.status == .badData)
      #expect(failure.message.contains(words), "\(failure.message)")
    }
    #expect(bench.position == position)
    #expect(try bench.journal.files() == files)
  }

  /// Case 17.
  @Test func `an older copy put in the file's place is refused`() throws {
    try write("INSERT INTO t VALUES (1, 'a')")
    try bench.capture()
    let old = try copy()
    try write("INSERT INTO t VALUES (2, 'b')")
    try bench.capture()
    try expectRefused(Database(path: old, access: .readWrite), "an older copy")
  }

  /// Case 17.
  @Test(arguments: [0, 1, 5]) func `a copy written until it has the same number is refused`(more: Int) throws {
    try write("INSERT INTO t VALUES (1, 'a')")
    let old = try copy()
    try write("INSERT INTO t VALUES (2, 'b')", "UPDATE t SET v = 'c' WHERE id = 2")
    try bench.capture()
    let database = try Database(path: old, access: .readWrite)
    // The same keys, the same statements, the same numbers.
    try database.execute("INSERT INTO t VALUES (2, 'b'); UPDATE t SET v = 'c' WHERE id = 2")
    for number in 0..<more { try database.execute("INSERT INTO t VALUES (\(10 + number), 'more')") }
    #expect(
      try database.integer("SELECT max(seq) FROM _changeover_change") == bench.position.sequence.rawValue + Int64(more))
    try expectRefused(database, "an older copy")
  }

  /// Case 17.
  @Test func `a copy of the state that was captured goes on`() throws {
    try write("INSERT INTO t VALUES (1, 'a')")
    try bench.capture()
    let database = try Database(path: copy(), access: .readWrite)
    try database.execute("INSERT INTO t VALUES (2, 'b')")
    try bench.capture(from: database)
    let source = try Replica(of: bench.installation.tables, in: database)
    #expect(bench.replica.differences(from: source).isEmpty)
  }

  @Test func `another source is refused`() throws {
    try write("INSERT INTO t VALUES (1, 'a')")
    try bench.capture()
    let other = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY, v)", "CREATE TABLE k (k TEXT PRIMARY KEY)"])
    try other.database.execute("INSERT INTO t VALUES (1, 'a')")
    try expectRefused(other.database, "not the file that was captured")
    try other.database.execute("CREATE INDEX i ON t (v)")
    try expectRefused(other.database, "another database")
  }

  @Test func `changes missing in the middle are refused`() throws {
    try write("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", "DELETE FROM _changeover_change WHERE seq = 3")
    try expectRefused(bench.database, "changes are missing after number 1")
  }

  @Test func `the change at the position must still be there`() throws {
    try write("INSERT INTO t VALUES (1, 'a')")
    try bench.capture()
    try write("INSERT INTO t VALUES (2, 'b')", "DELETE FROM _changeover_change WHERE seq <= 2")
    try expectRefused(bench.database, "change 2, captured before, is missing")
  }

  /// Case 15.
  @Test func `a change table drained empty and written again is refused`() throws {
    try write("INSERT INTO t VALUES (1, 'a')")
    try bench.capture()
    try write("DELETE FROM _changeover_change", "INSERT INTO t VALUES (2, 'b')")
    try expectRefused(bench.database, "captured before, is missing")
    // It grows over the position.
    try write("INSERT INTO t VALUES (3, 'c'), (4, 'd')")
    try expectRefused(bench.database, "missing or another one")
  }

  @Test func `a change of a table that nobody installed is refused`() throws {
    try write("INSERT INTO _changeover_change (tbl, op, nonce, k0) VALUES (77, 1, 0, 5)")
    try expectRefused(bench.database, "number 77")
  }

  @Test func `changes without a table are passed over`() throws {
    try write(
      "INSERT INTO _changeover_change (tbl, op, nonce) VALUES (0, 0, random())", "INSERT INTO t VALUES (1, 'a')")
    #expect(try bench.capture()?.entries == 2)
    try bench.expectInStep()
  }

  /// Logging a key again is how a repair works.
  @Test func `a key logged by hand is read again`() throws {
    try write("INSERT INTO t VALUES (1, 'a')")
    try bench.capture()
    try write(
      "INSERT INTO _changeover_change (tbl, op, nonce, k0) VALUES (2, 4, random(), 1), (1, 4, random(), 'gone')")
    #expect(try bench.capture()?.entries == 4)
    try bench.expectInStep()
  }
}
