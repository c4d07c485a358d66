import Journal
import Model
import SQLite
import Testing

@testable import Capture

/// What becomes of a table when the application changes its schema, seen in the journal. After each change rows are
/// written, and what the journal adds up to is what the source holds.
@Suite struct DriftTests {
  static let schema = [
    "CREATE TABLE p (id INTEGER PRIMARY KEY)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT, c REFERENCES p)",
    "CREATE TABLE k (k TEXT PRIMARY KEY, v) WITHOUT ROWID", "CREATE INDEX plain ON t (b)",
    "CREATE UNIQUE INDEX part ON k (v) WHERE v > 1",
    "CREATE TABLE out_of_it (a)", "INSERT INTO p VALUES (7)",
    "INSERT INTO t VALUES (1, 'a', 1, 1), (2, 'b', 2, 2), (3, 'c', NULL, x'00')",
    "INSERT INTO k VALUES ('x', 1), ('y', 2)",
  ]

  /// A rebuild as Django, Alembic and gorm do it.
  static let rebuild = """
    CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT NOT NULL DEFAULT 5, c);
    INSERT INTO new SELECT id, a, coalesce(b, 0) + 100, c FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;
    CREATE INDEX plain ON t (b)
    """

  private func make(_ more: String..., mode: String = "wal") throws -> Bench {
    try Bench(Self.schema + more, journalMode: mode, selection: TableSelection(exclude: ["out_of_it"]))
  }

  /// Case 11.
  @Test(arguments: [
    ("ALTER TABLE t ADD COLUMN d", "t", [TableChange.added(column: "d", value: .null)]),
    ("ALTER TABLE t ADD COLUMN d DEFAULT 7", "t", [.added(column: "d", value: .integer(7))]),
    ("ALTER TABLE t ADD COLUMN d TEXT DEFAULT 7", "t", [.added(column: "d", value: .text("7"))]),
    ("ALTER TABLE t ADD COLUMN d INT DEFAULT '7'", "t", [.added(column: "d", value: .integer(7))]),
    ("ALTER TABLE t ADD COLUMN d REAL NOT NULL DEFAULT 1", "t", [.added(column: "d", value: .real(1.0))]),
    ("ALTER TABLE t ADD COLUMN d DEFAULT x'00ff'", "t", [.added(column: "d", value: .blob([0, 255]))]),
    ("ALTER TABLE t ADD COLUMN d DEFAULT 'it''s'", "t", [.added(column: "d", value: .text("it's"))]),
    ("ALTER TABLE t ADD COLUMN d DEFAULT true", "t", [.added(column: "d", value: .integer(1))]),
    ("ALTER TABLE t ADD COLUMN d DEFAULT -9223372036854775808", "t", [.added(column: "d", value: .integer(.min))]),
    ("ALTER TABLE t DROP COLUMN c", "t", [.dropped(column: "c")]),
    ("ALTER TABLE t RENAME COLUMN b TO bb", "t", [.renamedColumn(from: "b", to: "bb"), .indexes]),
    ("ALTER TABLE t RENAME COLUMN id TO number", "t", [.renamedColumn(from: "id", to: "number")]),
    ("ALTER TABLE k RENAME COLUMN k TO kk", "k", [.renamedColumn(from: "k", to: "kk"), .indexes]),
    ("ALTER TABLE k RENAME TO kk", "kk", [.renamed, .indexes]),
    ("PRAGMA legacy_alter_table = ON; ALTER TABLE p RENAME TO pp", "pp", [.renamed]),
    ("CREATE INDEX i ON t (c, b)", "t", [.indexes]), ("DROP INDEX plain", "t", [.indexes]),
    ("DROP INDEX part", "k", [.indexes]),
  ]) func `a change that leaves the rows as they are is carried over`(
    sql: String, table: String, changes: [TableChange]
  ) throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    try bench.capture()
    try writer.execute("INSERT INTO t VALUES (10, 'before', 1, 1); \(sql)")
    try writer.execute("INSERT INTO p VALUES (70)", unlessRefused: "no such table")
    #expect(try bench.hasNews())
    try bench.capture()
    #expect(bench.steps.map(\.name) == [table])
    #expect(bench.lastStep(table) == .altered(changes))
    try bench.expectInStep()
    try bench.writeEverywhere(writer)
    try bench.capture()
    try bench.expectInStep()
    #expect(bench.steps.count == 1)
  }

  /// Cases 8, 10 and 11.
  @Test(arguments: [
    ("CREATE UNIQUE INDEX u ON t (b)", "t", "new UNIQUE index"),
    ("CREATE UNIQUE INDEX u ON t (lower(a)) WHERE b > 7", "t", "new UNIQUE index"),
    ("DROP TRIGGER _changeover_3_delete; DELETE FROM t WHERE id = 1", "t", "triggers were gone"),
    ("BEGIN; \(rebuild); COMMIT", "t", "built anew"), (rebuild, "t", "built anew"),
    ("CREATE TABLE fresh (a, b UNIQUE); INSERT INTO fresh VALUES (1, 2), (3, 4)", "fresh", "new"),
    ("CREATE TABLE fresh AS SELECT * FROM t", "fresh", "new"),
    ("ALTER TABLE t DROP COLUMN c; ALTER TABLE t ADD COLUMN c REFERENCES p", "t", "more statements"),
    (
      "CREATE UNIQUE INDEX u ON t (b); INSERT OR REPLACE INTO t VALUES (9, 'z', 1, 1); DROP INDEX u", "t",
      "more statements"
    ),
    ("ALTER TABLE t DROP COLUMN b", "t", "refused"),
    ("DROP INDEX plain; ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN d INT", "t", ""),
    ("ALTER TABLE t ADD COLUMN g AS (b + 1)", "t", "generated"),
  ]) func `a table whose rows may have changed unseen is copied again`(
    sql: String, table: String, reason: String
  ) throws {
    for mode in ["wal", "delete"] {
      let bench = try make(mode: mode)
      let writer = try Database(path: bench.path, access: .readWrite)
      try bench.capture()
      guard writer.carriesOut(sql) else {
        #expect(reason == "refused")
        continue
      }
      try bench.capture()
      try bench.expectInStep(mode)
      guard case .copied(let found)? = bench.lastStep(table) else {
        // Dropped and added in one place: carried over, for no value of the old column is in the new one.
        #expect(reason.isEmpty, "\(String(describing: bench.lastStep(table)))")
        continue
      }
      #expect(found.contains(reason), "\(found)")
      try bench.writeEverywhere(writer)
      try bench.capture()
      try bench.expectInStep(mode)
    }
  }

  /// Case 8.
  @Test(arguments: ["wal", "delete"])
  func `VACUUM copies tables again whose rows it renumbered, and no others`(mode: String) throws {
    let bench = try make("CREATE TABLE open (a)", "INSERT INTO open VALUES (1), (2), (3)", mode: mode)
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("DELETE FROM open WHERE a = 2")
    try bench.capture()
    for _ in 1...2 {
      try writer.execute("VACUUM; INSERT INTO open VALUES (4); DELETE FROM open WHERE a = 1")
      try bench.capture()
      try bench.expectInStep()
    }
    #expect(Set(bench.steps.map(\.name)) == ["open"])
    #expect(bench.lastStep("open") == .copied(reason: "VACUUM renumbered its rows"))
  }

  /// Case 10.
  @Test func `a rebuild that creates our triggers again and transforms rows on the way is noticed`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    let triggers = TriggerSet(for: try bench.table("t"), logsEarly: false).triggers.map(\.sql)
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
    try bench.capture()
    #expect(bench.lastStep("t") == .copied(reason: "it was built anew"))
    try bench.expectInStep()
  }

  /// Case 10.
  @Test func `a rebuild outside a transaction is followed through each of its states`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    let id = try bench.table("t").id
    for sql in [
      "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INT, d)", "INSERT INTO new SELECT id, a, b, 1 FROM t",
      "DROP TABLE t", "ALTER TABLE new RENAME TO t", "UPDATE t SET d = 5 WHERE id = 1",
    ] {
      try writer.execute(sql)
      try bench.capture()
      try bench.expectInStep(sql)
    }
    // It is the table that it was; the one that it was built as is gone.
    #expect(try bench.table("t").id == id)
    #expect(bench.steps.last { $0.name == "new" }?.action == .removed)
    #expect(bench.installation.installed.map(\.table.name).sorted() == ["k", "p", "t"])
  }

  /// Case 11.
  @Test func `a dropped table is held until somebody says so, and comes back with its name`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("DROP TABLE k")
    try bench.capture()
    #expect(bench.lastStep("k") == .held(TableHold(.dropped, "it is no longer in the source")))
    try bench.writeEverywhere(writer)
    try bench.capture()
    try bench.expectInStep()
    try writer.execute("CREATE TABLE k (k TEXT PRIMARY KEY, w); INSERT INTO k VALUES ('new', 1)")
    try bench.capture()
    #expect(bench.lastStep("k") == .copied(reason: "it was created again"))
    try bench.expectInStep()
    try writer.execute("DROP TABLE k")
    try bench.capture()
    try bench.ask(.resync, "k")
    try bench.capture()
    #expect(bench.lastStep("k") == .removed)
    #expect(bench.installation.installed.map(\.table.name).sorted() == ["p", "t"])
  }

  /// Case 6.
  @Test func `dropping a parent logs the children that its actions touched`() throws {
    let bench = try make("CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)")
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("INSERT INTO child VALUES (1, 7), (2, NULL)")
    try bench.capture()
    try writer.execute("PRAGMA foreign_keys = ON; UPDATE t SET c = NULL; DROP TABLE p")
    try bench.capture()
    try bench.expectInStep()
  }

  @Test func `two tables that swap their names are still those that they were`() throws {
    let bench = try make("CREATE TABLE q (id INTEGER PRIMARY KEY)", "INSERT INTO q VALUES (1), (2)")
    let writer = try Database(path: bench.path, access: .readWrite)
    let ids = (try bench.table("p").id, try bench.table("q").id)
    try writer.execute("ALTER TABLE p RENAME TO x; ALTER TABLE q RENAME TO p; ALTER TABLE x RENAME TO q")
    try bench.capture()
    #expect((try bench.table("q").id, try bench.table("p").id) == ids)
    try bench.expectInStep()
  }

  @Test func `under the policy to pause nothing of a changed table follows until it is asked for`() throws {
    let bench = try make()
    bench.policy = .pause
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("ALTER TABLE t ADD COLUMN d DEFAULT 1; CREATE TABLE fresh (a)")
    try bench.capture()
    #expect(bench.installation.held.map(\.table.name).sorted() == ["fresh", "t"])
    try bench.writeEverywhere(writer)
    try bench.capture()
    try bench.expectInStep()
    for table in ["t", "fresh"] { try bench.ask(.resync, table) }
    try bench.capture()
    #expect(bench.installation.held.isEmpty)
    try bench.expectInStep()
    // Indexes that displace nothing are no reason to stop.
    try writer.execute("CREATE INDEX i ON t (d)")
    try bench.capture()
    #expect(bench.lastStep("t") == .altered([.indexes]))
  }

  @Test func `a suspended table is free for any migration, and comes back as it is then`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    // A probe of ours names the column of a UNIQUE index, so that SQLite does not drop it.
    try writer.execute("CREATE UNIQUE INDEX u ON t (b)")
    try bench.capture()
    try writer.execute("DROP INDEX u; DROP INDEX plain")
    let isRefused = !writer.carriesOut("ALTER TABLE t DROP COLUMN b")
    #expect(isRefused)
    try bench.ask(.suspend, "t")
    try writer.execute("ALTER TABLE t DROP COLUMN b; UPDATE t SET a = a || '!'")
    try bench.capture()
    #expect(bench.lastStep("t") == .held(TableHold(.suspended, "suspended by hand")))
    try writer.execute("INSERT INTO p VALUES (71); INSERT INTO t (id, a) VALUES (30, 'unseen')")
    try bench.capture()
    try bench.expectInStep()
    try bench.ask(.resume, "t")
    try bench.capture()
    #expect(bench.installation.held.isEmpty)
    try bench.expectInStep()
    #expect(throws: Failure.self) { try bench.ask(.resume, "t") }
    #expect(throws: Failure.self) { try bench.ask(.resync, "nothing") }
  }

  @Test func `a change during the first copy has all rows of the table follow`() throws {
    let bench = try make()
    bench.isCopying = true
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("ALTER TABLE t ADD COLUMN d DEFAULT 1")
    try bench.capture()
    #expect(bench.lastStep("t") == .copied(reason: "it changed during the first copy"))
    try bench.expectInStep()
  }

  /// Died between the source's COMMIT and the journal's file.
  @Test(arguments: ["wal", "delete"])
  func `steps that no group carries yet are carried by whoever captures next`(mode: String) throws {
    let bench = try make(mode: mode)
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("INSERT INTO t VALUES (10, 'logged before', 1, 1); ALTER TABLE t ADD COLUMN d DEFAULT 1")
    try bench.takeUpSchema(in: bench.database)
    try writer.execute("INSERT INTO t VALUES (11, 'after', 1, 1, 2); ALTER TABLE t RENAME COLUMN d TO e; \(Self.dropK)")
    try bench.takeUpSchema(in: bench.database)
    try bench.restart(in: bench.database)
    try bench.capture()
    try bench.expectInStep()
    // Once, not again.
    try bench.restart(in: bench.database)
    #expect(try bench.capture() == nil)
  }

  private static let dropK = "DROP TABLE k"

  @Test(arguments: [
    "CREATE VIEW v AS SELECT * FROM t", "ANALYZE", "REINDEX", "VACUUM", "DROP TABLE out_of_it",
    "ALTER TABLE out_of_it ADD COLUMN b", "CREATE UNIQUE INDEX i ON out_of_it (a)", "CREATE TEMP TABLE t (a UNIQUE)",
    "PRAGMA user_version = 7", "ALTER TABLE out_of_it RENAME TO outside_of_it",
    "CREATE TRIGGER own BEFORE INSERT ON t BEGIN INSERT INTO p VALUES (NEW.id + 1000); END",
    "CREATE TRIGGER own AFTER INSERT ON t BEGIN SELECT abs(NEW.id); END",
    "PRAGMA auto_vacuum = INCREMENTAL; VACUUM", "PRAGMA page_size = 8192; VACUUM",
    "CREATE VIRTUAL TABLE f USING fts5(x)", "DROP VIEW IF EXISTS v",
  ]) func `what does not touch the captured tables passes`(sql: String) throws {
    let bench = try Bench(Self.schema, selection: TableSelection(exclude: ["out*"]))
    let writer = try Database(path: bench.path, access: .readWrite)
    try bench.capture()
    try writer.execute(sql)
    try writer.execute("INSERT INTO main.t VALUES (30, 'z', 3, 3); UPDATE main.t SET a = 'zz' WHERE id = 1")
    #expect(try bench.capture() != nil)
    try bench.expectInStep()
    #expect(bench.steps.isEmpty, "\(bench.steps)")
  }

  @Test func `a source without our own tables is refused`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    try writer.execute("DROP TABLE _changeover_meta")
    let failure = #expect(throws: Failure.self) { try bench.capture() }
    #expect(failure?.message.contains("own tables were removed") == true)
  }

  /// The decision of a switch reads no steps: the sync takes them up.
  @Test func `who may not carry steps along refuses to capture past them`() throws {
    let bench = try make()
    let writer = try Database(path: bench.path, access: .readWrite)
    var other = try bench.otherCapturer()
    try other.resume(applied: bench.position)
    try writer.execute("ALTER TABLE t ADD COLUMN d")
    for _ in 1...2 {
      let failure = #expect(throws: Failure.self) { _ = try other.capture(from: bench.database) }
      #expect(failure?.status == .tryAgain)
      try bench.takeUpSchema(in: bench.database)
    }
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

extension Bench {
  /// Touches every table that can be written.
  fileprivate func writeEverywhere(_ writer: borrowing Database) throws {
    for table in installation.tables {
      let name = SQLiteText.identifier(table.name)
      let columns = table.columns.filter { !$0.isGenerated }.map { SQLiteText.identifier($0.name) }
      let values = table.columns.filter { !$0.isGenerated }.map { $0.affinity == .text ? "'new'" : "4711" }
      try writer.execute(
        "INSERT OR REPLACE INTO \(name) (\(columns.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))"
      )
      try writer.execute("UPDATE \(name) SET \(columns[0]) = \(columns[0])")
    }
  }

  /// What `changeover resync`, `suspend` and `resume` do.
  fileprivate func ask(_ request: InstalledTable.Request, _ table: String) throws {
    let database = try Database(path: path, access: .readWrite)
    try database.transaction(.immediate) { database in
      let installation = try SourceInstallation.read(database)
      try #require(installation).ask(request, of: [table], in: database)
    }
  }
}

extension Database {
  /// Runs statements; false where SQLite refuses one of them.
  fileprivate borrowing func carriesOut(_ sql: String) -> Bool {
    do {
      try execute(sql)
      return true
    } catch {
      rollback()
      return false
    }
  }

  fileprivate borrowing func execute(_ sql: String, unlessRefused words: String) throws {
    do { try execute(sql) } catch  where error.message.contains(words) {}
  }
}
