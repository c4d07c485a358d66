import Glibc
import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// Random statements with every conflict clause: the application sees what it would see without us, and what is captured
/// at random moments adds up to the source.
@Suite struct RandomTests {
  /// Lanes of 25 seeds; more of them by CHANGEOVER_LANES.
  private static let lanes = getenv("CHANGEOVER_LANES").flatMap { Int(String(cString: $0)) } ?? 8

  @Test(arguments: 0..<lanes) func `random scripts are captured`(lane: Int) throws {
    for seed in (lane * 25)..<(lane * 25 + 25) { try run(seed: UInt64(seed)) }
  }

  /// Any triggers at all make SQLite update rows in the order of their keys instead of an index's, check types before
  /// constraints, and (3.40 with recursive_triggers) take an updated row for its own conflict: the twin has some too.
  private static func idleTriggers(on table: String) -> [String] {
    ["BEFORE INSERT", "BEFORE UPDATE", "AFTER INSERT", "AFTER UPDATE", "BEFORE DELETE", "AFTER DELETE"].map {
      "CREATE TRIGGER \"idle \($0) \(table)\" \($0) ON \(table) BEGIN SELECT 1; END"
    }
  }

  private func run(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var (sql, tables) = RandomScript.schemas[Int(seed / 2) % RandomScript.schemas.count]
    if seed.isMultiple(of: 2) {
      let schema = RandomSchema(random: SeededRandom(seed: random.next()))
      (sql, tables) = (schema.sql, schema.tables)
    }
    let bench = try Bench(sql, journalMode: random.isOne(in: 4) ? "delete" : "wal")
    let twin = bench.directory.file("twin.db")
    try Bench.prepare(
      Database(path: twin, access: .create), sql + tables.flatMap { Self.idleTriggers(on: $0.name) },
      journalMode: "memory")
    let pragmas = [
      "PRAGMA synchronous = OFF", "PRAGMA recursive_triggers = \(random.below(2))",
      "PRAGMA foreign_keys = \(random.below(2))",
    ]
    let writer = try OwnConnection(path: bench.path, pragmas: pragmas)
    let twinWriter = try OwnConnection(path: twin, pragmas: pragmas)
    var script = RandomScript(tables: tables, random: random)
    var done = sql
    for step in 0..<60 {
      let sql = step == 59 ? "ROLLBACK" : script.next()
      done.append(sql)
      let (outcome, expected) = try (writer.run(sql), twinWriter.run(sql))
      guard outcome == expected else {
        Issue.record("seed \(seed): \(outcome) instead of \(expected) after:\n\(done.joined(separator: ";\n"))")
        return
      }
      // In rollback-journal mode a capture inside the application's transaction would wait for its end.
      guard random.isOne(in: 8) || step == 59, !writer.database.isInTransaction else { continue }
      try bench.capture()
      let differences = try bench.replica.differences(from: Replica(of: bench.installation.tables, in: bench.database))
      guard differences.isEmpty else {
        Issue.record("seed \(seed): \(differences.joined(separator: "\n")) after:\n\(done.joined(separator: ";\n"))")
        return
      }
    }
    let expected = try Replica(of: bench.installation.tables, in: twinWriter.database)
    #expect(bench.replica.differences(from: expected).isEmpty, "seed \(seed)")
  }
}
