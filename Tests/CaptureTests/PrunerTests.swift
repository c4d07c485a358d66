import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// What the pruner deletes, and what it keeps.
@Suite struct PrunerTests {
  private let bench: Bench
  private let writer: OwnConnection

  init() throws {
    bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY, v)"])
    writer = try OwnConnection(path: bench.path, pragmas: [])
  }

  private var remaining: [Int64] {
    get throws {
      var numbers: [Int64] = []
      try bench.database.forEach("SELECT seq FROM _changeover_change ORDER BY seq") { numbers.append($0.integer(0)) }
      return numbers
    }
  }

  /// Writes `count` changes and captures them as a group.
  private func group(_ count: Int) throws -> ChangeNumber {
    for _ in 0..<count { #expect(try writer.run("INSERT INTO t (v) VALUES (1)").error == "") }
    return try #require(try bench.capture()).position.sequence
  }

  private func prune(_ pruner: inout ChangePruner, applied: ChangeNumber) throws {
    while try pruner.pruneSlice(applied: applied, in: bench.database) {}
  }

  /// Case 15.
  @Test func `the ends of groups that are not applied stay, and what is before them goes`() throws {
    var pruner = ChangePruner(boundaries: [])
    let base = bench.change(0)
    let ends = try (0..<3).map { _ in
      let end = try group(10)
      pruner.journaled(through: end)
      return end
    }
    #expect(try writer.run("INSERT INTO t (v) VALUES (2)").error == "")
    let newest = bench.change(31).rawValue
    try prune(&pruner, applied: base)
    #expect(try remaining == [base.rawValue] + ends.map(\.rawValue) + [newest])
    try prune(&pruner, applied: ends[1])
    #expect(try remaining == [ends[1].rawValue, ends[2].rawValue, newest])
    try prune(&pruner, applied: ends[2])
    #expect(try remaining == [ends[2].rawValue, newest])
    try prune(&pruner, applied: ends[2])
    #expect(try remaining == [ends[2].rawValue, newest])
    try bench.capture()
    try bench.expectInStep()
  }

  /// Case 11.
  @Test func `steps of the schema go with their changes, and numbers of tables are not given twice`() throws {
    var pruner = ChangePruner(boundaries: [])
    var last = bench.position.sequence
    func steps() throws -> Int64 { try bench.database.integer("SELECT count(*) FROM _changeover_step") }
    for round in 0..<5 {
      #expect(try writer.run("CREATE TABLE n\(round) (id INTEGER PRIMARY KEY)").error == "")
      last = try #require(try bench.capture()).position.sequence
      pruner.journaled(through: last)
    }
    let number = try bench.table("n4").id.rawValue
    // Not applied: whoever captures anew from there needs them.
    try prune(&pruner, applied: bench.change(0))
    #expect(try steps() == 5)
    try bench.database.execute("DELETE FROM _changeover_table WHERE name = 'n4'")
    _ = try group(3)
    pruner.journaled(through: bench.position.sequence)
    try prune(&pruner, applied: bench.position.sequence)
    #expect(try steps() == 1)
    #expect(try writer.run("CREATE TABLE latest (id INTEGER PRIMARY KEY)").error == "")
    try bench.capture()
    #expect(try bench.table("latest").id.rawValue > number)
    try bench.expectInStep()
  }

  /// Case 15.
  @Test func `the newest change always stays, and numbers never restart`() throws {
    var pruner = ChangePruner(boundaries: [])
    for round in 1...5 {
      let end = try group(3)
      pruner.journaled(through: end)
      try prune(&pruner, applied: end)
      #expect(try remaining == [end.rawValue])
      #expect(end == bench.change(Int64(round * 3)))
      #expect(writer.database.changes == 1)
    }
    try bench.expectInStep()
  }

  @Test func `changes that are not journaled are never deleted`() throws {
    let end = try group(5)
    var pruner = ChangePruner(boundaries: [end])
    for _ in 0..<5 { _ = try writer.run("INSERT INTO t (v) VALUES (3)") }
    try prune(&pruner, applied: bench.change(0))
    #expect(try remaining == [bench.change(0).rawValue, end.rawValue] + (6...10).map { bench.change($0).rawValue })
    try prune(&pruner, applied: end)
    #expect(try remaining == (5...10).map { bench.change($0).rawValue })
  }

  @Test func `a restart begins with the groups that are not applied`() throws {
    let first = try group(4)
    let second = try group(4)
    var pruner = ChangePruner(boundaries: [second])
    try prune(&pruner, applied: first)
    #expect(try remaining == [first.rawValue, second.rawValue])
    let third = try group(4)
    pruner.journaled(through: third)
    try prune(&pruner, applied: first)
    #expect(try remaining == [first.rawValue, second.rawValue, third.rawValue])
  }

  @Test func `a large backlog goes slice by slice`() throws {
    #expect(
      try writer.run(
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, 1 FROM n
        """
      ).error == "")
    let end = try group(1)
    var pruner = ChangePruner(boundaries: [end])
    var left = try remaining.count
    while try pruner.pruneSlice(applied: end, in: bench.database) {
      let now = try remaining.count
      #expect(now < left)
      left = now
    }
    #expect(try remaining == [end.rawValue])
  }

  /// Case 15.
  @Test(arguments: ["wal", "delete"], ["IMMEDIATE", "EXCLUSIVE"])
  func `a locked source is left to the application at once`(mode: String, lock: String) throws {
    let bench = try Bench(["CREATE TABLE t (id INTEGER PRIMARY KEY, v)"], journalMode: mode)
    let writer = try OwnConnection(path: bench.path, pragmas: [])
    _ = try writer.run("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    let end = try #require(try bench.capture()).position.sequence
    var pruner = ChangePruner(boundaries: [end])
    #expect(try writer.run("BEGIN \(lock)").error == "")
    let started = ContinuousClock.now
    #expect(try pruner.pruneSlice(applied: end, in: bench.database) == false)
    #expect(started.duration(to: .now) < .seconds(2))
    #expect(try writer.run("SELECT count(*) FROM _changeover_change").rows == "\([[Value.integer(4)]])")
    #expect(try writer.run("COMMIT").error == "")
    while try pruner.pruneSlice(applied: end, in: bench.database) {}
    #expect(try bench.database.integer("SELECT count(*) FROM _changeover_change") == 1)
  }

  /// Case 15.
  @Test func `pruning beside writers that do not wait fails none for long`() throws {
    let writers = try (0..<2).map { number in
      try Child(
        "python3", [SourcePath.support("writer.py"), bench.path, "INSERT INTO t (v) VALUES ('\(number)' || ?)"])
    }
    for writer in writers { #expect(try writer.line() == "writing") }
    var pruner = ChangePruner(boundaries: [])
    for _ in 0..<30 {
      if let captured = try bench.capture() { pruner.journaled(through: captured.position.sequence) }
      _ = try pruner.pruneSlice(applied: bench.position.sequence, in: bench.database)
    }
    for writer in writers {
      writer.closeInput()
      #expect(try writer.line()?.contains("\"errors\": []") == true)
    }
    try bench.capture()
    try bench.expectInStep()
    try prune(&pruner, applied: bench.position.sequence)
    #expect(try remaining == [bench.position.sequence.rawValue])
  }
}
