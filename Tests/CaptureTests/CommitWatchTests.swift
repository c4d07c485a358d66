import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// Commits that no trigger saw (case 22).
@Suite struct CommitWatchTests {
  private static let schema = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a)", "CREATE TABLE apart (a)", "INSERT INTO t VALUES (1, 'a')",
  ]

  /// Looks twice, the second time when a writer in the middle of its commit would have shown itself.
  private func look(_ watch: inout CommitWatch, _ bench: Bench) throws -> Bool {
    if try watch.look(at: bench.database) { return true }
    return try watch.look(at: bench.database, .now + CommitWatch.confirmedAfter)
  }

  @Test(arguments: ["wal", "delete"]) func `a write with triggers off is noticed once, a logged one is not`(
    mode: String
  ) throws {
    let bench = try Bench(Self.schema, journalMode: mode)
    let writer = try Database(path: bench.path, access: .readWrite)
    var watch = CommitWatch()
    #expect(try !look(&watch, bench))
    try writer.execute("INSERT INTO t VALUES (2, 'b')")
    #expect(try !look(&watch, bench))
    try writer.execute("CREATE INDEX i ON t (a)")
    #expect(try !look(&watch, bench))
    try writer.setTriggersEnabled(false)
    try writer.execute("UPDATE t SET a = 'c'")
    #expect(try look(&watch, bench))
    #expect(try !look(&watch, bench))
    // The pruner writes on this very connection.
    try bench.database.execute(
      "DELETE FROM _changeover_change WHERE seq < (SELECT max(seq) FROM _changeover_change)")
    #expect(try !look(&watch, bench))
  }

  /// A writer that begins the log anew moves the version before its commit does.
  @Test func `what is followed by a logged change is not taken for an unseen one`() throws {
    let bench = try Bench(Self.schema)
    let writer = try Database(path: bench.path, access: .readWrite)
    var watch = CommitWatch()
    _ = try watch.look(at: bench.database)
    try writer.setTriggersEnabled(false)
    try writer.execute("UPDATE t SET a = 'c'")
    #expect(try !watch.look(at: bench.database))
    try writer.setTriggersEnabled(true)
    try writer.execute("UPDATE t SET a = 'd'")
    #expect(try !look(&watch, bench))
  }
}
