import Model
import SQLite
import TestSupport
import Testing

@testable import Capture

/// Random migrations among random writes, captured at random moments, by processes that die between taking a schema up and
/// journaling it: what the journal adds up to is what the source holds.
@Suite struct RandomDriftTests {
  @Test(arguments: 0..<4) func `random migrations are followed`(lane: Int) throws {
    for seed in (lane * 15)..<(lane * 15 + 15) { try run(seed: UInt64(seed)) }
  }

  private func run(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let bench = try Bench(
      [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT)",
        "CREATE TABLE k (k TEXT PRIMARY KEY NOT NULL, v)",
        "CREATE TABLE w (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID", "CREATE TABLE keyless (x, y)",
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, n)", "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)",
        "INSERT INTO keyless VALUES (1, 1), (2, 2), (3, 3)", "INSERT INTO w VALUES (1, 1), ('1', 2)",
      ], journalMode: random.isOne(in: 4) ? "delete" : "wal")
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("PRAGMA synchronous = OFF; PRAGMA recursive_triggers = \(random.below(2))")
    var history: [String] = []
    for _ in 0..<40 {
      let sql = try statement(&random, writer)
      history.append(sql)
      do { try writer.execute(sql) } catch { writer.rollback() }
      switch random.below(6) {
      case 0, 1:
        try bench.capture()
        try bench.expectInStep("seed \(seed):\n\(history.joined(separator: ";\n"))")
      case 2:
        do { try bench.takeUpSchema(in: bench.database) } catch let error as SQLiteError where error.isBusy {}
      case 3: try bench.restart(in: bench.database)
      default: break
      }
    }
    try bench.capture()
    try bench.expectInStep("seed \(seed):\n\(history.joined(separator: ";\n"))")
  }

  private func statement(_ random: inout SeededRandom, _ database: borrowing Database) throws -> String {
    var tables: [String] = []
    try database.forEach(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_changeover%' ESCAPE '\\' ORDER BY name"
    ) { tables.append($0.string(0) ?? "") }
    guard !tables.isEmpty else { return "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)" }
    let table = random.pick(tables)
    var columns: [String] = []
    try database.forEach("SELECT name FROM pragma_table_info(?1)", [.text(table)]) {
      columns.append($0.string(0) ?? "")
    }
    let column = random.pick(columns)
    let name = random.pick(["c", "d", "e", "f"])
    let other = random.pick(["m", "n", "t", "k"])
    let value = random.pick(["1", "2", "3", "'a'", "'b'", "NULL", "x'00'", "0.5"])
    let values = columns.map { _ in random.pick(["1", "2", "3", "4", "'a'", "'b'", "NULL"]) }.joined(separator: ", ")
    switch random.below(24) {
    case 0, 1: return "ALTER TABLE \(table) ADD COLUMN \(name) \(random.pick(["", "TEXT", "INT"])) DEFAULT \(value)"
    case 2: return "ALTER TABLE \(table) DROP COLUMN \(column)"
    case 3:
      return "ALTER TABLE \(table) DROP COLUMN \(column); ALTER TABLE \(table) ADD COLUMN \(column) DEFAULT \(value)"
    case 4: return "ALTER TABLE \(table) RENAME COLUMN \(column) TO \(name)"
    case 5: return "ALTER TABLE \(table) RENAME TO \(other)"
    case 6: return "CREATE TABLE \(other) (id INTEGER PRIMARY KEY, a, b); INSERT INTO \(other) VALUES (1, 2, 3)"
    case 7: return "DROP TABLE \(table)"
    case 8: return "CREATE \(random.pick(["", "UNIQUE"])) INDEX i_\(name) ON \(table) (\(column))"
    case 9: return "DROP INDEX i_\(name)"
    case 10: return "VACUUM"
    case 11:
      return """
        BEGIN; CREATE TABLE built AS SELECT * FROM \(table); DROP TABLE \(table); ALTER TABLE built RENAME TO \(table); COMMIT
        """
    case 12: return "CREATE TABLE built AS SELECT * FROM \(table)"
    case 13: return "DROP TABLE \(table); ALTER TABLE built RENAME TO \(table)"
    case 14: return "DELETE FROM \(table) WHERE \(column) = \(value)"
    case 15, 16:
      return
        "UPDATE OR REPLACE \(table) SET \(column) = \(value) WHERE \(random.pick(columns)) = \(random.pick(["1", "2", "'a'"]))"
    default: return "INSERT OR REPLACE INTO \(table) VALUES (\(values))"
    }
  }
}
