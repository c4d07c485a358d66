import Model
import SQLite
import Testing

@testable import Capture

/// What the capture makes of a schema that changes under it.
@Suite struct DriftTests {
  private static let schema = [
    "CREATE TABLE p (id INTEGER PRIMARY KEY)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT, c REFERENCES p)",
    "CREATE TABLE k (k TEXT PRIMARY KEY, v) WITHOUT ROWID", "CREATE INDEX plain ON t (b)",
    "CREATE UNIQUE INDEX part ON k (v) WHERE v > 1",
    "CREATE TABLE out_of_it (a)", "INSERT INTO t VALUES (1, 'a', 1, 1), (2, 'b', 2, 2)",
    "INSERT INTO k VALUES ('x', 1)",
  ]

  private func make(_ more: String...) throws -> Bench {
    try Bench(Self.schema + more, selection: TableSelection(exclude: ["out_of_it"]))
  }

  /// Case 11.
  @Test(arguments: [
    ("ALTER TABLE t ADD COLUMN d DEFAULT 7", "the columns of table 't'"),
    ("ALTER TABLE t DROP COLUMN c", "the columns of table 't'"),
    ("ALTER TABLE t RENAME COLUMN b TO bb", "the columns of table 't'"),
    ("ALTER TABLE t RENAME COLUMN id TO number", "the columns of table 't'"),
    ("ALTER TABLE k RENAME TO kk", "table 'k' was dropped or renamed"),
    ("DROP TABLE k", "table 'k' was dropped or renamed"),
    ("DROP TRIGGER _changeover_1_delete", "a capture trigger of table 'k'"),
    (
      "DROP TRIGGER _changeover_1_delete; CREATE TRIGGER _changeover_1_delete AFTER DELETE ON k BEGIN SELECT 1; END",
      "a capture trigger of table 'k'"
    ), ("CREATE UNIQUE INDEX u ON t (b)", "the UNIQUE indexes of table 't'"),
    ("CREATE UNIQUE INDEX u ON t (lower(a)) WHERE b > 7", "the UNIQUE indexes of table 't'"),
    ("DROP INDEX part", "the UNIQUE indexes of table 'k'"),
    (
      "DROP INDEX part; CREATE UNIQUE INDEX part ON k (v) WHERE v > 2", "the UNIQUE indexes of table 'k'"
    ), ("DROP TABLE _changeover_meta", "changeover's own tables"),
    (
      "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT, c REFERENCES p); INSERT INTO new SELECT * FROM t; "
        + "DROP TABLE t; ALTER TABLE new RENAME TO t", "table 't' was built anew"
    ),
  ]) func `a change to what is captured stops the capture and writes nothing`(sql: String, message: String) throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    try bench.capture()
    let files = try bench.journal.files()
    try writer.execute("BEGIN; INSERT INTO p VALUES (1); \(sql); INSERT INTO p VALUES (2); COMMIT")
    #expect(try bench.hasNews())
    for _ in 1...2 {
      let failure = #expect(throws: Failure.self) { try bench.capture() }
      #expect(failure?.status == .badData)
      #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
    }
    #expect(try bench.journal.files() == files)
    // Whoever starts now is told the same.
    let installation = bench.installation
    #expect(throws: Failure.self) { _ = try DriftCheck(installation: installation, in: bench.database) }
  }

  /// Case 10.
  @Test func `a rebuild that creates our triggers again and transforms rows on the way is noticed`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    let triggers = TriggerSet(for: try bench.table("t")).triggers.map(\.sql)
    try writer.execute("BEGIN; CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT, c REFERENCES p)")
    try writer.execute("INSERT INTO new SELECT id, a, b + 1, c FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t")
    // As SQLite writes it after the rename.
    try writer.execute(
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'CREATE TABLE "t"', 'CREATE TABLE t') WHERE name = 't'
      """)
    try writer.execute("CREATE INDEX plain ON t (b)")
    for trigger in triggers { try writer.execute(trigger) }
    try writer.execute("COMMIT")
    let failure = #expect(throws: Failure.self) { try bench.capture() }
    #expect(failure?.message.contains("table 't' was built anew") == true)
  }

  @Test(arguments: [
    "CREATE INDEX i ON t (b)", "DROP INDEX plain", "CREATE VIEW v AS SELECT * FROM t", "ANALYZE", "REINDEX", "VACUUM",
    "CREATE TABLE another (a)", "DROP TABLE out_of_it", "ALTER TABLE out_of_it ADD COLUMN b",
    "CREATE UNIQUE INDEX i ON out_of_it (a)", "CREATE TEMP TABLE t (a UNIQUE)", "PRAGMA user_version = 7",
    "ALTER TABLE out_of_it RENAME TO outside",
    "CREATE TRIGGER own AFTER INSERT ON t BEGIN INSERT INTO k VALUES (NEW.id, NEW.id); END",
    "CREATE TABLE scratch (a); DROP TABLE scratch", "PRAGMA auto_vacuum = INCREMENTAL; VACUUM",
    "PRAGMA page_size = 8192; VACUUM",
  ]) func `what does not touch the captured tables passes`(sql: String) throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    try bench.capture()
    try writer.execute(sql)
    try writer.execute("INSERT INTO main.t VALUES (3, 'c', 3, 3); UPDATE main.t SET a = 'z' WHERE id = 1")
    #expect(try bench.capture() != nil)
    try bench.expectInStep()
    let installation = bench.installation
    _ = try DriftCheck(installation: installation, in: bench.database)
  }

  /// Case 8.
  @Test func `VACUUM is refused where it renumbers the rows of a table without a key`() throws {
    let bench = try make("CREATE TABLE open (a)", "INSERT INTO open VALUES (1), (2), (3)")
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("DELETE FROM open WHERE a = 2")
    try bench.capture()
    try writer.execute("VACUUM; INSERT INTO open VALUES (4)")
    let failure = #expect(throws: Failure.self) { try bench.capture() }
    #expect(failure?.message.contains("VACUUM renumbered") == true)
  }

  /// Case 11.
  @Test func `our triggers leave the application's ALTER TABLE possible`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    for sql in [
      "ALTER TABLE t DROP COLUMN c", "ALTER TABLE t RENAME COLUMN a TO aa", "ALTER TABLE k RENAME COLUMN k TO kk",
      "ALTER TABLE t RENAME TO tt", "ALTER TABLE tt ADD COLUMN e", "ALTER TABLE tt DROP COLUMN e", "DROP TABLE k",
      "DROP TABLE tt",
    ] {
      try writer.execute(sql)
    }
  }

  /// Case 11.
  @Test func `the fingerprint of the schema is the same from run to run`() throws {
    let first = try make()
    let second = try make("CREATE INDEX another ON t (c)")
    let fingerprints = try [first, second].map { bench in
      try Database(path: bench.path, access: .readWrite).execute("INSERT INTO p VALUES (1)")
      try bench.capture()
      return try bench.journal.files().map { try bench.journal.header(of: $0.name).schemaFingerprint }
    }
    #expect(fingerprints[0] == fingerprints[1])
    #expect(fingerprints[0].count == 1)
  }
}
